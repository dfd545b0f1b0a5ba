"""Rows of a search in the formats of the REST API.

Source: REST API Reference Manual, "Search endpoint descriptions" (search/jobs/{search_id}/results, export),
``output_mode``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain

from msgspec import Struct

from replay.engine import Value
from replay.report import Row, text_of
from replay.serve.feeds import Message, attribute, text_xml
from replay.udf.times import formatted

_PIECE = 64 * 1024


class Rows(Struct, frozen=True):
    """A page of rows.

    Attributes:
        fields: in display order.
        rows: field -> value.
        offset: of the first row among all results.
        preview: the search is still running.
        messages: for the user.
        metadata: fields are objects (``show_metadata``), as pages of Splunk Web ask for.
        total: how many rows there are on all pages, after a search on the results.
        form: how ``_time`` is written, as of strftime; nothing is ISO 8601.
    """

    fields: Sequence[str]
    rows: Iterable[Row]
    offset: int = 0
    preview: bool = False
    messages: Sequence[Message] = ()
    metadata: bool = False
    total: int | None = None
    form: str = ""


def shown(value: Value, name: str, form: str = "") -> str | list[str]:
    """A value as Splunk gives it: text, or a list of texts; ``_time`` in UTC, in that form or as ISO 8601."""
    if isinstance(value, list):
        return value if len(value) != 1 else value[0]
    if name == "_time" and isinstance(value, float):
        if form:
            return formatted(value, form) or text_of(value)
        try:
            return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds")
        except (ValueError, OverflowError):
            return text_of(value)
    return text_of(value)


def _head(page: Rows) -> dict[str, object]:
    messages = [{"type": kind, "text": text} for kind, text in page.messages]
    return {"preview": page.preview, "init_offset": page.offset, "messages": messages}


def _json(page: Rows) -> Iterator[str]:
    head = json.dumps(_head(page))[:-1]
    fields = json.dumps([{"name": name} for name in page.fields])
    yield f'{head}, "fields": {fields}, "results": ['
    for position, row in enumerate(page.rows):
        found = {n: shown(row[n], n, page.form) for n in page.fields if n in row}
        yield ("," if position else "") + json.dumps(found)
    yield '], "highlighted": {}}'


def _cells(page: Rows, row: Row) -> list[str | list[str] | None]:
    return [shown(row[n], n, page.form) if n in row else None for n in page.fields]


def _json_rows(page: Rows) -> Iterator[str]:
    yield f'{json.dumps(_head(page))[:-1]}, "fields": {json.dumps(list(page.fields))}, "rows": ['
    for position, row in enumerate(page.rows):
        yield ("," if position else "") + json.dumps(_cells(page, row))
    yield "]}"


def _json_cols(page: Rows) -> Iterator[str]:
    rows = [_cells(page, row) for row in page.rows]
    columns = [[row[i] for row in rows] for i in range(len(page.fields))]
    fields = [{"name": name} for name in page.fields] if page.metadata else list(page.fields)
    total = {} if page.total is None else {"post_process_count": page.total}
    yield json.dumps({**_head(page), **total, "fields": fields, "columns": columns})


def _csv(page: Rows) -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # so that values with \r or \n are quoted
    if page.fields:
        writer.writerow(page.fields)
    for row in page.rows:
        cells = (shown(row.get(n), n, page.form) for n in page.fields)
        writer.writerow(["\n".join(c) if isinstance(c, list) else c for c in cells])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()


def _xml(page: Rows) -> Iterator[str]:
    yield f"<?xml version='1.0' encoding='UTF-8'?>\n<results preview='{int(page.preview)}'>\n<meta>\n<fieldOrder>\n"
    yield "".join(f"<field>{text_xml(name)}</field>\n" for name in page.fields)
    yield "</fieldOrder>\n</meta>\n"
    if page.messages:
        listed = "".join(f"<msg type={attribute(kind)}>{text_xml(text)}</msg>\n" for kind, text in page.messages)
        yield f"<messages>\n{listed}</messages>\n"
    for offset, row in enumerate(page.rows, page.offset):
        yield f"<result offset='{offset}'>\n"
        yield "".join(_xml_field(n, shown(row[n], n, page.form)) for n in page.fields if n in row)
        yield "</result>\n"
    yield "</results>\n"


def _xml_field(name: str, value: str | list[str]) -> str:
    if name == "_raw":
        raw = "\n".join(value) if isinstance(value, list) else value
        return f"<field k='_raw'><v xml:space='preserve' trunc='0'>{text_xml(raw)}</v></field>\n"
    values = value if isinstance(value, list) else [value]
    listed = "".join(f"<value><text>{text_xml(one)}</text></value>" for one in values)
    return f"<field k={attribute(name)}>{listed}</field>\n"


def _raw(page: Rows) -> Iterator[str]:
    for row in page.rows:
        yield text_of(row.get("_raw")) + "\n"


FORMATS: dict[str, tuple[str, Callable[[Rows], Iterator[str]]]] = {
    "json": ("application/json; charset=UTF-8", _json),
    "json_rows": ("application/json; charset=UTF-8", _json_rows),
    "json_cols": ("application/json; charset=UTF-8", _json_cols),
    "csv": ("text/csv; charset=UTF-8", _csv),
    "xml": ("text/xml; charset=UTF-8", _xml),
    "raw": ("text/plain; charset=UTF-8", _raw),
}
"""output_mode -> media type, and the writer."""


def export_json(page: Rows) -> Iterator[str]:
    """One JSON object a line, as ``search/jobs/export`` streams them; the last row says so."""
    if page.messages:
        listed = [{"type": kind, "text": text} for kind, text in page.messages]
        yield json.dumps({"preview": False, "messages": listed}) + "\n"
    rows = iter(page.rows)
    row = next(rows, None)
    if row is None:
        yield json.dumps({"preview": False, "lastrow": True}) + "\n"
    for offset, following in enumerate(chain(rows, [None]) if row is not None else (), page.offset):
        assert row is not None
        found = {n: shown(row[n], n, page.form) for n in page.fields if n in row}
        last = {"lastrow": True} if following is None else {}
        yield json.dumps({"preview": False, "offset": offset, **last, "result": found}) + "\n"
        row = following


def pieces(lines: Iterable[str]) -> Generator[bytes]:
    """Text in pieces that are worth sending."""
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= _PIECE:
            yield "".join(held).encode("utf-8", "replace")
            held, size = [], 0
    yield "".join(held).encode("utf-8", "replace")
