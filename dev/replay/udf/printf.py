"""printf of eval. Source: Search Reference, "Conversion functions", "printf": C's, without ``%n`` and ``%1$s``, with
``'`` for thousands, ``%z`` = ``%s``, ``%i`` = ``%d``, ``%p`` = ``%X``."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from replay.udf import user_function

_SPEC = re.compile(r"%(?P<flags>[-+ 0#']*)(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d*))?(?P<kind>.)?", re.DOTALL)
_KINDS = "aAcdieEfFgGosuxXpz%"
_INTEGERS = "diuoxXp"


class BadFormat(Exception):
    """The format has a conversion that Splunk does not know."""


class _DoesNotFit(Exception):
    pass


@lru_cache(maxsize=256)
def _pieces(form: str) -> tuple[str | re.Match[str], ...]:
    found: list[str | re.Match[str]] = []
    at = 0
    for spec in _SPEC.finditer(form):
        if spec["kind"] is None or spec["kind"] not in _KINDS:
            raise BadFormat(f"`{spec.group()}` is no conversion that printf supports")
        found += [form[at : spec.start()], spec]
        at = spec.end()
    return (*found, form[at:])


def values_needed(form: str) -> int:
    """How many values the format takes.

    Raises:
        BadFormat: it has a conversion that Splunk does not know.
    """
    specs = [p for p in _pieces(form) if not isinstance(p, str)]
    return sum((s["width"] == "*") + (s["precision"] == "*") + (s["kind"] != "%") for s in specs)


def _formatted(form: str, values: list[str | None], quoted: list[bool]) -> str | None:
    """The text; None if a value is missing or does not fit."""
    queue = iter(zip(values, quoted, strict=True))
    try:
        # A list: a generator would turn StopIteration into another error.
        return "".join([p if isinstance(p, str) else _convert(p, queue) for p in _pieces(form)])
    except (_DoesNotFit, StopIteration, BadFormat, OverflowError):
        return None


def _convert(spec: re.Match[str], queue: object) -> str:
    kind = spec["kind"]
    if kind == "%":
        return "%"
    width = _count(spec["width"], queue)
    precision = _count(spec["precision"], queue) if spec["precision"] is not None else None
    value, quoted = next(queue)  # type: ignore[call-overload]
    if value is None:
        raise _DoesNotFit
    flags = set(spec["flags"])
    if width is not None and width < 0:
        flags.add("-")
    if kind in "sz":
        body, flags = value if precision is None else value[:precision], flags - {"0"}
    elif kind == "c":
        body, flags = _character(value, quoted), flags - {"0"}
    elif kind in _INTEGERS:
        body = _integer(kind, _number(value), precision, flags)
        if precision is not None:
            flags.discard("0")
    else:
        body = _real(kind, _number(value), 6 if precision is None else precision, flags, precision is None)
    return _padded(body, abs(width or 0), flags)


def _count(text: str | None, queue: object) -> int | None:
    if text == "*":
        value, _ = next(queue)  # type: ignore[call-overload]
        return int(_number(value))
    return int(text) if text else None if text is None else 0


def _number(value: str | None) -> float | int:
    try:
        return int(value or "")
    except ValueError:
        pass
    try:
        return float(value or "")
    except ValueError as e:
        raise _DoesNotFit from e


def _character(value: str, quoted: bool) -> str:
    if value.isdigit() and not quoted:
        code = int(value)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise _DoesNotFit
        return chr(code)
    return value[:1]


def _integer(kind: str, number: float, precision: int | None, flags: set[str]) -> str:
    value = int(number)
    if kind in "di":
        digits, sign = str(abs(value)), _sign(value < 0, flags)
    else:
        value &= 0xFFFFFFFFFFFFFFFF
        digits, sign = {"u": f"{value}", "o": f"{value:o}", "x": f"{value:x}"}.get(kind, f"{value:X}"), ""
    if "#" in flags and kind == "o" and not digits.startswith("0"):
        digits = "0" + digits
    if precision is not None:
        digits = "" if precision == 0 and value == 0 else digits.rjust(precision, "0")
    if "'" in flags and kind in "diu":
        digits = f"{int(digits):,}" if digits.isdigit() and not digits.startswith("0") else digits
    prefix = {"x": "0x", "X": "0X", "p": "0X"}.get(kind, "") if "#" in flags and value else ""
    return sign + prefix + digits


def _real(kind: str, number: float, precision: int, flags: set[str], default: bool) -> str:
    value = float(number)
    sign = _sign(math.copysign(1, value) < 0, flags)
    value = abs(value)
    if not math.isfinite(value):
        return sign + (str(value).upper() if kind.isupper() else str(value))
    if kind in "aA":
        body = _hexadecimal(value, None if default else precision)
        return sign + (body.upper() if kind == "A" else body)
    alternative = "#" if "#" in flags else ""
    grouping = "," if "'" in flags and kind in "fF" else ""
    return sign + format(value, f"{alternative}{grouping}.{precision}{kind}")


def _hexadecimal(value: float, precision: int | None) -> str:
    """``0x1.922p+1``."""
    if value == 0:
        return "0x0" + (f".{'0' * precision}" if precision else "") + "p+0"
    mantissa, exponent = math.frexp(value)
    exponent -= 1
    fraction = int((mantissa * 2 - 1) * 2**52)
    if precision is None:
        digits = f"{fraction:013x}".rstrip("0")
    else:
        scaled = round((2**52 + fraction) / 2 ** (52 - 4 * precision)) if precision < 13 else (2**52 + fraction)
        whole = 16**precision if precision < 13 else 2**52
        lead, rest = divmod(scaled, whole)
        digits = f"{rest:0{min(precision, 13)}x}".ljust(precision, "0") if precision else ""
        return f"0x{lead}{'.' if digits else ''}{digits}p{exponent:+d}"
    return f"0x1{'.' if digits else ''}{digits}p{exponent:+d}"


def _sign(negative: bool, flags: set[str]) -> str:
    return "-" if negative else "+" if "+" in flags else " " if " " in flags else ""


def _padded(body: str, width: int, flags: set[str]) -> str:
    if "-" in flags:
        return body.ljust(width)
    if "0" in flags:
        lead = re.match(r"[-+ ]?(?:0[xX])?", body)
        start = lead.end() if lead and len(body) > lead.end() else 0
        return body[:start] + body[start:].rjust(width - start, "0")
    return body.rjust(width)


formatted = user_function("py_printf", _formatted, ["VARCHAR", "VARCHAR[]", "BOOLEAN[]"], "VARCHAR")
