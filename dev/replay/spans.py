"""Buckets: cutting time and numbers into spans, for ``bin``, ``chart``, ``timechart``, ``makecontinuous``, ``tstats``.

Source: Search Reference, "bin" and "timechart" ("Default time spans").
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import Struct

from replay.relation import Expr, Kind, as_number, as_text
from replay.spl.timespec import SECONDS, Span, parse_span, shift

_LOG = re.compile(r"(\d+(?:\.\d+)?)?log(\d+(?:\.\d+)?)?")
_NUMBER = re.compile(r"\d+(\.\d+)?|\.\d+")
_SNAPPED = re.compile(r"([^@]+)@(w[0-7]|[a-z]+)")
_TIME_STEPS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 86400)
DEFAULT_BINS = 100
MAX_BUCKETS = 50_000  # limits.conf.spec, [discretize] maxbins


class TimeSpan(Struct, frozen=True):
    """A span of time; buckets begin at ``offset`` seconds after the epoch and every span from there."""

    span: Span
    offset: float = 0.0


class NumberSpan(Struct, frozen=True):
    """A span of numbers: ``10`` makes 0-10, 10-20 …"""

    width: float


class LogSpan(Struct, frozen=True):
    """A logarithmic span: ``2log10`` makes 2-20, 20-200 …"""

    coefficient: float
    base: float


AnySpan = TimeSpan | NumberSpan | LogSpan


def parse_any_span(text: str, *, time: bool) -> AnySpan | None:
    """``5m``, ``1w@w1``, ``10``, ``0.5``, ``log2``, ``2log10``; None if it is none.

    Args:
        text: as in ``span=``.
        time: the field is ``_time``: a bare number is seconds.
    """
    log = _LOG.fullmatch(text)
    if log:
        coefficient, base = float(log[1] or 1), float(log[2] or 10)
        return LogSpan(coefficient, base) if 1 <= coefficient < base else None
    if _NUMBER.fullmatch(text) and not time:
        return NumberSpan(float(text)) if float(text) > 0 else None
    snapped = _SNAPPED.fullmatch(text)
    span = parse_span(snapped[1] if snapped else text)
    if span is None:
        return None
    week = snapped is not None and re.fullmatch(r"w[0-7]", snapped[2])
    # The epoch began on a Thursday; its first Sunday (w0) came three days later.
    return TimeSpan(span, (3 + int(snapped[2][1]) % 7) * SECONDS["d"] if snapped and week else 0.0)


def time_bucket(value: Expr, span: Span, offset: float = 0.0) -> Expr:
    """The start of the bucket that a time falls into, epoch seconds; null stays null.

    Buckets of seconds begin at the epoch (so days begin at midnight UTC), those of months in January 1970.
    """
    t = as_number(value).sql
    if span.months:
        return Expr(f"spl_month_bucket({t}, {span.months})", Kind.NUM)
    width = span.seconds
    if offset:
        return Expr(f"(floor(({t} - {offset!r}) / {width!r}) * {width!r} + {offset!r})", Kind.NUM)
    if width < 1:
        return Expr(f"round(floor(round({t} / {width!r}, 3)) * {width!r}, 6)", Kind.NUM)
    return Expr(f"(floor({t} / {width!r}) * {width!r})", Kind.NUM)


def bucket(value: Expr, span: AnySpan) -> Expr:
    """The bucket of a value: the start of a time span, or a label ``low-high`` (high exclusive) of a number span.

    What is no number stays as it is.
    """
    if isinstance(span, TimeSpan):
        return time_bucket(value, span.span, span.offset)
    number = as_number(value).sql
    if isinstance(span, NumberSpan):
        label = f"spl_bucket_label({number}, {span.width!r})"
    else:
        label = f"spl_log_bucket_label({number}, {span.coefficient!r}, {span.base!r})"
    return Expr(f"coalesce({label}, {as_text(value).sql})", Kind.STR)


def bucket_start(value: Expr, span: AnySpan) -> Expr:
    """The low end of a value's bucket, as a number."""
    if isinstance(span, TimeSpan):
        return time_bucket(value, span.span, span.offset)
    number = as_number(value).sql
    if isinstance(span, NumberSpan):
        return Expr(f"(floor({number} / {span.width!r}) * {span.width!r})", Kind.NUM)
    power = f"floor(ln({number} / {span.coefficient!r}) / ln({span.base!r}) + 1e-9)"
    return Expr(f"({span.coefficient!r} * pow({span.base!r}, {power}))", Kind.NUM)


def choose_time_span(low: float, high: float, bins: int = DEFAULT_BINS, least: float = 0.0) -> Span:
    """The shortest customary span that cuts the range into at most ``bins`` buckets, and is not below ``least``."""
    for seconds in _TIME_STEPS:
        if seconds >= least and math.floor(high / seconds) - math.floor(low / seconds) < bins:
            return Span(seconds=float(seconds))
    months = 1
    while (high - low) / (months * 30.4375 * SECONDS["d"]) > bins or months * 30 * SECONDS["d"] < least:
        months += 1 if months > 1 else 2
    return Span(months=months)


def choose_number_span(low: float, high: float, bins: int = DEFAULT_BINS, least: float = 0.0) -> float:
    """The smallest of 1, 2, 5, 10, 20, 50 … (and below one) that makes at most ``bins`` buckets of the range."""
    power = math.floor(math.log10((high - low) / bins)) if high > low else 0
    while True:
        for digit in (1, 2, 5):
            width = float(f"{digit}e{power}")
            buckets = math.floor(high / width) - math.floor(low / width) + 1
            # A range around 0 never fits into one bucket: stop when both its ends do.
            if width >= least and (buckets <= bins or width > max(abs(low), abs(high))):
                return width
        power += 1


def steps(low: float, high: float, span: TimeSpan | NumberSpan) -> Iterator[float]:
    """The starts of all buckets from the one that begins at ``low`` to the one that begins at ``high``."""
    if isinstance(span, TimeSpan) and span.span.months:
        moment = datetime.fromtimestamp(low, UTC)
        while moment.timestamp() <= high:
            yield moment.timestamp()
            moment = shift(moment, span.span.months, "mon")
        return
    width = span.width if isinstance(span, NumberSpan) else span.span.seconds
    for i in range(round((high - low) / width) + 1):
        yield round(low + i * width, 9)
