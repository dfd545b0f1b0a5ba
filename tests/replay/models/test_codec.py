"""The text of models: what goes in comes out, and a hostile text does nothing."""

from __future__ import annotations

import base64
import io
import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.models import ModelError
from replay.models.codec import Coded, decode, encode

MARK = "__mlspl_type"
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda k: k != MARK), inner),
    max_leaves=20,
)


@given(state=st.dictionaries(st.text(min_size=1).filter(lambda k: k != MARK), plain))
def test_plain_values_survive(state: dict[str, object]) -> None:
    coded = Coded("algos.Any", "Any", state)
    assert decode(encode(coded)) == coded


@pytest.mark.parametrize("state", [{MARK: None}, {"mean": {MARK: ["a", "b"]}}])
def test_the_name_that_marks_types_is_refused(state: dict[str, object]) -> None:
    with pytest.raises(ModelError, match=MARK):
        encode(Coded("algos.Any", "Any", state))


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_arrays_survive_to_the_last_bit(values: list[float]) -> None:
    again = decode(encode(np.array(values)))
    assert again.dtype == np.float64
    assert again.tolist() == values


def test_texts_and_numbers_of_numpy() -> None:
    assert decode(encode(np.array(["a", "ü"], dtype=object))).tolist() == ["a", "ü"]
    assert decode(encode({"n": np.float64(0.1), "i": np.int32(3)})) == {"n": 0.1, "i": 3}


def test_a_single_number_as_the_toolkit_writes_it() -> None:
    text = json.dumps({"__mlspl_type": ["numpy", "float64"], "ndarray": json.loads(encode(np.array([math.pi])))})
    assert decode(text) == math.pi


def test_a_pickle_is_never_opened() -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (pytest.fail, ("it was unpickled",))

    file = io.BytesIO()
    np.save(file, np.array([Bomb()], dtype=object), allow_pickle=True)
    for content in (file.getvalue(), pickle.dumps(Bomb())):
        text = json.dumps({"__mlspl_type": ["numpy", "ndarray"], "npy": base64.b64encode(content).decode()})
        with pytest.raises(ModelError, match="cannot be read"):
            decode(text)


def test_a_class_is_never_imported() -> None:
    coded = decode('{"__mlspl_type": ["antigravity", "Anything"], "dict": {"x": 1}}')
    assert coded == Coded("antigravity", "Anything", {"x": 1})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"__mlspl_type": "numpy.ndarray", "npy": ""}',
        '{"__mlspl_type": ["numpy", "ndarray"], "npy": "not base64!"}',
        '{"__mlspl_type": ["numpy", "ndarray"], "npy": ""}',
        "[" * 100_000,
    ],
)
def test_what_is_no_model_is_an_error(text: str) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        decode(text)
