"""Every part of a JSON text is found where it stands, however it is written."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from replay.linting.json_places import inside, offsets_in

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
CONTAINERS = st.lists(VALUES) | st.dictionaries(st.text(), VALUES)


@given(CONTAINERS, st.booleans(), st.sampled_from([None, 0, 2]))
def test_each_part_begins_where_it_is_said_to(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = "  " + json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    parts = list(inside(text))
    expected = list(value.items()) if isinstance(value, dict) else [("", one) for one in value]
    assert [(part.key, part.value) for part in parts] == expected
    for part in parts:
        assert json.JSONDecoder().raw_decode(text, part.start)[0] == part.value


@given(st.text(), st.booleans())
def test_each_character_of_a_string_has_its_offset(value: str, ascii_only: bool) -> None:
    text = json.dumps([value], ensure_ascii=ascii_only)
    offsets = offsets_in(text, 1)
    assert len(offsets) == len(value)
    for (start, end), character in zip(pairwise([*offsets, len(text) - 2]), value, strict=True):
        assert json.loads(f'"{text[start:end]}"') == character
