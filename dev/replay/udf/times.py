"""strftime, strptime and relative_time of eval, in UTC.

Source: Search Reference, "Date and Time functions" and "Date and time format variables".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from replay.spl.timespec import parse_time
from replay.udf import user_function

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_ZONES = {
    "utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "cet": 1, "cest": 2, "bst": 1, "wet": 0, "west": 1, "eet": 2, "eest": 3, "jst": 9, "ist": 5.5, "hst": -10,
    "akst": -9, "akdt": -8,
}  # fmt: skip
_SHORT = {
    "F": "%Y-%m-%d", "T": "%H:%M:%S", "D": "%m/%d/%y", "R": "%H:%M", "c": "%a %b %e %H:%M:%S %Y", "x": "%m/%d/%Y",
    "X": "%H:%M:%S", "r": "%I:%M:%S %p", "+": "%a %b %e %H:%M:%S %Z %Y", "h": "%b", "v": "%e-%b-%Y",
}  # fmt: skip
_VARIABLE = re.compile(r"%(:{1,3}z|Ez|[1-9]?[NQ]|.)", re.DOTALL)


def _expanded(form: str) -> str:
    """The format with its shorthands (``%F``) written out."""
    while True:
        longer = _VARIABLE.sub(lambda m: _SHORT.get(m[1], m[0]), form)
        if longer == form:
            return form
        form = longer


# --- strftime ------------------------------------------------------------------------------------------------------

_PARTS: dict[str, Callable[[datetime], str]] = {
    "Y": lambda t: f"{t.year}",
    "C": lambda t: f"{t.year // 100:02}",
    "y": lambda t: f"{t.year % 100:02}",
    "m": lambda t: f"{t.month:02}",
    "d": lambda t: f"{t.day:02}",
    "e": lambda t: f"{t.day:2}",
    "H": lambda t: f"{t.hour:02}",
    "k": lambda t: f"{t.hour:2}",
    "I": lambda t: f"{t.hour % 12 or 12:02}",
    "l": lambda t: f"{t.hour % 12 or 12:2}",
    "M": lambda t: f"{t.minute:02}",
    "S": lambda t: f"{t.second:02}",
    "p": lambda t: "AM" if t.hour < 12 else "PM",
    "P": lambda t: "am" if t.hour < 12 else "pm",
    "a": lambda t: _DAYS[t.weekday()][:3],
    "A": lambda t: _DAYS[t.weekday()],
    "b": lambda t: _MONTHS[t.month - 1][:3],
    "B": lambda t: _MONTHS[t.month - 1],
    "j": lambda t: f"{t.timetuple().tm_yday:03}",
    "w": lambda t: f"{t.isoweekday() % 7}",
    "u": lambda t: f"{t.isoweekday()}",
    "U": lambda t: f"{(t.timetuple().tm_yday + 6 - t.isoweekday() % 7) // 7:02}",
    "W": lambda t: f"{(t.timetuple().tm_yday + 6 - t.weekday()) // 7:02}",
    "V": lambda t: f"{t.isocalendar().week:02}",
    "G": lambda t: f"{t.isocalendar().year}",
    "g": lambda t: f"{t.isocalendar().year % 100:02}",
    "s": lambda t: f"{(t - _EPOCH) // timedelta(seconds=1)}",
    "f": lambda t: f"{t.microsecond:06}",
    "z": lambda t: "+0000",
    ":z": lambda t: "+00:00",
    "::z": lambda t: "+00:00:00",
    ":::z": lambda t: "+00",
    "Ez": lambda t: "+0",
    "Z": lambda t: "UTC",
    "%": lambda t: "%",
    "n": lambda t: "\n",
    "t": lambda t: "\t",
}


def moment(seconds: float) -> datetime | None:
    """The time as a datetime; None beyond the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(microseconds=round(seconds * 1e6))
    except (OverflowError, ValueError):
        return None


