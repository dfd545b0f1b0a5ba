"""Risk modifiers: what a site adds to the risk of some results, or takes from it, until a day that it names.

The search matches its results with the lookup ``rba_risk_modifiers`` (macro of that name), whose outputs are
``FIELDS``: one value for each row that matched. All rows that matched apply: what they add is summed and added
to the score, then the score is multiplied by the product of what they multiply with. It never falls below 0,
and has no upper bound, as in ES. A row that has expired does nothing.

A value for each row is what Splunk documents for several matches, not what becomes of an empty cell among
them. So rows count only where every column has as many values as there are rows, or none at all; else the
result keeps its score, and a warning names the rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from .columns import Cells, Columns
from .notes import BAD_MODIFIER, UNALIGNED, Notes
from .value import Value

KEY, ADD, MULTIPLY = "rba_modifier_key", "rba_modifier_add", "rba_modifier_multiply"
REASON, EXPIRES = "rba_modifier_reason", "rba_modifier_expires"
FIELDS = (KEY, ADD, MULTIPLY, REASON, EXPIRES)
_COLUMNS = {ADD: "risk_add", MULTIPLY: "risk_multiply", REASON: "reason", EXPIRES: "expires"}
_NEVER = ("", "never")
_MOST = 1e9  # scores beyond it are nobody's wish
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_EPOCH = re.compile(r"[0-9]{9,10}(?:\.[0-9]+)?")  # 1973 to 2286: neither milliseconds nor 20240501
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?"
    r"(?:Z|([-+])([0-9]{2}):?([0-9]{2}))?)?"
)


class Change(Value):
    """What the modifiers of a result make of its score."""

    def __init__(self, add: float = 0.0, multiply: float = 1.0, reasons: tuple[str, ...] = ()) -> None:
        self.add = add
        self.multiply = multiply
        self.reasons = reasons

    def score(self, score: float) -> float:
        """The score after it: added to, then multiplied, at least 0."""
        return max(0.0, score + self.add) * self.multiply


NONE = Change()


class Modifiers:
    """Reads the modifiers of results.

    Args:
        now: epoch seconds; what expires then or before has expired.
        notes: takes what is wrong with a row of the lookup.
    """

    def __init__(self, now: float, notes: Notes) -> None:
        self._now = now
        self._notes = notes

    def change(self, columns: Columns, cells: Cells) -> Change:
        """What becomes of the score of a result.

        Args:
            columns: of ``FIELDS``.
            cells: what they picked out of the result.
        """
        values = {field: columns.values(cells, field) for field in FIELDS}
        keys = values[KEY]
        texts = [_one_each(values[field], len(keys)) for field in _COLUMNS]
        if keys == [""] or any(column is None for column in texts):
            if any(cells):
                named = ", ".join(dict.fromkeys(keys)) if keys != [""] else f"no {KEY}"
                self._notes.add(UNALIGNED, named)
            return NONE
        rows: dict[str, dict[str, str]] = {}
        for key, *row in zip(keys, *(column or () for column in texts)):  # noqa: B905  # not in Python 3.9
            rows.setdefault(key, dict(zip(_COLUMNS, row)))  # noqa: B905  # a row that matched twice counts once
        return self._sum([(key, row) for key, row in rows.items() if self._counts(key, row)])

    def _counts(self, key: str, row: Mapping[str, str]) -> bool:
        """Whether a row says what it should, and has not expired."""
        expires = _time(row[EXPIRES])
        for field, value in ((EXPIRES, expires), (ADD, _number(row[ADD], 0.0)), (MULTIPLY, _factor(row))):
            if value is None:
                self._notes.add(BAD_MODIFIER, f"{key} ({_COLUMNS[field]} {row[field]!r})")
                return False
        return expires is not None and expires > self._now

    def _sum(self, rows: Sequence[tuple[str, Mapping[str, str]]]) -> Change:
        add, multiply = 0.0, 1.0
        for _, row in rows:
            add += _number(row[ADD], 0.0) or 0.0
            multiply *= _factor(row) or 0.0
        if not (abs(add) <= _MOST and multiply <= _MOST):
            self._notes.add(BAD_MODIFIER, f"{', '.join(key for key, _ in rows)} (together more than {_MOST:.0e})")
            return NONE
        return Change(add, multiply, tuple(row[REASON] or f"modifier {key}" for key, row in rows))


def _one_each(values: list[str], count: int) -> list[str] | None:
    """A value for each row, or None where that is not what there is."""
    if values == [""]:
        return [""] * count
    return values if len(values) == count else None


def _number(text: str, default: float) -> float | None:
    text = text.strip()
    if not text:
        return default
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) else None


def _factor(row: Mapping[str, str]) -> float | None:
    number = _number(row[MULTIPLY], 1.0)
    return number if number is not None and number >= 0 else None


def _time(text: str) -> float | None:
    """Epoch seconds of a cell of ``expires``; infinite for never, None for what is no time.

    Without an offset, a time is UTC; a day alone is its beginning.
    """
    text = text.strip()
    if text.lower() in _NEVER:
        return math.inf
    if _EPOCH.fullmatch(text):
        return float(text)
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    from datetime import datetime, timezone

    *parts, sign, hours, minutes = match.groups()
    try:
        moment = datetime(*[int(part or 0) for part in parts], tzinfo=timezone.utc)  # type: ignore[arg-type, misc]
    except ValueError:
        return None
    offset = int(hours or 0) * 3600 + int(minutes or 0) * 60
    return moment.timestamp() + (offset if sign == "-" else -offset)
