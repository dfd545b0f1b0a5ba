"""Risk messages: which tokens are found, and what stands in their place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rba.template import Template

CASES = [
    # message, fields, values, filled in
    ("nothing to fill in", (), (), "nothing to fill in"),
    ("$dest$", ("dest",), ("PC1",), "PC1"),
    ("$user$ on $dest$", ("user", "dest"), ("bob", "PC1"), "bob on PC1"),
    ("$a$$b$", ("a", "b"), ("1", "2"), "12"),
    ("$dest$ and $dest$", ("dest", "dest"), ("PC1", "PC1"), "PC1 and PC1"),
    ("$$5 by $user$", ("user",), ("bob",), "$5 by bob"),
    ("paid $5 to $user$", ("user",), ("bob",), "paid $5 to bob"),
    ("$All_Risk.risk-object$", ("All_Risk.risk-object",), ("PC1",), "PC1"),
    ("100% of $dest$ %s", ("dest",), ("PC1",), "100% of PC1 %s"),
    ("ends in $", (), (), "ends in $"),
    ("$two words$", (), (), "$two words$"),
    ("", (), (), ""),
]


@pytest.mark.parametrize(("message", "fields", "values", "expected"), CASES)
def test_message(message: str, fields: tuple[str, ...], values: tuple[str, ...], expected: str) -> None:
    template = Template(message)
    assert (template.fields, template.fill(values)) == (fields, expected)


@given(st.text(), st.text())
def test_values_are_data(one: str, two: str) -> None:
    """A value that looks like a token, a dollar or a format field appears as it is."""
    assert Template("<$one$|$two$>").fill([one, two]) == f"<{one}|{two}>"


@given(st.text())
def test_any_text_can_be_written_as_a_message(text: str) -> None:
    """Doubled dollars are the one escape there is, and it is enough."""
    template = Template(text.replace("$", "$$"))
    assert (template.fields, template.fill([])) == ((), text)
