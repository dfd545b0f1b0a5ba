"""Multivalue cells: our coding and the SDK's agree."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rba.multivalue import decode, encode
from splunklib.searchcommands.internals import RecordWriterV2
from splunklib.searchcommands.search_command import SearchCommand

CASES = [
    ([], ("", "")),
    (["a"], ("a", "")),
    (["a$b"], ("a$b", "")),
    (["a", "b"], ("a\nb", "$a$;$b$")),
    (["a$b", ""], ("a$b\n", "$a$$b$;$$")),
    (["$;$", ";"], ("$;$\n;", "$$$;$$$;$;$")),
]

# A separator may follow the last value: the SDK reads it so.
MALFORMED = ["a", "$a", "a$", "$a$b$", "$a$,$b$", "$a$;b", "$a$$", "$a$ ;$b$"]


@pytest.mark.parametrize(("values", "cells"), CASES)
def test_encode(values: list[str], cells: tuple[str, str]) -> None:
    assert encode(values) == cells


@pytest.mark.parametrize("cell", MALFORMED)
def test_a_malformed_cell_is_told_from_no_values(cell: str) -> None:
    assert decode(cell) is None


TEXTS = st.lists(st.text(alphabet=st.one_of(st.sampled_from("$;\n\"' a"), st.characters(exclude_categories=["Cs"]))))


@given(TEXTS)
def test_what_is_encoded_comes_back(values: list[str]) -> None:
    plain, multi = encode(values)
    assert (decode(multi) if multi else [plain][: len(values)]) == values


@given(TEXTS)
def test_the_sdk_writes_the_same_cells(values: list[str]) -> None:
    out = io.BytesIO()
    writer = RecordWriterV2(out)
    writer.write_record({"f": values, "end": "."})
    writer.write_chunk(finished=True)
    _, _, body = out.getvalue().partition(b"}")
    rows = list(csv.reader(io.StringIO(body.decode())))
    assert tuple(rows[1][:2]) == encode(values)


@given(TEXTS)
def test_the_sdk_reads_our_cells(values: list[str]) -> None:
    _, multi = encode([*values, "a", "b"])
    assert SearchCommand._decode_list(multi) == [*values, "a", "b"]


@given(st.text(alphabet="$;ab"))
def test_a_cell_is_read_as_the_sdk_reads_it_or_not_at_all(cell: str) -> None:
    values = decode(cell)
    assert values is None or values == SearchCommand._decode_list(cell)
