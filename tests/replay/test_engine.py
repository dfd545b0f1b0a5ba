"""Rows that come from Python, whatever they hold, few or many; and the SQL macros, each known when it is called."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay.engine import Engine, EngineError, macros
from support import ROOT

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


def test_every_macro_of_the_prelude_is_there() -> None:
    text = (ROOT / "dev/replay/prelude.sql").read_text(encoding="utf-8")
    assert sorted(macros()) == sorted(re.findall(r"CREATE MACRO (\w+)", text))


def test_a_macro_is_known_when_it_is_first_called() -> None:
    """In a branch as in the trunk, and with the macros that it calls."""
    engine = Engine()
    branch = engine.branch()
    assert branch.scalar("SELECT spl_plus('1', '2')") == "3"
    assert engine.scalar("SELECT spl_plus('a', 'b')") == "ab"


def test_a_transaction_that_fails_leaves_the_macros() -> None:
    engine = Engine()
    branch = engine.branch()
    with pytest.raises(EngineError), branch.transaction():
        assert branch.scalar("SELECT spl_plus('1', '2')") == "3"
        branch.execute("SELECT nonsense")
    assert engine.scalar("SELECT spl_plus('1', '2')") == "3"
