"""Rows that come from Python, whatever they hold, few or many; and a search that is stopped, whatever it does."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay.engine import Cancelled, Engine
from replay.relation import ORDER, Column, Kind, Relation
from replay.sql_functions import USER_FUNCTIONS, UserFunction

FEW, MANY = 1, 3000
TEXTS = [
    ("plain", "plain"),
    ("", ""),
    (None, None),
    ("a\0b", "a\0b"),
    ("half \ud800 a pair", "half \ufffd a pair"),
    ("\udc00", "\ufffd"),
    ("\ud83d\ude00", "\U0001f600"),
    ("a\r\n\u2028b", "a\r\n\u2028b"),
]


def through(value: object, kind: str, rows: int) -> object:
    engine = Engine()
    with engine.incoming({"c": (kind, [value] * rows), "n": ("BIGINT", range(rows))}) as name:
        found = engine.execute(f"SELECT c, n FROM {name} ORDER BY n")
    assert [n for _, n in found] == list(range(rows))
    (only,) = {repr(c): c for c, _ in found}.values()
    return only


@pytest.mark.parametrize("rows", [FEW, MANY])
@pytest.mark.parametrize(("given", "expected"), TEXTS)
def test_text(given: str | None, expected: str | None, rows: int) -> None:
    assert through(given, "VARCHAR", rows) == expected
    assert through([given, "x"], "VARCHAR[]", rows) == [expected, "x"]


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=20))
def test_few_and_many_are_read_alike(text: str) -> None:
    assert through(text, "VARCHAR", FEW) == through(text, "VARCHAR", MANY)


def test_where_the_database_is_not_a_module_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_duckdb", None)  # so that it cannot be imported
    assert Engine().execute("SELECT 1") == [(1,)]


RANGE = Relation(f"(SELECT range AS {ORDER}, range::VARCHAR AS n FROM range(200000))", {"n": Column("n", Kind.STR)})


def cancel_between(engine: Engine) -> None:
    for _ in engine.rows(RANGE):
        engine.cancel()


def cancel_before(engine: Engine) -> None:
    engine.cancel()
    engine.execute("SELECT 1")


STOPPED: dict[str, Callable[[Engine], object]] = {
    "while it computes": lambda engine: engine.execute("CREATE TABLE t AS SELECT py_stop(range) FROM range(200000)"),
    "while its rows are fetched": lambda engine: engine.execute("SELECT py_stop(range) FROM range(200000)"),
    "between one row and the next": cancel_between,
    "before": cancel_before,
}


@pytest.mark.parametrize("when", STOPPED)
def test_stopped(when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()

    def stop(number: int) -> int:
        if number == 150_000:  # not among the rows that are there when the query has begun
            engine.cancel()
        return number

    monkeypatch.setitem(USER_FUNCTIONS, "py_stop", UserFunction(stop, ["BIGINT"], "BIGINT", vectorised=False))
    with pytest.raises(Cancelled):
        STOPPED[when](engine)
