"""JSON and XML as spath reads them, whatever an event brings."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.udf.structured import at_path, leaves

KEY = st.text("abXY_-", min_size=1, max_size=4)
SCALAR = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=5)
TREE = st.recursive(SCALAR, lambda t: st.lists(t, max_size=3) | st.dictionaries(KEY, t, max_size=3), max_leaves=12)
DOCUMENT = st.dictionaries(KEY, TREE, max_size=4) | st.lists(TREE, max_size=4)


@given(DOCUMENT)
def test_every_leaf_is_found_at_its_own_path(document: object) -> None:
    text = json.dumps(document)
    for name, *values in leaves(text):
        assert at_path(text, name) is not None
        # A name may also lead to objects where other elements have them; the leaves come in order among these.
        found = [v for v in at_path(text, name) or [] if v[:1] not in ("{", "[")]
        assert [v for v in values if v[:1] not in ("{", "[")] == found


@given(DOCUMENT, st.integers(1, 60))
def test_a_cut_document_gives_a_part_of_the_whole(document: object, limit: int) -> None:
    text = json.dumps(document)
    whole = {name: values for name, *values in leaves(text)}
    for name, *values in leaves(text, limit):
        assert values == whole[name][: len(values)]


@given(
    st.text() | st.text('{}[]":,\\0a <>/="&;!').map(lambda t: "{" + t) | st.text("<>/ab=\"'&;! ").map(lambda t: "<" + t)
)
def test_no_text_is_an_error(text: str) -> None:
    leaves(text, 10)
    leaves(text)
    at_path(text, "a.b{}")


@given(st.text("ab.{}@0 ", max_size=8))
def test_no_path_is_an_error(path: str) -> None:
    at_path('{"a":{"b":[1]}}', path)
    at_path("<a><b>1</b></a>", path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 900 + "]" * 900, "<a>" * 100_000])
def test_deep_nesting_is_no_error(text: str) -> None:
    assert leaves(text) == []
    assert at_path(text, "a") is None or text.startswith("{")


def test_entities_are_not_expanded() -> None:
    declared = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "x"}">' for i in range(12))
    bomb = f"<!DOCTYPE a [{declared}]><a>&e11;</a>"
    assert leaves(bomb) == []
    assert at_path(bomb, "a") is None


def test_numbers_are_as_they_are_written() -> None:
    numbers = ["1", "1.0", "1e5", "-0", "0.1000", "123456789012345678901234567890"]
    assert leaves("[" + ",".join(numbers) + "]") == [["{}", *numbers]]


def test_the_cut_is_where_it_says() -> None:
    text = '{"a":"1","b":"2"}'
    assert leaves(text, text.index(',"b"') + 6) == [["a", "1"]]
