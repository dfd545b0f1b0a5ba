"""tar archives, read from front to back."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from typing import Any, cast

from replay.inputs.base import Container, Report
from replay.inputs.stream import Damaged, Stream


def members(stream: Stream, report: Report) -> Iterator[tuple[str | None, Callable[[int], bytes]]]:
    """The regular files of the archive; folders and links have no content of their own."""
    try:
        with tarfile.open(fileobj=cast(Any, stream), mode="r|") as archive:
            while (member := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # tarfile remembers every member otherwise
                content: Any = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield member.name, _reader(content.read1)
    except tarfile.TarError as error:
        report(f"the archive is cut off or damaged: {error}", stream.offset)


def _reader(read: Callable[[int], bytes]) -> Callable[[int], bytes]:
    def guarded(size: int) -> bytes:
        try:
            return read(size)
        except tarfile.TarError as error:
            raise Damaged(f"the archive is cut off or damaged: {error}") from error

    return guarded


CONTAINER = Container("tar", lambda head: head[257:262] == b"ustar", members)
