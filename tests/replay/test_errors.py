"""Places: each error says where, with the parts that are known."""

from __future__ import annotations

import pytest
from replay.errors import Place, ReplayError, SearchError

PLACES = [
    (Place(), ""),
    (Place(file="a.conf"), "a.conf"),
    (Place(file="a.conf", line=3), "a.conf:3"),
    (Place(file="a.conf", line=3, stanza="x", key="search", column=7), "a.conf:3 [x] search column 7"),
    (Place(column=7), "column 7"),
    (Place(file="log.xml", byte=0), "log.xml byte 0"),
]


@pytest.mark.parametrize(("place", "text"), PLACES)
def test_a_place_as_text(place: Place, text: str) -> None:
    assert str(place) == text


def test_a_place_takes_what_it_does_not_know_from_the_one_around_it() -> None:
    inner, outer = Place(column=7), Place(file="a.conf", line=3, column=1)
    assert inner.within(outer) == Place(file="a.conf", line=3, column=7)


def test_an_error_begins_with_its_place() -> None:
    assert str(SearchError("wrong", Place(column=2))) == "column 2: wrong"
    assert str(ReplayError("wrong")) == "wrong"
    assert isinstance(SearchError("wrong"), ReplayError)
