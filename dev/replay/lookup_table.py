"""Lookup tables as relations: CSV files read by DuckDB, in file order, every cell text, empty cells null.

Collections of the KV store are in ``collection_rows``. A session is one engine. It reads each file once, and what
``outputlookup`` writes stays in the session, or in its store (``kept_lookups``): the files of the loaded apps are never
changed, and later searches read what was written.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from weakref import WeakKeyDictionary

from replay.collection_rows import collection_rows, documents_dropped
from replay.context import Context
from replay.engine import Engine, EngineError
from replay.errors import KnowledgeError, Place
from replay.kept_lookups import keep, kept
from replay.knowledge import Lookup
from replay.relation import ORDER, Kind, Relation, assign_columns, fresh_name, quote
from replay.spl.scanner import Scanner
from replay.spl.search import parse_search
from replay.terms import compile_terms

_read: WeakKeyDictionary[Engine, dict[Path, Relation]] = WeakKeyDictionary()
_written: WeakKeyDictionary[Engine, dict[Path, Relation]] = WeakKeyDictionary()
writing = RLock()
"""Held while it is looked up what a search wrote into a file, and from where its rows are read to where others take
their place: two searches may append at once.
"""
_warned: WeakKeyDictionary[Engine, set[tuple[str, Place]]] = WeakKeyDictionary()


def lookup_rows(lookup: Lookup, ctx: Context, *, filtered: bool = True) -> Relation:
    """The rows of a lookup, in file order, as this session sees them.

    A KV store collection: see ``collection_rows``. That a table stands in for the real one is said once for each search
    (``stand_in_for``, README/transforms.conf.spec of the app).

    Args:
        lookup: the lookup.
        ctx: the search.
        filtered: apply the ``filter`` of the definition (transforms.conf.spec).

    Raises:
        KnowledgeError: the lookup has no rows to read (a script, geographic shapes), or its file is unreadable.
    """
    rel = collection_rows(lookup, ctx) if lookup.kind == "kvstore" else _file_rows(lookup, ctx)
    if filtered and lookup.filter is not None:
        expression = parse_search(Scanner(lookup.filter, place=lookup.place), _no_subsearch)
        rel = rel.filter(compile_terms(expression, rel.field, ctx))
    return rel


def _file_rows(lookup: Lookup, ctx: Context) -> Relation:
    path = _path(lookup)
    rel = _rewritten(path, ctx)
    if rel is None:
        session = _read.setdefault(ctx.engine.root, {})
        rel = session.get(path)
        if rel is None:
            rel = session[path] = read_table(path, ctx)
    _warn_of_stand_in(lookup, rel, ctx)
    return rel


def _rewritten(path: Path, ctx: Context) -> Relation | None:
    """What a search wrote into the file: in this session, or in one before it with the same store."""
    with writing:
        written = _written.get(ctx.engine.root, {}).get(path)
        if written is None and (written := kept(ctx.engine, _in_store(path))) is not None:
            _written.setdefault(ctx.engine.root, {})[path] = written
    return written


def _in_store(path: Path) -> str:
    return f"{path.parents[1].name}/{path.name}"


def find_lookup(name: str, ctx: Context) -> Lookup:
    """The lookup that a search means by this name; one that a search has written needs no file.

    Raises:
        KnowledgeError: there is none.
    """
    if ctx.engine.root in _written or ctx.engine.durable:
        lookup = ctx.knowledge.lookup(ctx.app, name, must_exist=False)
        if lookup.kind == "csv" and _rewritten(_path(lookup), ctx) is not None:
            return lookup
    return ctx.knowledge.lookup(ctx.app, name)


def exists(lookup: Lookup, ctx: Context) -> bool:
    """Whether the table is there: on disk, or written by a search. A collection always is."""
    if lookup.kind == "kvstore":
        return True
    path = _path(lookup)
    return path.is_file() or _rewritten(path, ctx) is not None


def write_rows(lookup: Lookup, rel: Relation, ctx: Context) -> None:
    """Make these the rows of a file for the rest of the session, and for later ones with the same store. ``rel`` must
    be materialized.
    """
    path = _path(lookup)
    with writing:
        keep(ctx.engine, _in_store(path), rel)
        ctx.engine.keep(rel)
        _written.setdefault(ctx.engine.root, {})[path] = rel


@contextmanager
def writes_dropped(engine: Engine) -> Iterator[None]:
    """What searches write within, be it a file, a trained model or a collection of the session, is gone afterwards."""
    before = dict(_written.get(engine.root, {}))
    try:
        with documents_dropped(engine):
            yield
    finally:
        after = _written.pop(engine.root, {})
        if before:
            _written[engine.root] = before
        kept = {rel.name for rel in before.values()}
        for rel in after.values():
            if rel.name not in kept:
                engine.execute(f"DROP TABLE IF EXISTS {rel.name}")


def _path(lookup: Lookup) -> Path:
    """What tells two tables apart: two definitions may name one file."""
    if lookup.kind != "csv" or lookup.path is None:
        what = "an external (scripted)" if lookup.kind == "external" else "a geographic"
        raise KnowledgeError(f"lookup `{lookup.name}` is {what} lookup: it has no table of rows to read", lookup.place)
    return lookup.path


def _warn_of_stand_in(lookup: Lookup, rel: Relation, ctx: Context) -> None:
    """Say that the rows are not those of the product, if the app that holds the file says so of the lookup."""
    says = ctx.knowledge.setting(ctx.app, "transforms", lookup.name.removesuffix(".csv"), "stand_in_for")
    said = _warned.setdefault(ctx.engine, set())
    if says is None or lookup.path is None or (lookup.name, ctx.place) in said:
        return
    folder = Path(says.file).resolve().parents[1]
    if lookup.path.resolve().parents[1] == folder:
        said.add((lookup.name, ctx.place))
        ctx.warn(
            f"lookup `{lookup.name}` is a stand-in of {ctx.engine.count(rel)} rows ({folder}): "
            f"load {says.value} with --app for the real table"
        )


def _no_subsearch(s: Scanner) -> object:
    raise s.error("the filter of a lookup holds a subsearch")


def read_table(path: Path, ctx: Context) -> Relation:
    """The CSV file (maybe gzipped) as a temporary table.

    Source: Search Reference, "inputlookup"; an empty cell is a missing field. Cells beyond the header are ignored.

    Raises:
        KnowledgeError: the file is missing, has no header, or is not UTF-8.
    """
    header = _header(path)
    columns = assign_columns({name: Kind.STR for name in header if name})
    types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header)))
    positions = {name: i for i, name in enumerate(header)}
    listed = ", ".join([*(f"c{positions[name]} AS {c.sql}" for name, c in columns.items()), ""])
    source = (
        f"read_csv({quote(str(path))}, columns={{{types}}}, auto_detect=false, header=true, delim=',', quote='\"', "
        "escape='\"', null_padding=true, strict_mode=false, parallel=false, max_line_size=16777216)"
    )
    table = fresh_name("lookup")
    try:
        ctx.engine.execute(f"CREATE TABLE {table} AS SELECT {listed}row_number() OVER () AS {ORDER} FROM {source}")
    except EngineError as e:
        reason = e.message.removeprefix("the database refused the query: ").splitlines()[0]
        raise KnowledgeError(f"the lookup file cannot be read as UTF-8 CSV: {reason}", Place(file=str(path))) from e
    return Relation(table, columns)


def _header(path: Path) -> list[str]:
    place = Place(file=str(path))
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as f:
            lines = (line.decode("utf-8-sig") for line in f)
            header = next(csv.reader(lines), [])
    except (OSError, EOFError) as e:
        raise KnowledgeError(f"the lookup file cannot be read: {getattr(e, 'strerror', None) or e}", place) from e
    except UnicodeDecodeError as e:
        raise KnowledgeError("the lookup file is not UTF-8", place) from e
    if not any(header):
        raise KnowledgeError("the lookup file is empty: it needs a header line", place)
    return header
