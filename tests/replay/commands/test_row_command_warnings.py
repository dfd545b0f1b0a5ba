"""Where a row command does less than the search says, as Splunk does or because Splunk is not here, it warns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import run_spl, write_app

Rows = list[dict[str, Any]]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    transforms = {"kv": {"external_type": "kvstore", "collection": "things", "fields_list": "_key, k, v"}}
    return write_app(tmp_path / "cases", {"transforms": transforms, "collections": {"things": {}}})


def run(spl: str, app: Path) -> tuple[Rows, list[str]]:
    warnings: list[str] = []
    rows, _ = run_spl(spl, app, warn=warnings.append)
    return rows, warnings


def test_a_subsearch_counts_to_10000(app: Path) -> None:
    many = "| makeresults count=10001 | eval a=1"
    rows, warnings = run(f"| makeresults | eval a=1 | search [{many} | fields a] | table a", app)
    assert rows == [{"a": 1.0}]
    assert len(warnings) == 1
    assert "10000" in warnings[0]


@pytest.mark.parametrize(
    ("commands", "rows"),
    [
        ("append maxout=2 [| makeresults count=3]", 3),
        ("join type=left a [| makeresults count=50001 | eval a=1]", 1),
        ("union maxout=1 [| makeresults count=2]", 2),
        ("appendcols maxout=1 [| makeresults count=2 | eval b=1]", 1),
    ],
)
def test_the_rows_of_a_subsearch_are_limited(commands: str, rows: int, app: Path) -> None:
    found, warnings = run(f"| makeresults | eval a=1 | {commands}", app)
    assert len(found) == rows
    assert len(warnings) == 1
    assert "only the first" in warnings[0]


def test_nothing_is_said_within_the_limit(app: Path) -> None:
    assert run("| makeresults | append maxout=3 [| makeresults count=3]", app)[1] == []


def test_map_runs_for_ten_rows(app: Path) -> None:
    rows, warnings = run('| makeresults count=11 | eval a=1 | map search="| makeresults | eval x=$a$"', app)
    assert len(rows) == 10
    assert "first 10 rows" in warnings[0]


def test_collect_says_that_it_writes_nothing(app: Path) -> None:
    rows, warnings = run("| makeresults | collect index=summary", app)
    assert len(rows) == 1
    assert "summary" in warnings[0]


def test_an_empty_collection_is_empty_and_says_so(app: Path) -> None:
    rows, warnings = run("| makeresults | eval k=1 | lookup kv k OUTPUT v | table k v", app)
    assert rows == [{"k": 1.0}]
    assert "KV store collection `things`" in warnings[0]


def test_a_collection_that_the_session_wrote_is_not_empty(app: Path) -> None:
    write = '| makeresults | eval k="1", v="a", other="x" | outputlookup kv'
    read = "lookup kv k OUTPUT v AS w | table k w | inputlookup append=t kv | fields - _key"
    rows, warnings = run(f"{write} | {read}", app)
    assert rows == [{"k": "1", "w": "a"}, {"k": "1", "v": "a"}]
    assert warnings == []


def test_a_key_field_replaces_the_rows_of_the_same_key(app: Path) -> None:
    first = '| makeresults count=1 | eval k="1", v="a" | outputlookup key_field=k kv'
    second = '| eval v="b" | outputlookup append=t key_field=k kv'
    third = '| eval k="2" | outputlookup append=t key_field=k kv'
    rows, _ = run(f"{first} {second} {third} | where false() | inputlookup append=t kv | table k v _key", app)
    assert rows == [{"k": "1", "v": "b", "_key": "1"}, {"k": "2", "v": "b", "_key": "2"}]


def test_spath_says_that_it_stopped_reading(app: Path) -> None:
    long = '| makeresults | eval pad=printf("%6000s", "x"), j="{\\"p\\":\\"" . pad . "\\"}"'
    _, warnings = run(f"{long} | spath input=j", app)
    assert "first 5000 characters" in warnings[0]
    assert run(f"{long} | spath input=j path=p output=p", app)[1] == []


def test_join_with_aliases_says_that_the_names_are_not_documented(app: Path) -> None:
    join = "join left=L right=R where L.a=R.b [| makeresults | eval b=1]"
    assert "L.a and R.b" in run(f"| makeresults | eval a=1 | {join}", app)[1][0]


def test_the_files_of_an_app_are_never_written(app: Path) -> None:
    before = sorted(p for p in app.rglob("*"))
    run("| makeresults | outputlookup new.csv | outputlookup kv | collect index=x", app)
    assert sorted(p for p in app.rglob("*")) == before
