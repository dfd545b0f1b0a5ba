"""Values as people and programs read them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.engine import Value
from replay.report import REPORTS, text_of
from replay.report.table import HEADLINE, printable

TEXTS: list[tuple[Value, str]] = [
    (None, ""),
    ("x", "x"),
    (3.0, "3"),
    (2.5, "2.5"),
    (-0.5, "-0.5"),
    (1700000000.0, "1700000000"),
    (1700000000.123456, "1700000000.123456"),
    (["a", "b"], "a\nb"),
]


@pytest.mark.parametrize(("value", "text"), TEXTS)
def test_text_of(value: Value, text: str) -> None:
    assert text_of(value) == text


@given(st.text())
def test_no_text_steers_a_terminal(text: str) -> None:
    assert all(c.isprintable() or c == "\n" for c in printable(text))


ROWS: list[dict[str, Value]] = [{"a": "[red]x", "m": ["p", "q"], "same": ":bug:"}, {"a": "\x1b[31my", "same": "s"}]


def test_a_table_shows_markup_escapes_and_names_of_emoji_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    table = REPORTS.get("table")
    assert table is not None
    table(["a", "m", "same"], ROWS)
    out = capsys.readouterr().out
    assert "[red]x" in out and r"\x1b[31my" in out and ":bug:" in out and "\x1b" not in out


@pytest.mark.parametrize(("width", "as_blocks"), [(80, True), (200, False)])
def test_in_a_narrow_terminal_each_row_is_a_block(
    width: int, as_blocks: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("replay.report.table.PIPE_WIDTH", width)
    row: dict[str, Value] = {name: f"value of {name}" for name in [*HEADLINE[:8], "other"]}
    write = REPORTS.get("table")
    assert write is not None
    write(list(row), [row])
    out = capsys.readouterr().out
    assert ("value of user" in out) and ("dest  " in out)
    assert any(line.split() == ["1"] for line in out.splitlines()) == as_blocks


def test_json_has_a_list_only_for_several_values(capsys: pytest.CaptureFixture[str]) -> None:
    write = REPORTS.get("json")
    assert write is not None
    write(["a", "n"], [{"a": ["p", "q"], "n": 2.0}, {"a": ["p"]}])
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"a": ["p", "q"], "n": "2"},
        {"a": "p"},
    ]
