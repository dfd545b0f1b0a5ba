"""Lookup files that searches wrote into a store: whatever they are called and hold, they come back as they were."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay.context import Context
from replay.engine import Engine, Value
from replay.kept_lookups import keep, kept
from replay.knowledge import Knowledge
from replay.plan import plan_search
from replay.relation import Kind, assign_columns
from support import RowStore, write_app, write_lookup

FILES = ["app/a.csv", "app/A.csv", "other/a.csv", "app/a b.csv", "app/a'b\".csv", "app/\u212a.csv", "app/k.csv"]
FIELDS = [
    "a",
    "A",
    "",
    "a~2",
    "__n",
    "a b",
    "a'b",
    'a"b',
    "\u212a",
    "k",
    "K",
    "\u0130",
    "a.b{}",
    "select",
    "\U0001f600",
]
VALUES = st.one_of(st.none(), st.sampled_from(["", "x", "NULL", "a\nb", "'\";--"]), st.text(max_size=4))
Rows = list[dict[str, Value]]
TABLES = st.lists(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6), max_size=4)


def write(engine: Engine, file: str, rows: Sequence[Mapping[str, Value]]) -> None:
    fields = dict.fromkeys(name for row in rows for name in row)
    rel = engine.load_rows(rows, assign_columns(dict.fromkeys(fields, Kind.STR)))
    keep(engine, file, rel)


def read(engine: Engine, file: str) -> Rows | None:
    rel = kept(engine, file)
    return None if rel is None else list(engine.rows(rel))


@settings(max_examples=20, deadline=None)
@given(writes=st.lists(st.tuples(st.sampled_from(FILES), TABLES), max_size=6))
def test_what_was_written_last_is_there_in_the_next_process(writes: list[tuple[str, Rows]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder, "db"))
        for file, rows in writes:
            write(engine, file, rows)
        engine.close()
        again = Engine(Path(folder, "db"))
        last = dict(writes)
        for file in FILES:
            held = [{n: v for n, v in row.items() if v is not None} for row in last.get(file, [])]
            assert read(again, file) == (held if file in last else None)
        again.close()


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = write_app(tmp_path / "app", {})
    write_lookup(folder, "shared.csv", [{"n": "own"}])
    return folder


def search(engine: Engine, knowledge: Knowledge, spl: str, app: str = "app") -> Rows:
    branch = engine.branch()
    try:
        context = Context(branch, knowledge, RowStore(branch, []), app)
        return list(branch.rows(plan_search(spl, context)))
    finally:
        branch.close()


def test_searches_that_append_at_once_lose_no_row_of_each_other(tmp_path: Path, app: Path) -> None:
    engine, knowledge = Engine(tmp_path / "db"), Knowledge.load([app])

    def append(number: int) -> None:
        search(engine, knowledge, f'| makeresults | eval n="{number}" | table n | outputlookup append=t shared.csv')

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(40)))
    written = search(engine, knowledge, "| inputlookup shared.csv")
    assert sorted(str(row["n"]) for row in written) == sorted(["own", *map(str, range(40))])
    engine.close()
    assert search(Engine(tmp_path / "db"), knowledge, "| inputlookup shared.csv") == written


def test_a_file_of_the_same_name_in_another_app_is_another(tmp_path: Path, app: Path) -> None:
    other = write_app(tmp_path / "other", {})
    write_lookup(other, "shared.csv", [{"n": "other"}])
    engine, knowledge = Engine(tmp_path / "db"), Knowledge.load([app, other])
    for name in ("app", "other"):
        spl = f'| makeresults | eval n="written by {name}" | table n | outputlookup append=t shared.csv'
        search(engine, knowledge, spl, name)
    engine.close()
    again = Engine(tmp_path / "db")
    for name, own in (("app", "own"), ("other", "other")):
        found = search(again, Knowledge.load([app, other]), "| inputlookup shared.csv", name)
        assert found == [{"n": own}, {"n": f"written by {name}"}]
