"""Times as text and back: DuckDB's strftime and ours agree, and what strftime writes strptime reads."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st
from replay.engine import Engine
from replay.functions.dates import format_time, parse_time
from replay.relation import quote
from replay.udf import times

SECONDS = st.integers(-2_000_000_000_000, 250_000_000_000_000).map(lambda ms: ms / 1000)
IN_DUCKDB = "%Y|%m|%d|%H|%M|%S|%y|%j|%b|%B|%a|%A|%I|%p|%u|%w|%G|%V|%%"


@cache
def engine() -> Engine:
    return Engine()


@settings(deadline=None, max_examples=200)
@given(seconds=SECONDS)
def test_both_write_the_same(seconds: float) -> None:
    there = format_time(f"CAST({seconds!r} AS DOUBLE)", IN_DUCKDB)
    here = times.strftime.sql(f"CAST({seconds!r} AS DOUBLE)", quote(IN_DUCKDB))
    assert there.startswith("strftime(")
    assert engine().scalar(f"SELECT {there}") == engine().scalar(f"SELECT {here}")


@settings(deadline=None, max_examples=200)
@given(
    milliseconds=st.integers(0, 250_000_000_000_000),
    form=st.sampled_from(
        [
            "%Y-%m-%dT%H:%M:%S.%3N%z",
            "%s.%3N",
            "%a, %d %b %Y %I:%M:%S.%Q %p %Z",
            "%F %T.%6N",
            "%B %e, %Y %k:%M:%S.%f",
            "%Y %j %H%M%S,%9N",
        ]
    ),
)
def test_what_is_written_is_read(milliseconds: int, form: str) -> None:
    seconds = f"CAST({milliseconds / 1000!r} AS DOUBLE)"
    cut_off = 1e-3 + 1e-4  # a double of this size is some microseconds off
    text = format_time(seconds, form)
    assert abs(engine().scalar(f"SELECT {parse_time(text, quote(form), 0.0)} - {seconds}")) < cut_off


@given(text=st.text(max_size=20), form=st.text(max_size=12))
def test_no_text_and_no_format_is_an_exception(text: str, form: str) -> None:
    found = times.parsed(text, form, 0.0)
    assert found is None or isinstance(found, float)
    assert isinstance(times.formatted(0.0, form), str)


def test_beyond_the_calendar_is_missing() -> None:
    for form in ("%Y", "%F %3N"):
        assert engine().scalar(f"SELECT {format_time('CAST(1e15 AS DOUBLE)', form)}") is None