@lru_cache(maxsize=256)
def _formatter(form: str) -> Callable[[datetime], str]:
    pieces: list[str | Callable[[datetime], str]] = []
    at = 0
    long = _expanded(form)
    for variable in _VARIABLE.finditer(long):
        pieces += [long[at : variable.start()], _part(variable)]
        at = variable.end()
    pieces.append(long[at:])
    return lambda t: "".join(p if isinstance(p, str) else p(t) for p in pieces)


def _part(variable: re.Match[str]) -> str | Callable[[datetime], str]:
    """What a variable makes of a time; an unknown one stays as it is written."""
    name = variable[1]
    if name[-1] in "NQ" and len(name) <= 2:
        digits = int(name[0]) if len(name) == 2 else 3 if name == "Q" else 9
        return lambda t: f"{t.microsecond * 1000:09}"[:digits]
    return _PARTS.get(name, variable[0])


def formatted(seconds: float, form: str) -> str | None:
    """A time in a format of ``strftime``; None beyond the years 1 to 9999."""
    t = moment(seconds)
    return None if t is None else _formatter(form)(t)


# --- strptime ------------------------------------------------------------------------------------------------------

_DAY_NAMES = "|".join(f"{d}|{d[:3]}" for d in _DAYS)
_MONTH_NAMES = "|".join(f"{m}|{m[:3]}" for m in _MONTHS)
_PATTERNS = {
    "Y": r"(?P<Y>\d{4})", "y": r"(?P<y>\d{2})", "C": r"\d{2}", "m": r"(?P<m>\d{1,2})", "d": r"(?P<d>\d{1,2})",
    "e": r"\s*(?P<d>\d{1,2})", "H": r"(?P<H>\d{1,2})", "k": r"\s*(?P<H>\d{1,2})", "I": r"(?P<I>\d{1,2})",
    "l": r"\s*(?P<I>\d{1,2})", "M": r"(?P<M>\d{1,2})", "S": r"(?P<S>\d{1,2})", "p": r"(?P<p>[AP]\.?M\.?)",
    "P": r"(?P<p>[AP]\.?M\.?)", "a": f"(?:{_DAY_NAMES})", "A": f"(?:{_DAY_NAMES})", "b": f"(?P<b>{_MONTH_NAMES})",
    "B": f"(?P<b>{_MONTH_NAMES})", "j": r"(?P<j>\d{1,3})", "s": r"(?P<s>-?\d+)", "f": r"(?P<f>\d{1,9})",
    "z": r"(?P<z>[+-]\d{2}(?::?\d{2}){0,2}|Z)", "Z": r"(?P<Z>[A-Za-z]{1,5}(?![A-Za-z])|[+-]\d{2}:?\d{2})",
    "w": r"[0-7]", "u": r"[1-7]", "U": r"\d{1,2}", "W": r"\d{1,2}", "V": r"\d{1,2}", "G": r"\d{4}", "g": r"\d{2}",
    "%": "%", "n": r"\s*", "t": r"\s*", "Ez": r"(?P<E>[+-]?\d{1,4})",
}  # fmt: skip


@lru_cache(maxsize=256)
def _parser(form: str) -> re.Pattern[str] | None:
    """A regular expression for the format; None if it has an unknown variable. What follows the time is ignored."""
    long = _expanded(form)
    parts: list[str] = []
    seen: set[str] = set()
    at = 0
    for variable in _VARIABLE.finditer(long):
        pattern = _pattern(variable[1])
        if pattern is None:
            return None
        between = _literal(long[at : variable.start()])
        if "(?P<f>" in pattern and between[-2:] in (r"\.", ","):  # fractions of a second may be missing
            pattern, between = (
                f"(?:{re.escape(long[variable.start() - 1])}{pattern})?",
                _literal(long[at : variable.start() - 1]),
            )
        for name in re.findall(r"\(\?P<(\w)>", pattern):
            pattern = pattern.replace(f"(?P<{name}>", "(?:") if name in seen else pattern
            seen.add(name)
        parts += [between, pattern]
        at = variable.end()
    return re.compile("".join([*parts, _literal(long[at:])]), re.IGNORECASE)


