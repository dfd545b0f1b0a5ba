"""Enriches the body of a chunk as text: what came in goes out as it was written, behind it what is added.

A result is read by csv, but not written by it: its own text stands for it. That is exact, and half of the
work of reading and writing all its cells.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from .columns import Cells
from .enrich import Enricher
from .rows import is_awkward, read_rows

_LINES = re.compile("[^\n]*\n|[^\n]+")  # as readlines cuts them, in half the time;
_NO_ENDS = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"  # splitlines does in half of that, but cuts behind these
_REMEMBERED = 4096  # distinct results whose additions are kept,
_REMEMBERED_SIZE = 2048  # unless they are longer than so many characters


def enrich_body(enricher: Enricher, body: str) -> Iterator[str]:
    """The CSV text of a chunk, enriched, in pieces; its rows are those of ``Enricher.stream``."""
    if is_awkward(body) or body[:1] in ("\r", "\n"):  # without a column, there is no text to add to
        return map(_line, enricher.stream(read_rows(body)))
    lines = _LINES.findall(body) if any(end in body for end in _NO_ENDS) else body.splitlines(keepends=True)
    return _enrich_lines(enricher, lines)


def _enrich_lines(enricher: Enricher, lines: list[str]) -> Iterator[str]:
    rows = csv.reader(lines)
    header = next(rows, None)
    end, last = rows.line_num, len(lines)
    if header is None or end == last:
        return
    chunk = enricher.open(header)
    yield _line(chunk.header)
    width, pick, add = chunk.width, chunk.pick, chunk.added
    constant = "," + _line(enricher.constant)
    remembered: dict[Cells, list[str]] = {}
    for row in rows:
        start, end = end, rows.line_num
        if len(row) != width or end == last:  # the last row may lack its closing quote
            row = enricher.mended(row, width)
            text = _cells(row)
        else:
            text = (lines[start] if end == start + 1 else "".join(lines[start:end])).rstrip("\r\n")
        cells = pick(row)
        added = remembered.get(cells)
        if added is None:
            added = [f',"{_joined(more)}"{constant}' for more in add(cells)]
            if len(remembered) < _REMEMBERED and sum(map(len, cells)) < _REMEMBERED_SIZE:
                remembered[cells] = added
        for more in added:
            yield text + more


def _line(row: Sequence[str]) -> str:
    return _cells(row) + "\r\n"


def _cells(row: Sequence[str]) -> str:
    return f'"{_joined(row)}"'


def _joined(row: Sequence[str]) -> str:
    text = '","'.join(row)
    if text.count('"') > 2 * (len(row) - 1):
        text = '","'.join([cell.replace('"', '""') for cell in row])
    return text
