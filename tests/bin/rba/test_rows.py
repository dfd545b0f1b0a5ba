"""The body of a chunk: whatever was written comes back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rba.rows import read_rows

CASES = [
    ("", []),
    ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
    ('a\n"x\r\ny"\n', [["a"], ["x\r\ny"]]),
    ("a,b\n1\n", [["a", "b"], ["1"]]),
    ("a,b\n1\r2,\0\n", [["a", "b"], ["1\r2", "\0"]]),
    ('a,b\n"1\r2","\0"\r\n3,4\n', [["a", "b"], ["1\r2", "\0"], ["3", "4"]]),
    ("a,b\n\0,\ue000\ue001\n", [["a", "b"], ["\0", "\ue000\ue001"]]),
]


@pytest.mark.parametrize(("body", "rows"), CASES)
def test_rows(body: str, rows: list[list[str]]) -> None:
    assert list(read_rows(body)) == rows


CELLS = st.text(alphabet=st.one_of(st.sampled_from('\0\r\n,"\ue000'), st.characters(exclude_categories=["Cs"])))


@given(st.lists(st.lists(CELLS, min_size=1), min_size=1), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
def test_what_is_written_comes_back(rows: list[list[str]], quoting: int) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    assert list(read_rows(out.getvalue())) == rows
