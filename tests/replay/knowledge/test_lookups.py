"""Lookups: by definition and by file name, and never outside lookups/."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from replay.errors import KnowledgeError
from replay.knowledge import Knowledge

Load = Callable[[dict[str, dict[str, str]]], Knowledge]

CONF = """
[plain]
filename = table.csv

[rich]
filename = table.csv
match_type = WILDCARD(process_name), cidr(ip)
case_sensitive_match = false
max_matches = 1
min_matches = 1
default_match = false
filter = isAllowed="true"

[temporal]
filename = table.csv
time_field = seen
max_offset_secs = 60

[store]
external_type = kvstore
collection = things
fields_list = _key, name, value

[script]
external_cmd = look.py a b
fields_list = a, b

[shapes]
external_type = geo
filename = shapes.kmz

[off]
filename = table.csv
disabled = 1

[gone]
filename = gone.csv

[escapes]
filename = ../secret.csv

[bad_match]
filename = table.csv
match_type = LIKE(x)

[unreadable_match]
filename = table.csv
match_type = WILDCARD

[no_collection]
external_type = kvstore

[extract]
REGEX = (a)
"""


@pytest.fixture
def knowledge(load: Load) -> Knowledge:
    """The app of the search, one that exports its lookups, one that does not."""
    return load(
        {
            "own": {
                "default/transforms.conf": CONF,
                "lookups/table.csv": "a,b\n1,2\n",
                "lookups/shapes.kmz": "",
                "secret.csv": "x\n",
            },
            "cim": {
                "default/transforms.conf": "[shared]\nfilename = shared.csv\n",
                "lookups/shared.csv": "a\n1\n",
                "metadata/default.meta": "[]\nexport = system\n",
            },
            "shy": {"default/transforms.conf": "[mine]\nfilename = mine.csv\n", "lookups/mine.csv": "a\n1\n"},
        }
    )


FOUND = [
    ("plain", "csv", "own", "table.csv"),
    ("table.csv", "csv", "own", "table.csv"),
    ("shared", "csv", "cim", "shared.csv"),
    ("shared.csv", "csv", "cim", "shared.csv"),
    ("shapes", "geo", "own", "shapes.kmz"),
    ("store", "kvstore", "own", None),
    ("script", "external", "own", None),
]


@pytest.mark.parametrize(("name", "kind", "app", "file"), FOUND)
def test_a_lookup_is_a_stanza_or_a_file(knowledge: Knowledge, name: str, kind: str, app: str, file: str | None) -> None:
    lookup = knowledge.lookup("own", name)
    path = knowledge.apps[app].folder / "lookups" / file if file else None
    assert (lookup.kind, lookup.app, lookup.path) == (kind, app, path)


def test_how_a_lookup_matches(knowledge: Knowledge) -> None:
    plain = knowledge.lookup("own", "plain")
    assert (plain.match_types, plain.case_sensitive, plain.filter) == ({}, True, None)
    assert (plain.max_matches, plain.min_matches, plain.default_match) == (100, 0, "")
    rich = knowledge.lookup("own", "rich")
    assert rich.match_types == {"process_name": "WILDCARD", "ip": "CIDR"}
    assert (rich.case_sensitive, rich.filter) == (False, 'isAllowed="true"')
    assert (rich.max_matches, rich.min_matches, rich.default_match) == (1, 1, "false")
    temporal = knowledge.lookup("own", "temporal")
    assert (temporal.time_field, temporal.max_matches) == ("seen", 1)
    assert (temporal.max_offset_secs, temporal.min_offset_secs) == (60, 0)


def test_a_collection(knowledge: Knowledge) -> None:
    store = knowledge.lookup("own", "store")
    assert (store.collection, store.fields_list) == ("things", ("_key", "name", "value"))


MISSED = [
    (
        "tablle.csv",
        "lookup `tablle.csv` is not defined (no transforms.conf stanza and no lookups/tablle.csv file",
    ),
    (
        "planes",
        "lookup `planes` is not defined (no transforms.conf stanza and no lookups/planes file in the loaded",
    ),
    ("mine", "lookup `mine` is defined in `shy` but not exported to `own`"),
    ("mine.csv", "lookup `mine.csv` is defined in `shy` but not exported to `own`"),
    ("off", "lookup `off` is disabled"),
    ("gone", "lookup `gone`: no app has its file lookups/gone.csv; put the table into"),
    ("escapes", "`../secret.csv` must be the name of a file inside"),
    ("../secret.csv", "`../secret.csv` must be the name of a file inside"),
    ("..", "`..` must be the name of a file inside"),
    ("x" * 300, f"`{'x' * 300}` must be the name of a file inside"),
    ("bad_match", "cannot read match_type `LIKE(x)`"),
    ("unreadable_match", "cannot read match_type `WILDCARD`"),
    ("no_collection", "lookup `no_collection` names no `collection`"),
    ("extract", "`extract` in transforms.conf is a field transform, not a lookup"),
]


@pytest.mark.parametrize(("name", "message"), MISSED)
def test_a_lookup_that_cannot_be_used_says_why(knowledge: Knowledge, name: str, message: str) -> None:
    with pytest.raises(KnowledgeError) as error:
        knowledge.lookup("own", name)
    assert error.value.message.startswith(message)


def test_the_nearest_lookup_is_named(knowledge: Knowledge) -> None:
    with pytest.raises(KnowledgeError, match=r"nearest: `table.csv`"):
        knowledge.lookup("own", "tables.csv")


def test_a_link_out_of_the_folder_is_refused(knowledge: Knowledge, tmp_path: Path) -> None:
    (tmp_path / "own/lookups/link.csv").symlink_to(tmp_path / "own/secret.csv")
    with pytest.raises(KnowledgeError, match=r"`link.csv` must be the name of a file inside"):
        knowledge.lookup("own", "link.csv")


def test_a_search_that_writes_may_name_a_file_that_is_not_there_yet(knowledge: Knowledge) -> None:
    folder = knowledge.apps["own"].folder / "lookups"
    assert knowledge.lookup("own", "new.csv", must_exist=False).path == folder / "new.csv"
    assert knowledge.lookup("own", "gone", must_exist=False).path == folder / "gone.csv"
    with pytest.raises(KnowledgeError, match="lookup `new` is not defined"):
        knowledge.lookup("own", "new", must_exist=False)
