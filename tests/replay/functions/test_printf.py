"""printf against Python's own, which follows C for these conversions."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from replay.udf.printf import _formatted

FLAGS = st.lists(st.sampled_from("-+ 0"), max_size=2, unique=True).map("".join)
WIDTH = st.none() | st.integers(1, 12)
PRECISION = st.none() | st.integers(1, 6)


def spec(flags: str, width: int | None, precision: int | None, kind: str) -> str:
    return f"%{flags}{width or ''}{'' if precision is None else f'.{precision}'}{kind}"


@given(FLAGS, WIDTH, PRECISION, st.sampled_from("eEfFgG"), st.floats(-1e9, 1e9))
def test_reals(flags: str, width: int | None, precision: int | None, kind: str, value: float) -> None:
    form = spec(flags, width, precision, kind)
    assert _formatted(form, [repr(value)], [False]) == form % value


@given(FLAGS, WIDTH, st.integers(-(2**53), 2**53))
def test_integers(flags: str, width: int | None, value: int) -> None:
    form = spec(flags, width, None, "d")
    assert _formatted(form, [str(value)], [False]) == form % value


@given(st.sampled_from(["", "-"]), WIDTH, PRECISION, st.text(max_size=10))
def test_texts(flags: str, width: int | None, precision: int | None, value: str) -> None:
    form = spec(flags, width, precision, "s")
    assert _formatted(form, [value], [True]) == form % value


@given(PRECISION, st.floats(1e-300, 1e300))
def test_hexadecimal_reads_back(precision: int | None, value: float) -> None:
    text = _formatted(spec("", None, precision, "a"), [repr(value)], [False])
    assert text is not None
    digits = 13 if precision is None else precision
    assert abs(float.fromhex(text) - value) <= value * 16.0**-digits


@given(st.text(max_size=10), st.lists(st.none() | st.text(max_size=4), max_size=3))
@example("%A", [])
def test_no_format_is_an_exception(form: str, values: list[str | None]) -> None:
    found = _formatted(form, values, [False] * len(values))
    assert found is None or isinstance(found, str)
