"""Time modifiers (``-70m@m``, ``@d``, ``now``, ``1700000000``, ``11/05/2016:20:00:00``) and spans (``1h``, ``5m``).

Source: Search Manual, "Specify time modifiers in your search": offset first, then snap, snapping rounds down; then a
further offset may follow. The zone is UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from msgspec import Struct

_UNITS = {
    "us": "us", "ms": "ms", "cs": "cs", "ds": "ds",
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "week", "weeks"), "w"),
    **dict.fromkeys(("mon", "month", "months"), "mon"),
    **dict.fromkeys(("q", "qtr", "qtrs", "quarter", "quarters"), "q"),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), "y"),
}  # fmt: skip
SECONDS = {
    "us": 1e-6,
    "ms": 1e-3,
    "cs": 1e-2,
    "ds": 1e-1,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
}
_MONTHS = {"mon": 1, "q": 3, "y": 12}
_OFFSET = re.compile(r"([+-])(\d*)([a-z]+)")
_SNAP = re.compile(r"@(w[0-7]|[a-z]+)")
_SPAN = re.compile(r"(\d*)([a-z]*)", re.IGNORECASE)
_ABSOLUTE = ("%m/%d/%Y:%H:%M:%S", "%m/%d/%Y:%H:%M", "%m/%d/%Y")


class Span(Struct, frozen=True):
    """A length of time: ``months`` for calendar units, ``seconds`` for all others."""

    seconds: float = 0.0
    months: int = 0


def parse_span(text: str) -> Span | None:
    """``5m``, ``1h``, ``1mon``, ``30`` (seconds); None if it is none."""
    match = _SPAN.fullmatch(text.strip())
    if not match or not text.strip():
        return None
    amount = int(match[1] or 1)
    # Splunk's units are lower case, yet M alone is a usual slip for months; only known units pass.
    unit = _UNITS.get(match[2].lower() or "s")
    if unit is None or amount == 0:
        return None
    return Span(months=amount * _MONTHS[unit]) if unit in _MONTHS else Span(seconds=amount * SECONDS[unit])


def parse_time(text: str, now: float) -> float | None:
    """Epoch seconds of a time modifier; None if it is not one.

    Args:
        text: as in ``earliest=``.
        now: the search's clock, epoch seconds.
    """
    text = text.strip()
    if text in ("now", "now()", ""):
        return now if text else None
    if re.fullmatch(r"-?\d{1,15}(\.\d+)?", text):
        return float(text)
    for form in _ABSOLUTE:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    if re.match(r"\d{4}-\d\d-\d\d", text):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    try:
        return _relative(text.removeprefix("now"), now)
    except (OverflowError, ValueError):  # before the year 1 or after 9999
        return None


def _relative(text: str, now: float) -> float | None:
    moment = datetime.fromtimestamp(now, UTC)
    i = 0
    while i < len(text):
        offset = _OFFSET.match(text, i)
        snap = None if offset else _SNAP.match(text, i)
        if offset:
            unit = _UNITS.get(offset[3])
            if unit is None:
                return None
            amount = int(offset[2] or 1) * (-1 if offset[1] == "-" else 1)
            moment = shift(moment, amount, unit)
            i = offset.end()
        elif snap:
            snapped = snap_to(moment, snap[1])
            if snapped is None:
                return None
            moment = snapped
            i = snap.end()
        else:
            return None
    return moment.timestamp()


def shift(moment: datetime, amount: int, unit: str) -> datetime:
    """Add ``amount`` units; months keep the day where the month has it."""
    if unit in _MONTHS:
        month = moment.year * 12 + moment.month - 1 + amount * _MONTHS[unit]
        year, month = divmod(month, 12)
        day = min(moment.day, _days_in(year, month + 1))
        return moment.replace(year=year, month=month + 1, day=day)
    return moment + timedelta(seconds=amount * SECONDS[unit])


def _days_in(year: int, month: int) -> int:
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return (following - timedelta(days=1)).day


def snap_to(moment: datetime, unit: str) -> datetime | None:
    """Round down to the start of the unit; ``w0`` is Sunday; None for an unknown unit."""
    if re.fullmatch(r"w[0-7]", unit):
        back = (moment.isoweekday() - int(unit[1]) % 7) % 7
        return snap_day(moment) - timedelta(days=back)
    name = _UNITS.get(unit)
    match name:
        case "s":
            return moment.replace(microsecond=0)
        case "m":
            return moment.replace(second=0, microsecond=0)
        case "h":
            return moment.replace(minute=0, second=0, microsecond=0)
        case "d":
            return snap_day(moment)
        case "w":
            return snap_to(moment, "w0")
        case "mon":
            return snap_day(moment).replace(day=1)
        case "q":
            return snap_day(moment).replace(month=(moment.month - 1) // 3 * 3 + 1, day=1)
        case "y":
            return snap_day(moment).replace(month=1, day=1)
    return None


def snap_day(moment: datetime) -> datetime:
    """Midnight of the day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
