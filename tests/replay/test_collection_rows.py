"""KV store lookups in a session: what is written is read, matched as other lookups are, and typed as declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from replay.errors import KnowledgeError
from support import run_spl, same_rows, write_app

Rows = list[dict[str, Any]]
KV = {"external_type": "kvstore", "collection": "things", "fields_list": "_key, k, v, n"}
TRANSFORMS = {
    "kv": KV,
    "wild": {**KV, "match_type": "WILDCARD(k)", "case_sensitive_match": "false"},
    "net": {**KV, "match_type": "CIDR(k)", "max_matches": "1"},
    "padded": {**KV, "min_matches": "1", "default_match": "none"},
    "filtered": {**KV, "filter": "v!=b"},
    "open": {"external_type": "kvstore", "collection": "things"},
    "nested": {"external_type": "kvstore", "collection": "things", "fields_list": "_key, k"},
    "strict": {**KV, "collection": "strict"},
    "lost": {**KV, "collection": "nowhere"},
}
COLLECTIONS = {
    "things": {"field.n": "number"},
    "strict": {"field.n": "number", "enforceTypes": "true"},
}
THREE = (
    '| makeresults count=3 | streamstats count as n | eval _key="k".n, k=case(n=1, "a*", n=2, "b", n=3, "ab"), '
    'v=case(n=1, "x", n=2, "b", n=3, "z"), more="m" | outputlookup kv | where false() '
)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write_app(tmp_path / "cases", {"transforms": TRANSFORMS, "collections": COLLECTIONS})


def run(spl: str, app: Path) -> tuple[Rows, list[str]]:
    warnings: list[str] = []
    rows, _ = run_spl(spl, app, warn=warnings.append)
    return rows, warnings


CASES: list[tuple[str, Rows]] = [
    ("inputlookup append=t kv", [{"_key": "k1", "k": "a*", "v": "x", "n": "1"},
                                 {"_key": "k2", "k": "b", "v": "b", "n": "2"},
                                 {"_key": "k3", "k": "ab", "v": "z", "n": "3"}]),
    ("inputlookup append=t kv where n>1 | table k", [{"k": "b"}, {"k": "ab"}]),
    ("inputlookup append=t max=1 start=1 kv | table k", [{"k": "b"}]),
    ("inputlookup append=t filtered | table v", [{"v": "x"}, {"v": "z"}]),
    ("inputlookup append=t open | table k more", [{"k": "a*"}, {"k": "b"}, {"k": "ab"}]),
    # append adds, a key that is there is replaced, and without append all else goes
    ('append [| makeresults | eval k="new", _key="k9"] | outputlookup append=t kv '
     "| inputlookup append=t kv | stats count",
     [{"count": 5}]),
    ('append [| makeresults | eval k="new", _key="k2"] | outputlookup append=t kv | where false() '
     "| inputlookup append=t kv | table _key k v", [{"_key": "k1", "k": "a*", "v": "x"}, {"_key": "k2", "k": "new"},
                                                    {"_key": "k3", "k": "ab", "v": "z"}]),
    ('append [| makeresults | eval k="new", id=2] | outputlookup key_field=id kv | where false() '
     "| inputlookup append=t kv | table _key k", [{"_key": "2", "k": "new"}, {"_key": "k1", "k": "a*"},
                                                  {"_key": "k2", "k": "b"}, {"_key": "k3", "k": "ab"}]),
    ('append [| makeresults | eval k="new"] | outputlookup kv | where false() | inputlookup append=t kv | table k',
     [{"k": "new"}]),
    ("append [| makeresults count=3 | streamstats count as k] | outputlookup max=2 kv | where false() "
     "| inputlookup append=t kv | table k", [{"k": "1"}, {"k": "2"}]),
    # nothing to write empties the collection, unless told not to
    ("outputlookup kv | inputlookup append=t kv", []),
    ("outputlookup override_if_empty=f kv | inputlookup append=t kv | stats count", [{"count": 3}]),
    ("outputlookup append=t kv | inputlookup append=t kv | stats count", [{"count": 3}]),
    # multivalues are arrays
    ('append [| makeresults | eval k=mvappend("p", "q")] | outputlookup kv | where false() | inputlookup append=t kv '
     "| table k", [{"k": ["p", "q"]}]),
]  # fmt: skip


@pytest.mark.parametrize(("spl", "expected"), CASES, ids=[spl for spl, _ in CASES])
def test_reading_and_writing(spl: str, expected: Rows, app: Path) -> None:
    rows, warnings = run(f"{THREE} | {spl}", app)
    assert same_rows(rows, expected, ordered=True), rows
    assert warnings == []


MATCHES: list[tuple[str, str, dict[str, Any]]] = [
    ("b", "kv k OUTPUT v", {"v": "b"}),
    ("B", "kv k OUTPUT v", {}),
    ("ab", "kv k OUTPUT v n", {"v": "z", "n": "3"}),
    ("b", "kv k OUTPUT _key AS key", {"key": "k2"}),
    ("b", "kv k", {"v": "b", "n": "2"}),
    ("AB", "wild k OUTPUT v", {"v": ["x", "z"]}),
    ("Abc", "wild k OUTPUT v", {"v": "x"}),
    ("nope", "padded k OUTPUT v", {"v": "none"}),
    ("b", "filtered k OUTPUT v", {}),
]


@pytest.mark.parametrize(("value", "lookup", "outputs"), MATCHES)
def test_matching(value: str, lookup: str, outputs: dict[str, Any], app: Path) -> None:
    rows, _ = run(f'{THREE} | append [| makeresults | eval k="{value}"] | lookup {lookup} | fields - _time', app)
    assert same_rows(rows, [{"k": value, **outputs}], ordered=True), rows


EMPTY: list[tuple[str, dict[str, Any]]] = [
    ("kv k OUTPUT v", {}),
    ("kv k OUTPUTNEW v", {"v": "old"}),
    ("wild k OUTPUT v", {}),
    ("net k OUTPUT v AS w", {"v": "old"}),
    ("padded k OUTPUT v", {"v": "none"}),
    ("padded k OUTPUTNEW v", {"v": "old"}),
    ("padded k AS missing OUTPUT v AS w", {"v": "old"}),
]


@pytest.mark.parametrize(("lookup", "left"), EMPTY)
def test_a_lookup_that_holds_nothing(lookup: str, left: dict[str, Any], app: Path) -> None:
    rows, _ = run(f'| makeresults | eval k="b", v="old" | lookup {lookup} | fields - _time', app)
    assert same_rows(rows, [{"k": "b", **left}], ordered=True), rows


def test_networks(app: Path) -> None:
    write = '| makeresults | eval k="10.0.0.0/8", v="inside" | outputlookup kv'
    rows, _ = run(f'{write} | eval k="10.1.2.3" | lookup net k OUTPUT v AS w | table w', app)
    assert rows == [{"w": "inside"}]


def test_upper_case_in_a_collection_matches_nothing_without_case_and_that_is_said(app: Path) -> None:
    write = '| makeresults | eval k="Cmd*", v="x" | outputlookup kv'
    rows, warnings = run(f'{write} | eval k="cmd.exe" | lookup wild k OUTPUT v AS w | table k w', app)
    assert rows == [{"k": "cmd.exe"}]
    assert "`k` holds upper case: write it in lower case" in warnings[0]


def test_a_value_of_another_type_is_left_out_and_said_or_refused(app: Path) -> None:
    write = '| makeresults | eval k="1", n="many" | outputlookup'
    rows, warnings = run(f"{write} kv | where false() | inputlookup append=t kv | table k n", app)
    assert rows == [{"k": "1"}]
    assert warnings == ["collection `things`: a value that is no number is not in `n`"]
    with pytest.raises(KnowledgeError, match="collection `strict` takes no 'many' in `n`"):
        run(f"{write} strict", app)


def test_documents_that_may_not_be_updated_stay(app: Path) -> None:
    again = 'append [| makeresults | eval k="new", _key="k2"] | outputlookup append=t allow_updates=f kv'
    rows, warnings = run(f"{THREE} | {again} | where false() | inputlookup append=t kv where _key=k2 | table k", app)
    assert rows == [{"k": "b"}]
    assert "leaves 1 as they are" in warnings[0]


def test_a_collection_that_is_not_declared(app: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"KV store collection `nowhere` has no stanza in collections\.conf"):
        run("| inputlookup lost", app)


def test_one_collection_has_one_content_whatever_the_definition(app: Path) -> None:
    rows, _ = run(f"{THREE} | inputlookup append=t nested | fields - _key", app)
    assert rows == [{"k": "a*"}, {"k": "b"}, {"k": "ab"}]
