"""Time stamps of logs, as seconds since 1970.

Fractions are cut at microseconds, never rounded up: an event must not move into the next second. A stamp
without a zone is UTC, since what Windows, Sysmon and the collectors write without one is UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

LOOKAHEAD = 128
"""Splunk's MAX_TIMESTAMP_LOOKAHEAD: how many characters of an event are searched for its time ("Tune
timestamp recognition for better indexing performance", Getting Data In)."""

_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?"
_ZONE = r"(?:\s?(?P<zone>Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d)(?!\w))?"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_STAMPS = (
    re.compile(rf"(?<!\d)(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)[T ]{_CLOCK}{_ZONE}"),
    re.compile(
        rf"(?<!\d)(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/(?P<year>\d{{4}}) {_CLOCK}"
        rf"(?: (?P<half>[AP]M))?{_ZONE}"
    ),
    re.compile(rf"(?<!\d)(?P<day>\d{{1,2}})/(?P<month>[A-Z][a-z]{{2}})/(?P<year>\d{{4}}):{_CLOCK}{_ZONE}"),
)
_ISO = _STAMPS[0]
_WINDOWS = re.compile(r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?Z")
_EPOCH = re.compile(r"\d{9,11}(?:\.\d+)?|\d{13}|\d{16}|\d{19}")
_FOREIGN_ZONE = re.compile(r"\s?[A-Za-z]{2,5}")
_LAST = 253402300799.0


def parse(stamp: object) -> float | None:
    """Seconds since 1970 of a time stamp that stands alone; None where it is none, or has a zone of unknown
    offset.

    Args:
        stamp: text (ISO 8601 with blank or T, month/day/year, epoch), or a number: epoch in seconds, milli-,
            micro- or nanoseconds, told apart by their size.
    """
    if isinstance(stamp, bool) or stamp is None:
        return None
    text = str(stamp).strip()
    windows = _WINDOWS.fullmatch(text)
    if windows:  # the form of nearly all events, worth a quicker way
        day, hour, minute, second, fraction = windows.groups(default="")
        start = _midnight(day)
        if start is None:
            return None
        return start + int(hour) * 3600 + int(minute) * 60 + int(second) + _below_second(fraction)
    if _EPOCH.fullmatch(text):
        return _epoch(text)
    for pattern in _STAMPS:
        match = pattern.match(text)
        if match:
            return None if _FOREIGN_ZONE.fullmatch(text, match.end()) else _seconds(match)
    return None


@lru_cache(maxsize=64)
def _midnight(day: str) -> float | None:
    year, month, day_of_month = map(int, day.split("-"))
    try:
        return datetime(year, month, day_of_month, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def find(line: str) -> float | None:
    """The first time stamp within the first characters of a line of a log of any kind."""
    head = line[:LOOKAHEAD]
    found = [match for pattern in _STAMPS if (match := pattern.search(head))]
    if found:
        return _seconds(min(found, key=lambda match: match.start()))
    match = _EPOCH.match(head)
    return _epoch(match[0]) if match else None


def first(*stamps: object) -> float | None:
    """The first of several time stamps that is usable."""
    for stamp in stamps:
        time = parse(stamp)
        if time is not None:
            return time
    return None


def _epoch(digits: str) -> float | None:
    whole, _, fraction = digits.partition(".")
    unit = {13: 1_000, 16: 1_000_000, 19: 1_000_000_000}.get(len(whole), 1)
    seconds, rest = divmod(int(whole), unit)
    micros = rest * 1_000_000 // unit + int((fraction + "000000")[:6])
    time = seconds + micros / 1_000_000
    return time if time <= _LAST else None


def _seconds(match: re.Match[str]) -> float | None:
    part = match.groupdict()
    month = part["month"]
    try:
        number = int(month) if month.isdigit() else _MONTHS.index(month.lower()) + 1
        hour = int(part["hour"])
        if part.get("half"):
            hour = hour % 12 + (12 if part["half"] == "PM" else 0)
        moment = datetime(
            int(part["year"]), number, int(part["day"]), hour, int(part["minute"]), int(part["second"]),
            tzinfo=_zone(part["zone"]),
        )  # fmt: skip
    except ValueError:
        return None
    return moment.timestamp() + _below_second(part["fraction"] or "")


def _below_second(fraction: str) -> float:
    return int((fraction + "000000")[:6]) / 1_000_000


def _zone(zone: str | None) -> timezone:
    if not zone or zone in ("Z", "UTC", "GMT"):
        return UTC
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if zone[0] == "-" else offset)
