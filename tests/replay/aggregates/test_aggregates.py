"""Aggregate calls: what parses, what is refused and where, and that a multivalue counts with each of its values."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay.aggregates import AGGREGATES, needs_of_calls, parse_calls
from replay.errors import SearchError
from replay.spl.scanner import Scanner
from support import run_spl, write_app, write_lookup

ONE_FIELD = sorted(set(AGGREGATES.names()) - {"perc", "p", "exactperc", "upperperc"})
CHRONOLOGICAL = {"earliest", "latest", "earliest_time", "latest_time", "rate"}
# A multivalue stays whole in first() and last(), so they are not the same over values and over rows.
PER_VALUE = [*sorted(set(ONE_FIELD) - CHRONOLOGICAL - {"first", "last"}), "perc50", "p95", "exactperc10", "upperperc90"]


def test_a_list_of_calls() -> None:
    calls = parse_calls(Scanner('count, min(_time) as firstTime values("a b") AS v BY x'), ("by",))
    assert [(c.function, c.argument, c.name) for c in calls] == [
        ("count", None, "count"),
        ("min", "_time", "firstTime"),
        ("values", "a b", "v"),
    ]


def test_what_the_calls_read() -> None:
    calls = parse_calls(Scanner("count sum(a*) latest(b) count(eval(c>d))"), ())
    assert needs_of_calls(calls).names == {"a*", "b", "c", "d", "_time"}


REFUSED = [
    ("foo(x)", "unknown statistical function `foo`"),
    ("vaules(x)", "nearest: values"),
    ("perc(x)", "perc95(<field>)"),
    ("sparkline(count)", "not supported"),
    ("sum()", "needs a field"),
    ("sum(a b)", "one field name"),
    ("avg(*a) AS b", "same number of wildcards"),
    ("count AS", "a name must follow AS"),
    ("", "expected a statistical function"),
    ("sum(x", "never closed"),
    ("count(eval(a>))", "needs a value"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[t for t, _ in REFUSED])
def test_malformed_calls_say_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(SearchError, match="column") as error:
        parse_calls(Scanner(text), ("by",))
    assert message in str(error.value)


@pytest.mark.parametrize("text", ["count(eval(a>1))", "avg(x*)", "sum"])
def test_tstats_takes_neither_eval_nor_wildcards_nor_bare_functions(text: str) -> None:
    with pytest.raises(SearchError):
        parse_calls(Scanner(text), ("by",), evals=False)


@pytest.mark.parametrize(
    "spl",
    [
        "stats sum(a) AS x sum(a) AS y",
        "stats sum(a) AS x avg(b) AS x",
        "stats count AS a BY a",
        "stats count BY",
        "stats count BY a*",
        "eventstats count AS a BY a",
        "stats count foo=1",
        "streamstats window=x count",
        "streamstats time_window=1mon count",
        "streamstats reset_after=a count",
    ],
)
def test_refused_statistics(spl: str, tmp_path: Path) -> None:
    app = write_app(tmp_path / "cases", {})
    write_lookup(app, "input.csv", [{"a": "1", "b": "2"}])
    with pytest.raises(SearchError, match="column"):
        run_spl(f"| inputlookup input.csv | {spl}", app)


def test_time_window_refuses_rows_out_of_order(tmp_path: Path) -> None:
    app = write_app(tmp_path / "cases", {})
    write_lookup(app, "input.csv", [{"_time": "1"}, {"_time": "9"}, {"_time": "5"}])
    with pytest.raises(SearchError, match="sort 0 _time"):
        run_spl("| inputlookup input.csv | streamstats time_window=5s count", app)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_app(tmp_path_factory.mktemp("apps") / "cases", {})


VALUES = st.one_of(st.integers(-50, 50).map(str), st.sampled_from(["x", "B", "1.5", "a b"]))


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(st.lists(VALUES, min_size=1, max_size=4), min_size=1, max_size=6))
def test_values_of_multivalues_count_as_rows_would(rows: list[list[str]], app: Path) -> None:
    write_lookup(app, "input.csv", [{"v": "|".join(values)} for values in rows])
    calls = " ".join(f"{f}(v) AS {f.replace('.', '_')}" for f in PER_VALUE)
    together, _ = run_spl(f'| inputlookup input.csv | makemv delim="|" v | stats {calls}', app)
    apart, _ = run_spl(
        f'| inputlookup input.csv | makemv delim="|" v | mvexpand v | eval v=mvindex(v,0) | stats {calls}', app
    )
    for function in PER_VALUE:
        a, b = together[0].get(function), apart[0].get(function)
        if isinstance(a, float) and isinstance(b, float):
            assert a == pytest.approx(b), function
        else:
            assert str(a) == str(b), function


@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from(["x", "y", None]), st.integers(0, 9)), min_size=1, max_size=12),
    window=st.integers(0, 4),
    current=st.booleans(),
    shared=st.booleans(),
)
def test_streamstats_agrees_with_a_loop(
    rows: list[tuple[str | None, int]], window: int, current: bool, shared: bool, app: Path
) -> None:
    write_lookup(app, "input.csv", [{"v": str(v)} | ({"g": g} if g else {}) for g, v in rows])
    options = f"window={window} current={current} global={shared}"
    got, _ = run_spl(f"| inputlookup input.csv | streamstats {options} count AS n sum(v) AS s BY g | table n s", app)
    assert got == _streamstats(rows, window, current, shared)


def _streamstats(
    rows: list[tuple[str | None, int]], window: int, current: bool, shared: bool
) -> list[dict[str, float]]:
    results: list[dict[str, float]] = []
    seen: list[tuple[str, int]] = []
    for group, value in rows:
        if group is None:
            results.append({})
            continue
        before = seen if shared else [row for row in seen if row[0] == group]
        looked_at = [*before, (group, value)] if current else before
        looked_at = looked_at[-window:] if window else looked_at
        values = [v for g, v in looked_at if g == group]
        results.append({"n": float(len(values))} | ({"s": float(sum(values))} if values else {}))
        seen.append((group, value))
    return results
