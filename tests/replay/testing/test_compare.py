"""Rows that came against rows that are expected."""

from __future__ import annotations

from typing import Any

import pytest
from replay.errors import Place
from replay.testing.compare import SHOWN, came_row, differences
from replay.testing.spec import DetectionTest, Expected, Row

CMD = {"dest": "h1", "tool": "cmd.exe", "risk_score": "80"}
BASH = {"dest": "h1", "tool": "bash.exe", "risk_score": "80"}
OTHER = {"dest": "h2", "tool": "cmd.exe", "risk_score": "80"}


def expecting(count: int | None = None, *rows: dict[str, Any], every: Any = None, forbidden: Any = ()) -> DetectionTest:
    """A test of these expectations; each row stands in the line of its number."""
    at = [Row(row, Place("t.yml", number)) for number, row in enumerate(rows, 1)]
    expected = Expected(count, at, Row(every, Place()) if every else None)
    bad = [Row(row, Place("t.yml", 90)) for row in forbidden]
    return DetectionTest("one", "suite", "Tools", Place(), [], expected, Place(), forbidden=bad)


PASSING = [
    ("any row", expecting(), [CMD]),
    ("no row", expecting(0), []),
    ("as many", expecting(2), [CMD, BASH]),
    ("a part of its fields", expecting(None, {"dest": "h1"}), [CMD]),
    ("in any order", expecting(2, BASH, CMD), [CMD, BASH]),
    ("a field that is not there", expecting(1, {"dest": "h1", "user": None}), [CMD]),
    ("several values", expecting(1, {"tool": ("a", "b")}), [{"tool": ("a", "b")}]),
    ("the wider one first", expecting(2, {"dest": "h1"}, {"tool": "cmd.exe", "dest": "h1"}), [CMD, BASH]),
    ("of every row", expecting(2, every={"risk_score": "80"}), [CMD, BASH]),
    ("not what is forbidden", expecting(1, forbidden=[{"dest": "h1", "tool": "bash.exe"}]), [CMD]),
]


@pytest.mark.parametrize(("test", "rows"), [p[1:] for p in PASSING], ids=[p[0] for p in PASSING])
def test_passes(test: DetectionTest, rows: list[dict[str, Any]]) -> None:
    assert differences(test, rows, []) == []


FAILING: list[tuple[str, DetectionTest, list[dict[str, Any]], list[tuple[str, str]]]] = [
    ("no row", expecting(), [], [("count", "at least 1 row expected, no rows came")]),
    ("a row too much", expecting(0), [CMD], [("count", "no rows expected, 1 row came"), ("unexpected row", "came")]),
    ("too few", expecting(2), [CMD], [("count", "2 rows expected, 1 row came")]),
    ("one row for two", expecting(None, CMD, CMD), [CMD], [("count", "at least 2"), ("missing row", "in line 2")]),
    ("another value", expecting(1, BASH), [CMD], [("missing row", "line 1; the nearest that came")]),
    ("nothing near", expecting(1, BASH), [], [("count", "1 row expected"), ("missing row", "nothing came")]),
    ("case", expecting(1, {"tool": "CMD.EXE"}), [CMD], [("missing row", "the nearest")]),
    ("one of several values", expecting(1, {"t": "a"}), [{"t": ("a", "b")}], [("missing row", "the nearest")]),
    ("a field that should not be there", expecting(1, {"tool": None}), [CMD], [("missing row", "the nearest")]),
    ("forbidden", expecting(1, forbidden=[{"dest": "h1"}]), [CMD], [("forbidden row", "line 90")]),
    ("of every row", expecting(2, every={"risk_score": "80"}), [CMD, {"dest": "h"}], [("wrong risk", "every row")]),
]


@pytest.mark.parametrize(("test", "rows", "says"), [f[1:] for f in FAILING], ids=[f[0] for f in FAILING])
def test_fails_and_says_why(test: DetectionTest, rows: list[dict[str, Any]], says: list[tuple[str, str]]) -> None:
    found = [(finding.kind, finding.says) for finding in differences(test, rows, [])]
    assert [kind for kind, _ in found] == [kind for kind, _ in says]
    assert all(part in sentence for (_, sentence), (_, part) in zip(found, says, strict=True))


def test_a_missing_row_stands_beside_the_nearest_that_nobody_else_expects() -> None:
    wanted = {"dest": "h1", "tool": "sh.exe"}
    (missing,) = differences(expecting(3, CMD, OTHER, wanted), [CMD, OTHER, BASH], [])
    assert missing.details == [("dest", "h1", "h1"), ("tool", "sh.exe", "bash.exe")]


@pytest.mark.parametrize("value", [None, "", "null"])
def test_a_risk_object_without_value_fails(value: str | None) -> None:
    row = came_row({"dest": value, "tool": "cmd.exe"})
    (finding,) = differences(expecting(), [row], ["dest", "tool"])
    assert finding.kind == "no risk object"
    assert [name for name, expected, _ in finding.details if expected == "a value"] == ["dest"]


def test_many_rows_are_counted_not_all_shown() -> None:
    findings = differences(expecting(0), [CMD] * (SHOWN + 3), [])
    assert [f.kind for f in findings] == ["count"] + ["unexpected row"] * (SHOWN + 1)
    assert findings[-1].says == "… and 3 more of this kind"


def test_values_are_compared_as_splunk_prints_them() -> None:
    assert came_row({"n": 80.0, "f": 0.5, "one": ["a"], "two": ["a", "b"], "_time": 1.0, "gone": None}) == {
        "n": "80", "f": "0.5", "one": "a", "two": ("a", "b"),
    }  # fmt: skip