def _pattern(name: str) -> str | None:
    if name[-1] in "NQ" and len(name) <= 2:
        return _PATTERNS["f"]
    return _PATTERNS["z"] if name.endswith("z") and name.startswith(":") else _PATTERNS.get(name)


def _literal(text: str) -> str:
    """White space in a format is any white space, or none."""
    return "".join(r"\s*" if part.isspace() else re.escape(part) for part in re.split(r"(\s+)", text) if part)


def parsed(text: str, form: str, now: float) -> float | None:
    """Epoch seconds of a text in a format of ``strptime``, or None; without a day in it, it is the day of ``now``."""
    parser = _parser(form)
    found = parser.match(text.lstrip()) if parser else None
    if found is None:
        return None
    values = {k: v for k, v in found.groupdict().items() if v is not None}
    fraction = float(f"0.{values['f']}") if "f" in values else 0.0
    if "s" in values:
        return int(values["s"]) + fraction
    try:
        day = _date(values, _EPOCH + timedelta(seconds=now))
        if day is None:
            return None
        t = day.replace(hour=_hour(values), minute=int(values.get("M", 0)), tzinfo=_zone(values))
        seconds = int(values.get("S", 0))
        if seconds > 60:
            return None
        return (t - _EPOCH).total_seconds() + seconds + fraction
    except (ValueError, OverflowError):
        return None


def _date(values: dict[str, str], today: datetime) -> datetime | None:
    """Midnight of the day; today if the format has no date; None if it has one without a day."""
    if not values.keys() & set("Yymbdj"):
        return datetime(today.year, today.month, today.day, tzinfo=UTC)
    year = today.year
    if "Y" in values:
        year = int(values["Y"])
    elif "y" in values:
        short = int(values["y"])
        year = short + (1900 if short >= 69 else 2000)
    if "j" in values:
        return datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=int(values["j"]) - 1)
    if "d" not in values:
        return None
    month = today.month
    if "b" in values:
        month = next(i for i, m in enumerate(_MONTHS, 1) if m[:3].lower() == values["b"][:3].lower())
    elif "m" in values:
        month = int(values["m"])
    return datetime(year, month, int(values["d"]), tzinfo=UTC)


def _hour(values: dict[str, str]) -> int:
    hour = int(values.get("H", values.get("I", "0")))
    if "p" not in values or ("I" not in values and hour > 12):
        return hour
    return hour % 12 + (12 if values["p"][0] in "pP" else 0)


def _zone(values: dict[str, str]) -> timezone:
    if "E" in values:
        return timezone(timedelta(minutes=int(values["E"])))
    text = values.get("z") or values.get("Z") or "UTC"
    if text[0] in "+-":
        digits = re.sub(r"\D", "", text).ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
        return timezone(-offset if text[0] == "-" else offset)
    if text.lower() not in _ZONES:
        raise ValueError(text)
    return timezone(timedelta(hours=_ZONES[text.lower()]))


# --- relative_time -------------------------------------------------------------------------------------------------


def _relative_time(seconds: float, specifier: str) -> float | None:
    if not re.match(r"\s*([-+@]|now)", specifier):
        return None
    try:
        return parse_time(specifier, seconds)
    except (ValueError, OverflowError):
        return None


strftime = user_function("py_strftime", formatted, ["DOUBLE", "VARCHAR"], "VARCHAR")
strptime = user_function("py_strptime", parsed, ["VARCHAR", "VARCHAR", "DOUBLE"], "DOUBLE")
relative_time = user_function("py_relative_time", _relative_time, ["DOUBLE", "VARCHAR"], "DOUBLE")
