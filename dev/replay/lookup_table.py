"""Lookup tables as relations: CSV files read by DuckDB, in file order, every cell text, empty cells null."""

from __future__ import annotations

import csv
from pathlib import Path

from replay.context import Context
from replay.errors import KnowledgeError, Place
from replay.relation import ORDER, Kind, Relation, assign_columns, fresh_name, quote


def read_table(path: Path, ctx: Context) -> Relation:
    """The CSV file as a temporary table.

    Source: Search Reference, "inputlookup"; an empty cell is a missing field.

    Raises:
        KnowledgeError: the file is missing or has no header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as f:
            header = next(csv.reader(f), [])
    except OSError as e:
        raise KnowledgeError(f"the lookup file cannot be read: {e.strerror}", Place(file=str(path))) from e
    if not header:
        raise KnowledgeError("the lookup file is empty: it needs a header line", Place(file=str(path)))
    columns = assign_columns(dict.fromkeys(header, Kind.STR))
    types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))
    positions = {name: i for i, name in enumerate(header)}
    listed = ", ".join(f"c{positions[name]} AS {c.sql}" for name, c in columns.items())
    source = (
        f"read_csv({quote(str(path))}, columns={{{types}}}, auto_detect=false, header=true, delim=',', quote='\"', "
        "escape='\"', null_padding=true, parallel=false, max_line_size=16777216)"
    )
    table = fresh_name("lookup")
    ctx.engine.execute(f"CREATE TEMP TABLE {table} AS SELECT {listed}, row_number() OVER () AS {ORDER} FROM {source}")
    return Relation(table, columns)
