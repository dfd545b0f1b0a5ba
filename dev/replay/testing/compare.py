"""Rows that came against rows that are expected: what is missing, what is too much, and in which fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from replay.engine import Value
from replay.report import text_of
from replay.testing.outcome import Finding
from replay.testing.spec import DetectionTest, Row

Came = Mapping[str, str | tuple[str, ...]]
"""A row that came: a field without value is not there; several values are a tuple."""
_NOTHING = ("", "null")
"""What contentctl takes for no value in a field that names a risk or threat object (``detection_test_result``)."""
SHOWN = 10
"""Rows that are shown of each kind; the others are counted."""


def came_row(row: Mapping[str, Value]) -> dict[str, str | tuple[str, ...]]:
    """A result row as it is compared: values as Splunk prints them."""
    return {
        name: tuple(value) if isinstance(value, list) and len(value) > 1 else text_of(value)
        for name, value in row.items()
        if not name.startswith("_") and value is not None and value != [] and value != ""
    }


def differences(test: DetectionTest, rows: Sequence[Came], objects: Sequence[str]) -> list[Finding]:
    """Why a test fails; nothing where it passes.

    Args:
        test: what is expected.
        rows: the rows that the search gave.
        objects: fields that name the detection's risk and threat objects.
    """
    expected = test.expected
    found = _assign(expected.rows, rows)
    left = [row for number, row in enumerate(rows) if number not in found.values()]
    findings = list(_counted(test, rows))
    missing = [row for number, row in enumerate(expected.rows) if number not in found]
    findings += _capped("missing row", [_missing(row, left or rows) for row in missing])
    if expected.count is not None and len(rows) > expected.count:
        known = {name for row in expected.rows for name in row.fields}
        findings += _capped("unexpected row", [_extra(row, known or set(objects)) for row in left])
    forbidden = [(row, bad) for row in rows for bad in test.forbidden if holds(row, bad)]
    findings += _capped("forbidden row", [_forbidden(row, bad) for row, bad in forbidden])
    every = expected.every
    if every is not None:
        findings += _capped("wrong risk", [_unlike(row, every) for row in rows if not holds(row, every)])
    findings += _capped("no risk object", [_anonymous(row, objects) for row in rows if _lacking(row, objects)])
    return findings


def holds(row: Came, wanted: Row) -> bool:
    """The row has all of these fields with just these values."""
    return all(row.get(name) == value for name, value in wanted.fields.items())


def _counted(test: DetectionTest, rows: Sequence[Came]) -> Iterator[Finding]:
    expected = test.expected
    least = max(1, len(expected.rows))
    if expected.count is not None and len(rows) != expected.count:
        yield Finding("count", f"{_rows(expected.count)} expected, {_rows(len(rows))} came")
    if expected.count is None and len(rows) < least:
        yield Finding("count", f"at least {_rows(least)} expected, {_rows(len(rows))} came")


def _rows(number: int) -> str:
    return f"{number or 'no'} row{'' if number == 1 else 's'}"


def _assign(wanted: Sequence[Row], rows: Sequence[Came]) -> dict[int, int]:
    """Expected row -> a row of its own that it is found in, for as many as possible (augmenting paths)."""
    owner: dict[int, int] = {}
    may = [[number for number, row in enumerate(rows) if holds(row, one)] for one in wanted]

    def take(expected: int, tried: set[int]) -> bool:
        for row in may[expected]:
            if row not in tried:
                tried.add(row)
                if row not in owner or take(owner[row], tried):
                    owner[row] = expected
                    return True
        return False

    for expected in range(len(wanted)):
        take(expected, set())
    return {expected: row for row, expected in owner.items()}


def _missing(wanted: Row, rows: Sequence[Came]) -> Finding:
    """An expected row that did not come, beside the row that is nearest to it."""
    nearest = max(rows, key=lambda row: sum(row.get(n) == v for n, v in wanted.fields.items()), default=None)
    says = f"expected in line {wanted.place.line}; " + ("the nearest that came:" if nearest else "nothing came")
    details = [(name, _shown(value), _shown((nearest or {}).get(name))) for name, value in wanted.fields.items()]
    return Finding("missing row", says, details)


def _extra(row: Came, known: set[str]) -> Finding:
    fields = [name for name in row if name in known] or list(row)
    return Finding("unexpected row", "came, and nothing expects it:", [(n, "...", _shown(row[n])) for n in fields])


def _forbidden(row: Came, bad: Row) -> Finding:
    says = f"came, and line {bad.place.line} says that it must not:"
    return Finding("forbidden row", says, [(name, "...", _shown(row.get(name))) for name in bad.fields])


def _unlike(row: Came, every: Row) -> Finding:
    details = [(n, _shown(v), _shown(row.get(n))) for n, v in every.fields.items() if row.get(n) != v]
    return Finding("wrong risk", "expected of every row:", details)


def _lacking(row: Came, objects: Sequence[str]) -> list[str]:
    return [name for name in objects if row.get(name, "") in _NOTHING]


def _anonymous(row: Came, objects: Sequence[str]) -> Finding:
    details = [(name, "a value", _shown(row.get(name))) for name in _lacking(row, objects)]
    details += [(name, "...", _shown(row[name])) for name in objects if name not in _lacking(row, objects)]
    return Finding("no risk object", "a risk or threat object is empty, so that its risk would be lost:", details)


def _capped(kind: str, findings: Sequence[Finding]) -> list[Finding]:
    more = len(findings) - SHOWN
    return [*findings[:SHOWN], *([Finding(kind, f"… and {more} more of this kind")] if more > 0 else [])]


def _shown(value: str | tuple[str, ...] | None) -> str | None:
    return " | ".join(value) if isinstance(value, tuple) else value
