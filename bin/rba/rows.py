"""The CSV body of a chunk as rows, without losing a character that csv cannot read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

_LONE_RETURN = re.compile("\r(?!\n)")


def read_rows(body: str) -> Iterator[list[str]]:
    """The rows of a chunk's body, the header first; nothing for an empty body."""
    return _read_awkward(body) if is_awkward(body) else csv.reader(io.StringIO(body))


def is_awkward(body: str) -> bool:
    """Whether csv alone cannot read the body.

    It ends a row, or fails, at a carriage return outside quotes, and before Python 3.11 at a NUL.
    """
    return "\0" in body or _LONE_RETURN.search(body) is not None


def _read_awkward(body: str) -> Iterator[list[str]]:
    """As ``read_rows``, with NUL and lone carriage returns in disguise while csv has the text."""
    unused = (char for char in map(chr, range(0xE000, 0x110000)) if char not in body)
    nul, cr = next(unused), next(unused)
    disguised = _LONE_RETURN.sub(cr, body.replace("\0", nul))
    for row in csv.reader(io.StringIO(disguised)):
        yield [cell.replace(nul, "\0").replace(cr, "\r") for cell in row]
