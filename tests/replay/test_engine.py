"""Rows that come from Python: any text that an event, a lookup or a command can hold, few or many."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay.engine import Engine

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
