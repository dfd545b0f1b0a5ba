"""Time modifiers and spans. The clock stands at Wednesday, 13 March 2024, 10:52:30.25 UTC.

Source: Search Manual, "Specify time modifiers in your search"; Search Reference, "relative_time".
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.spl.timespec import Span, parse_span, parse_time

NOW = datetime(2024, 3, 13, 10, 52, 30, 250_000, tzinfo=UTC).timestamp()

TIMES = [
    ("now", "2024-03-13T10:52:30.25"),
    ("now()", "2024-03-13T10:52:30.25"),
    ("-70m@m", "2024-03-13T09:42:00"),
    ("-2h@h", "2024-03-13T08:00:00"),
    ("-h", "2024-03-13T09:52:30.25"),
    ("+1d", "2024-03-14T10:52:30.25"),
    ("now-1h", "2024-03-13T09:52:30.25"),
    ("@s", "2024-03-13T10:52:30"),
    ("@d", "2024-03-13T00:00:00"),
    ("-1d@d", "2024-03-12T00:00:00"),
    ("-7d@h", "2024-03-06T10:00:00"),
    ("@w", "2024-03-10T00:00:00"),
    ("@w0", "2024-03-10T00:00:00"),
    ("@w7", "2024-03-10T00:00:00"),
    ("@w1", "2024-03-11T00:00:00"),
    ("@w3", "2024-03-13T00:00:00"),
    ("@w4", "2024-03-07T00:00:00"),
    ("-1w@w1", "2024-03-04T00:00:00"),
    ("@mon", "2024-03-01T00:00:00"),
    ("-1mon@mon", "2024-02-01T00:00:00"),
    ("-1mon@mon+7d", "2024-02-08T00:00:00"),
    ("@q", "2024-01-01T00:00:00"),
    ("-1q@q", "2023-10-01T00:00:00"),
    ("@y", "2024-01-01T00:00:00"),
    ("-1y", "2023-03-13T10:52:30.25"),
    ("@d-2h", "2024-03-12T22:00:00"),
    ("@d+3h", "2024-03-13T03:00:00"),
    ("-5min", "2024-03-13T10:47:30.25"),
    ("-2hours", "2024-03-13T08:52:30.25"),
    ("-3secs@sec", "2024-03-13T10:52:27"),
    ("0", "1970-01-01T00:00:00"),
    ("1700000000", "2023-11-14T22:13:20"),
    ("1700000000.5", "2023-11-14T22:13:20.5"),
    ("03/05/2024:20:00:00", "2024-03-05T20:00:00"),
    ("3/5/2024:20:00:00", "2024-03-05T20:00:00"),
    ("2024-03-05T20:00:00Z", "2024-03-05T20:00:00"),
    ("2024-03-05T20:00:00+02:00", "2024-03-05T18:00:00"),
    ("2024-03-05", "2024-03-05T00:00:00"),
]


@pytest.mark.parametrize(("text", "moment"), TIMES)
def test_time(text: str, moment: str) -> None:
    expected = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    assert parse_time(text, NOW) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("day", "text", "moment"),
    [
        ("2024-03-31", "-1mon", "2024-02-29"),
        ("2023-03-31", "-1mon", "2023-02-28"),
        ("2024-01-31", "+1mon", "2024-02-29"),
        ("2024-01-15", "-1mon@mon", "2023-12-01"),
        ("2024-12-15", "+1mon", "2025-01-15"),
        ("2024-02-29", "-1y", "2023-02-28"),
    ],
)
def test_months_keep_the_day_where_the_month_has_it(day: str, text: str, moment: str) -> None:
    now = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    assert parse_time(text, now) == datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()


NO_TIMES = [
    "", "yesterday", "1h", "-1x", "@x", "@w8", "-1h@", "@d@", "-1h1h", "13/45/2024:00:00:00", "2024-13-01",
    "-99999999999y", "-99999999999999d", "+9" * 3000 + "d", "1" * 400, "rt", "--1d",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_TIMES, ids=lambda text: text[:20])
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse_time(text, NOW) is None


@given(st.text(alphabet="+-@0123456789shdwmonqy./:T Z", max_size=14))
def test_no_text_breaks_it(text: str) -> None:
    assert parse_time(text, NOW) is None or isinstance(parse_time(text, NOW), float)


@given(st.integers(1, 500), st.sampled_from(["s", "m", "h", "d", "w", "mon", "q", "y"]))
def test_snapping_never_goes_forward(amount: int, unit: str) -> None:
    plain, snapped = parse_time(f"-{amount}{unit}", NOW), parse_time(f"-{amount}{unit}@{unit}", NOW)
    assert plain is not None and snapped is not None
    assert snapped <= plain


SPANS = [
    ("30", Span(seconds=30)),
    ("1s", Span(seconds=1)),
    ("5m", Span(seconds=300)),
    ("5min", Span(seconds=300)),
    ("1h", Span(seconds=3600)),
    ("h", Span(seconds=3600)),
    ("2d", Span(seconds=172800)),
    ("1w", Span(seconds=604800)),
    ("1mon", Span(months=1)),
    ("1q", Span(months=3)),
    ("2y", Span(months=24)),
    ("100ms", Span(seconds=0.1)),
    ("", None),
    ("0", None),
    ("0m", None),
    ("5x", None),
    ("-5m", None),
    ("1h@h", None),
]


@pytest.mark.parametrize(("text", "span"), SPANS)
def test_span(text: str, span: Span | None) -> None:
    assert parse_span(text) == span
