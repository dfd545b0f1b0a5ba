"""The verdict on a search does not depend on the searches before it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from replay.check import check_search, check_searches
from replay.errors import Place
from replay.plan import plan_search
from replay.session import Session
from support import write_app

SEARCHES = {
    "Writes a lookup": "| makeresults | eval a=1 | outputlookup new.csv",
    "Reads it": "| inputlookup new.csv",
    "Looks up in it": "| makeresults | lookup new.csv a",
    "Trains": "| makeresults count=60 | streamstats count as x | fit DensityFunction x dist=norm into m",
    "Applies": "| makeresults | eval x=1 | apply m",
    "Sums up": "| summary m",
}
FAIL = ["Reads it", "Looks up in it", "Applies", "Sums up"]
"""They find nothing of what the others write."""


@pytest.fixture
def session(tmp_path: Path) -> Callable[[list[str]], Session]:
    """A session with an app that has these searches, in this order, and a collection."""

    def make(names: list[str]) -> Session:
        saved = {name: {"search": SEARCHES[name]} for name in names}
        transforms = {"kept": {"external_type": "kvstore", "collection": "kept", "fields_list": "_key, a"}}
        confs: dict[str, dict[str, dict[str, str]]] = {"savedsearches": saved, "transforms": transforms}
        confs["collections"] = {"kept": {}}
        return Session([write_app(tmp_path / "checked", confs)])

    return make


@pytest.mark.parametrize("first", range(len(SEARCHES)))
def test_whatever_came_before(first: int, session: Callable[[list[str]], Session]) -> None:
    names = [*list(SEARCHES)[first:], *list(SEARCHES)[:first]]
    checked = session(names)
    verdicts = {one.search: one.status for one in check_searches(checked) if one.app == checked.home}
    assert verdicts == {name: "fails" if name in FAIL else "runs" for name in SEARCHES}


def test_what_was_written_before_a_check_is_there_in_it_and_after_it(session: Callable[[list[str]], Session]) -> None:
    checked = session(list(SEARCHES))

    def rows(spl: str) -> list[object]:
        return list(checked.engine.rows(plan_search(spl, checked.context(checked.home, Place()))))

    rows("| makeresults | eval a=2 | outputlookup new.csv")
    rows("| makeresults | eval a=2 | outputlookup kept")
    tables = "SELECT table_name FROM duckdb_tables() WHERE NOT starts_with(table_name, 'lookup') ORDER BY 1"
    before = checked.engine.execute(tables)
    verdicts = {one.name: check_search(checked, one).status for one in checked.own_searches()}
    assert checked.engine.execute(tables) == before
    assert verdicts["Reads it"] == verdicts["Looks up in it"] == "runs"
    assert [dict(row)["a"] for row in rows("| inputlookup new.csv")] == ["2"]  # type: ignore[call-overload]
    assert [dict(row)["a"] for row in rows("| inputlookup kept")] == ["2"]  # type: ignore[call-overload]
