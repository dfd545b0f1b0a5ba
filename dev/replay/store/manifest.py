"""What a store holds, as its file ``store.json`` says it: buckets of events, where they come from, and summaries."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from replay.errors import InputError, Place
from replay.relation import Column, columns_as_json, columns_of_json

FORMAT = 3
"""Of the store; another number is refused."""


ORIGIN = ("sourcetype", "source", "index")
"""What is kept of the events of a bucket, so that a search need not look into their files for it."""


class Source(Struct, frozen=True):
    """A file that was indexed.

    Attributes:
        name: as the user named it.
        size: in bytes.
        digest: BLAKE3 of its content; the same content is not indexed twice.
        events: found in it.
    """

    name: str
    size: int
    digest: str
    events: int


class Summary(Struct, frozen=True):
    """The fields of a dataset's events in one bucket: the local form of data-model acceleration.

    Attributes:
        dataset: ``Model.Dataset``.
        app: id of the app in whose context it was made.
        fingerprint: of the knowledge that it was made with.
        file: relative to the store.
        columns: field -> its column and kind, as the Parquet file has them.
    """

    dataset: str
    app: str
    fingerprint: str
    file: str
    columns: dict[str, Column]


class Bucket(Struct, frozen=True):
    """What one run of ``replay index`` added.

    Attributes:
        name: of its folder.
        files: Parquet files of events, relative to the store.
        last: the greatest number (``__n``) of an event in it.
        origins: what its events have of ``ORIGIN``, each combination once.
    """

    name: str
    files: tuple[str, ...]
    last: int
    origins: tuple[tuple[str, ...], ...]
    sources: tuple[Source, ...]
    summaries: tuple[Summary, ...] = ()


class Manifest(Struct, frozen=True):
    """All buckets, in the order in which they were added."""

    buckets: tuple[Bucket, ...] = ()

    @property
    def files(self) -> list[str]:
        """The files of events."""
        return [file for bucket in self.buckets for file in bucket.files]

    @property
    def last(self) -> int:
        """The greatest number of an event."""
        return max((bucket.last for bucket in self.buckets), default=0)

    @property
    def origins(self) -> set[tuple[str, ...]]:
        """What events have of ``ORIGIN``."""
        return {origin for bucket in self.buckets for origin in bucket.origins}

    def with_bucket(self, bucket: Bucket) -> Manifest:
        """One more bucket, or another state of one."""
        others = [b for b in self.buckets if b.name != bucket.name]
        return Manifest(tuple(sorted([*others, bucket], key=lambda b: b.name)))

    def bucket(self, name: str) -> Bucket | None:
        """The bucket of that name."""
        return next((b for b in self.buckets if b.name == name), None)

    def as_json(self) -> str:
        """The text of ``store.json``."""
        return json.dumps(
            {"format": FORMAT, "buckets": list(map(_bucket_json, self.buckets))}, ensure_ascii=False, indent=1
        )


def with_summary(bucket: Bucket, summary: Summary) -> Bucket:
    """The bucket with one more summary; it takes the place of what the same app had for that dataset."""
    others = [s for s in bucket.summaries if (s.dataset, s.app) != (summary.dataset, summary.app)]
    return replace(bucket, summaries=(*others, summary))


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file.

    Raises:
        InputError: it is none, or one of another format.
        FileNotFoundError: there is no such file.
    """
    text = path.read_bytes()
    try:
        read = json.loads(text)
        if read["format"] != FORMAT:
            raise InputError(f"a store of format {read['format']}, not {FORMAT}: index again", Place(str(path)))
        return Manifest(tuple(_bucket(b) for b in read["buckets"]))
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise InputError(f"not the manifest of a store ({type(e).__name__}: {e}); index again", Place(str(path))) from e


def _bucket(read: dict[str, Any]) -> Bucket:
    return Bucket(
        _inside(read["name"]),
        tuple(_inside(file) for file in read["files"]),
        int(read["last"]),
        tuple(_origin(*origin) for origin in read["origins"]),
        tuple(Source(str(s["name"]), int(s["size"]), str(s["digest"]), int(s["events"])) for s in read["sources"]),
        tuple(_summary(s) for s in read["summaries"]),
    )


def _origin(sourcetype: str, source: str, index: str) -> tuple[str, ...]:
    return str(sourcetype), str(source), str(index)


def _summary(read: dict[str, Any]) -> Summary:
    return Summary(
        str(read["dataset"]), str(read["app"]), str(read["fingerprint"]), _inside(read["file"]),
        columns_of_json(read["columns"]),
    )  # fmt: skip


def _bucket_json(bucket: Bucket) -> dict[str, Any]:
    summaries = [_summary_json(summary) for summary in bucket.summaries]
    return {**asdict(bucket), "sources": list(map(asdict, bucket.sources)), "summaries": summaries}


def _summary_json(summary: Summary) -> dict[str, Any]:
    return {**asdict(summary), "columns": columns_as_json(summary.columns)}


def _inside(name: str) -> str:
    """A path that stays within the store."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"the path {name!r} leaves the store")
    return name
