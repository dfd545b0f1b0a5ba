"""mvindex and split against a few lines of Python, over constant and computed positions."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import run_spl, write_app

TEXT = st.text(alphabet="ab,|\u00e9\U0001f600\u0301 ", max_size=6)
POSITION = st.sampled_from([*range(-4, 5), 0.5, 1.9, -0.5, -1.9, 10**9, -(10**9), 2**31, 2**62])
POSITIONS = st.lists(POSITION, min_size=1, max_size=2)


@cache
def app() -> Path:
    return write_app(Path(mkdtemp(), "app"), {})


def expected(text: str, delimiter: str, positions: list[float]) -> list[str]:
    """The values of ``mvindex(split(text, delimiter), …)``; none where there is nothing."""
    values = text.split(delimiter) if delimiter else list(text)
    ends = [int(p) if int(p) >= 0 else len(values) + int(p) for p in positions]
    if len(ends) == 1:
        return [values[ends[0]]] if 0 <= ends[0] < len(values) else []
    return [value for at, value in enumerate(values) if ends[0] <= at <= ends[1]]


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(TEXT, st.sampled_from([",", "||", "|", "", "\u00e9", "ab"]), POSITIONS), min_size=1, max_size=8
    )
)
@example([("", ",", [0]), ("", "", [0]), ("a,b", ",", [-1, 0]), ("a,b", ",", [-0.5]), ("a,b", ",", [-9, 9])])
def test_positions_in_pieces(rows: list[tuple[str, str, list[float]]]) -> None:
    """Each as it stands in the search, and as a field and an expression that have the same values."""
    evals: list[str] = []
    computed: dict[str, str] = {}
    for number, (text, delimiter, positions) in enumerate(rows):
        computed |= {f"s{number}": text} | {f"p{number}_{i}": repr(p) for i, p in enumerate(positions)}
        for form, listed in {
            "literal": [repr(p) for p in positions],
            "field": [f"p{number}_{i}" for i in range(len(positions))],
            "sum": [f"{p!r} + 0" for p in positions],
        }.items():
            evals.append(f'{form}{number}=mvindex(split(s{number}, "{delimiter}"), {", ".join(listed)})')
    (row,), _ = run_spl(f"search * | eval {', '.join(evals)}", app(), [computed])
    for number, (text, delimiter, positions) in enumerate(rows):
        for form in ("literal", "field", "sum"):
            got = row.get(f"{form}{number}", [])
            wanted = expected(text, delimiter, positions)
            assert (got if isinstance(got, list) else [got]) == wanted, (form, rows[number])
