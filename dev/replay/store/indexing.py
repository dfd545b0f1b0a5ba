"""``replay index``: logs become a bucket of a store. One thread reads, others write."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from blake3 import blake3
from msgspec import Struct

from replay.arrivals import Batch, batches, one_by_one, parts, selected, size
from replay.engine import Engine
from replay.errors import InputError, Place
from replay.inputs import Options, files_of, read_blocks
from replay.relation import identifier, quote
from replay.store.folder import StoreFolder
from replay.store.manifest import ORIGIN, Bucket, Manifest, Source
from replay.store.parquet import rows_of, write

_ROW_GROUP = 4096
_PIECE = 1024 * 1024
_WRITERS = 3


class Indexed(Struct, frozen=True):
    """What one run added.

    Attributes:
        sources: files that were indexed.
        known: files whose content was in the store already.
        events: that were added.
    """

    sources: tuple[Source, ...]
    known: tuple[str, ...]
    events: int


def new_sources(paths: Sequence[Path | str], manifest: Manifest, options: Options) -> tuple[list[str], list[str]]:
    """Which files are to be indexed.

    Args:
        paths: files and folders.
        manifest: of the store.
        options: how they are read.

    Returns:
        The files that are new, and those whose content is there already. Only files of the same size are compared, so
        that most need not be read twice.

    Raises:
        InputError: a path does not exist, is standard input, or is a file that was indexed with another content:
            what it held then would be there twice.
    """
    if "-" in map(str, paths):
        raise InputError("a store takes files, not standard input: save it to a file first")
    sources = [source for bucket in manifest.buckets for source in bucket.sources]
    names, sizes = {source.name for source in sources}, {source.size for source in sources}
    have = {source.digest for source in sources}
    new: dict[str, str] = {}
    alike: dict[int, list[str]] = {}
    known: list[str] = []
    for file in files_of(paths, options["on_problem"]):
        size = _size(file)
        others = alike.setdefault(size, [])
        for other in others:
            new[other] = new[other] or _content(other).digest
        digest = _content(file).digest if others or size in sizes else ""
        if digest and (digest in have or digest in new.values()):
            known.append(file)
        elif os.path.abspath(file) in names:
            raise InputError(
                "changed since it was indexed, and the events it had would be there twice: "
                "index what is new as another file, or all logs into a new store",
                Place(file),
            )
        else:
            new[file] = digest
            others.append(file)
    return list(new), known


def _size(file: str) -> int:
    try:
        return os.path.getsize(file)
    except OSError:
        return -1  # the reader reports it


def _content(file: str) -> _Content:
    """All of a file; not ended if it cannot be read, which the reader reports."""
    content = _Content()
    try:
        with open(file, "rb", buffering=0) as opened:
            while not content.ended:
                content.take(opened.read(_PIECE))
    except OSError:
        pass
    return content


class _Content:
    """What was read of a file: BLAKE3, which takes a third of the time of SHA-256.

    Attributes:
        size: in bytes.
        ended: it was read to its end.
    """

    def __init__(self) -> None:
        self.size = 0
        self.ended = False
        self._digest = blake3()

    def take(self, piece: bytes) -> None:
        """The next piece; none at the end."""
        self.size += len(piece)
        self.ended = not piece
        self._digest.update(piece)

    @property
    def digest(self) -> str:
        """In hexadecimal digits; nothing before the end."""
        return str(self._digest.hexdigest()) if self.ended else ""


def index_logs(
    engine: Engine, folder: StoreFolder, paths: Sequence[Path | str], index: str, options: Options
) -> Indexed:
    """Add the events of logs to a store: all that can be read, or, if it is interrupted, nothing.

    Args:
        engine: a database to work with.
        folder: the store.
        paths: files and folders; those whose content is there already are left out.
        index: that the events belong to.
        options: how the logs are read.

    Raises:
        InputError: as ``new_sources``; or another run is changing the store.
    """
    with folder.changing() as manifest:
        folder.tidy(manifest)
        new, known = new_sources(paths, manifest, options)
        if not new:
            folder.commit(manifest, ())
            return Indexed((), tuple(known), 0)
        name = f"bucket-{1 + max((int(b.name.rpartition('-')[2]) for b in manifest.buckets), default=0):06}"
        writing = _Writing(engine, folder.file(name), index, manifest.last)
        try:
            bucket = _filled(name, writing, new, options)
        except BaseException:
            writing.stop()
            with suppress(OSError):
                folder.tidy(manifest)  # now, lest what is of no account fills the disk
            raise
        folder.commit(manifest.with_bucket(bucket), writing.files)
    return Indexed(bucket.sources, tuple(known), sum(source.events for source in bucket.sources))


def _filled(name: str, writing: _Writing, new: Sequence[str], options: Options) -> Bucket:
    read = [writing.add(file, options) for file in new]
    writing.finish()
    files = tuple(f"{name}/{file.name}" for file in writing.files)
    sources = tuple(source for source in read if source.digest)  # without one, it could not be read
    return Bucket(name, files, writing.last, _origins(writing.engine, writing.files), sources)


def _origins(engine: Engine, files: Sequence[Path]) -> tuple[tuple[str, ...], ...]:
    if not files:
        return ()
    columns = ", ".join(map(identifier, ORIGIN))
    return tuple(engine.execute(f"SELECT DISTINCT {columns} FROM {rows_of(files)} ORDER BY ALL"))


class _Writing:
    """A bucket under way.

    Args:
        engine: the database; each writer has a branch of it.
        folder: of the bucket.
        index: that the events belong to.
        last: the greatest number of an event before.

    Attributes:
        engine, last: as given, and what it is by now.
        files: that were begun.
    """

    def __init__(self, engine: Engine, folder: Path, index: str, last: int) -> None:
        self.engine, self.last = engine, last
        self._folder, self._index = folder, index
        folder.mkdir()
        self._pool = ThreadPoolExecutor(_WRITERS)
        self.files: list[Path] = []
        self._under_way: deque[Future[None]] = deque()

    def add(self, file: str, options: Options) -> Source:
        """Read a file; what is read is written meanwhile."""
        events, content = 0, _Content()
        watched, on_piece = options.copy(), options.get("on_piece")

        def take(piece: bytes) -> None:
            content.take(piece)
            if on_piece is not None:
                on_piece(piece)

        watched["on_piece"] = take
        for part in parts(batches(read_blocks([file], **watched))):
            count = sum(map(size, part))
            events += count
            if len(self._under_way) == _WRITERS:
                self._under_way.popleft().result()
            self.files.append(self._folder / f"events-{len(self.files) + 1:06}.parquet")
            self._under_way.append(self._pool.submit(self._write, part, self.files[-1], self.last))
            self.last += count
        if not content.ended:  # else it is what was read, even if the file has grown meanwhile
            content = _content(file)
        return Source(os.path.abspath(file), content.size, content.digest, events)

    def finish(self) -> None:
        """Wait for the writers."""
        for future in self._under_way:
            future.result()
        self.stop()

    def stop(self) -> None:
        """Write no more; what is being written ends first."""
        self._pool.shutdown(cancel_futures=True)

    def _write(self, part: list[Batch], file: Path, last: int) -> None:
        engine = self.engine.branch()
        try:
            if self._copy(engine, part, file, last):
                self._copy(engine, list(one_by_one(part)), file, last)
        finally:
            engine.close()

    def _copy(self, engine: Engine, part: Iterable[Batch], file: Path, last: int) -> int:
        """Returns how many events have no time yet: of lines that are not simple."""
        with selected(engine, part) as events:
            sql = (
                f'SELECT raw AS _raw, time AS _time, host, source, sourcetype, {quote(self._index)} AS "index", '
                f"{last} + row_number() OVER () AS __n FROM ({events})"
            )
            written = write(engine, sql, file, row_group=_ROW_GROUP, compression="zstd")
            return written[identifier("_time")]
