"""tar archives, read from front to back ("pax Interchange Format" and "ustar Interchange Format",
POSIX.1-2017).

Python's ``tarfile`` decodes the headers, but does not walk through the archive: it takes a damaged header in
the middle for the end and says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from replay.inputs.base import Container, Report
from replay.inputs.stream import Stream, limited

_BLOCK = 512
_LONGEST_NAME = 1024 * 1024
_LONG_NAME, _SPARSE, _PAX = b"L", b"S", b"x"  # types of entries: two of GNU tar, one of pax
_NAMES = (_LONG_NAME, _PAX)
_PAX_PATH = re.compile(rb"\d+ path=([^\n]*)\n")
_PAX_SIZE = re.compile(rb"\d+ size=(\d+)\n")


def members(stream: Stream, report: Report) -> Iterator[tuple[str | None, Callable[[int], bytes]]]:
    """The regular files of the archive; folders and links have no content of their own."""
    import tarfile  # only once there is an archive: a search of a small log takes not much longer

    long_name, long_size = "", None
    while True:
        place = stream.offset
        block = stream.exactly(_BLOCK)
        if len(block) == _BLOCK and not block.strip(b"\0"):
            return
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "replace")
        except tarfile.TarError as error:
            report(f"the archive is cut off or damaged: {error}; what comes before is kept", place)
            return
        size = info.size if long_size is None else long_size
        end = stream.offset + size + -size % _BLOCK
        if info.type in _NAMES:
            note = stream.exactly(min(size, _LONGEST_NAME))
            long_name = _name(info.type, note) or long_name
            length = _PAX_SIZE.search(note) if info.type == _PAX else None
            long_size = int(length[1]) if length else None
        elif info.type == _SPARSE:
            report(f"{info.name} is a sparse file, left out", place)
        elif info.isreg():
            yield long_name or info.name, limited(stream, size)
        if info.type not in _NAMES:
            long_name, long_size = "", None
        while stream.offset < end and stream.read(end - stream.offset):
            pass


def _name(kind: bytes, note: bytes) -> str:
    if kind == _LONG_NAME:
        return note.rstrip(b"\0").decode(errors="replace")
    path = _PAX_PATH.search(note)
    return path[1].decode(errors="replace") if path else ""


CONTAINER = Container("tar", lambda head: head[257:262] == b"ustar", members)
