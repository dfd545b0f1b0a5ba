"""Which fields a search ends with, and when that cannot be told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from replay.linting.examined import ExaminedApp
from replay.linting.flow import Fields
from replay.linting.linter import lint
from replay.session import Session
from support import write_app, write_lookup

Ends = Callable[[str], Fields]

# search, fields that are there, fields that are certainly not
KNOWN = [
    ("index=win | stats count by dest", {"count", "dest"}, {"user"}),
    ("index=win | table dest user", {"dest", "user"}, {"host"}),
    ("index=win | fields dest | fields - dest", set(), {"dest"}),
    ("index=win | stats values(user) as who by dest | rename who as user", {"user", "dest"}, {"who"}),
    ("index=win | stats count by dest | eval kind=1 | rex field=dest \"(?<domain>x)\"", {"kind", "domain"}, {"user"}),
    ("| tstats count from datamodel=Endpoint.Processes by Processes.dest", {"Processes.dest"}, {"dest"}),
    ("| tstats count from datamodel=Endpoint.Processes by Processes.user | rename Processes.* as *", {"user"}, {"a"}),
    ("| makeresults | eval a=1", {"_time", "a"}, {"b"}),
    ("index=win | stats count by dest | append [search index=x | stats count by src]", {"dest", "src"}, {"user"}),
    ("index=win | stats count by dest | join dest [search index=x | table dest owner]", {"owner"}, {"user"}),
    ("| tstats count from datamodel=Endpoint.Processes by Processes.dest | adds level=1", {"added"}, {"user"}),
]  # fmt: skip

UNKNOWN = [
    "index=win",
    "index=win | eval a=1",
    "index=win | table dest u*",
    "index=win | stats values(*) as * by dest",
    "index=win | chart count over dest by user",
    "index=win | stats count by dest | lookup nobody_defines_it dest",
    "index=win | stats count by dest | append [search index=x]",
    "index=win | stats count by dest kind | eval {kind}=1",
    "index=win | stats count by dest | apply model",
    "| tstats count from datamodel=Endpoint.Processes by Processes.dest | other",
    "| savedsearch Nothing",
]


@pytest.fixture
def ends(tmp_path: Path) -> Ends:
    """The fields of the results of a search, in an app with two custom commands of which one is known."""

    def examine(text: str) -> Fields:
        command = {"filename": "nothing.py", "chunked": "true"}
        confs = {"savedsearches": {"S": {"search": text}}, "commands": {"adds": command, "other": command}}
        folder = write_app(tmp_path / "flow_app", confs)
        (folder / "bin").mkdir(exist_ok=True)
        (folder / "bin/nothing.py").touch()
        session = Session([folder])
        app = ExaminedApp(session, session.knowledge.apps[session.home], {"adds": ("added",)})
        assert app.searches[0].problem is None
        return app.searches[0].output

    return examine


@pytest.mark.parametrize(("text", "there", "missing"), KNOWN, ids=[text for text, *_ in KNOWN])
def test_fields_are_known(text: str, there: set[str], missing: set[str], ends: Ends) -> None:
    fields = ends(text)
    assert not fields.open
    assert there <= fields.names
    assert all(fields.lacks(name) for name in missing)
    assert not any(fields.lacks(name) for name in there)


@pytest.mark.parametrize("text", UNKNOWN)
def test_where_fields_are_open_nothing_is_missing(text: str, ends: Ends) -> None:
    fields = ends(text)
    assert fields.open
    assert not fields.lacks("surely_not_there")


CANNOT_BE_PLANNED = [
    ("index=win | stats count by dest | eval a=nosuch(1) | fields - count", "`eval` cannot be planned", "nosuch"),
    ("| stats count", "`stats` cannot be planned", "cannot be the first command"),
    ("index=win | append [| stats count] | stats count by a", "`append` cannot be planned", "the first command"),
    ("| datamodel Nope All search", "`datamodel` cannot be planned", "data model `Nope`"),
]


@pytest.mark.parametrize(("text", "command", "why"), CANNOT_BE_PLANNED, ids=[c[0] for c in CANNOT_BE_PLANNED])
def test_a_search_whose_fields_are_not_examined_says_why(text: str, command: str, why: str, tmp_path: Path) -> None:
    (found,) = lint(Session([write_app(tmp_path / "unplanned", {"savedsearches": {"S": {"search": text}}})]))
    assert found.rule.code == "RL001"
    assert command in found.message and "fields after it were not examined" in found.message and why in found.message


@pytest.mark.parametrize(
    "text",
    ["index=win | apply nobody_trained_it", "| inputlookup nobody | table a", "| tstats count from datamodel=Nope.All"],
)
def test_what_another_rule_tells_is_told_once(text: str, tmp_path: Path) -> None:
    found = lint(Session([write_app(tmp_path / "unplanned", {"savedsearches": {"S": {"search": text}}})]))
    assert "RL001" not in {one.rule.code for one in found}


RUNS_CODE = [
    "| makeresults | touches",
    "| makeresults | append [| makeresults | touches]",
    "index=a [| makeresults | touches | fields dest]",
    "| makeresults | join dest [| makeresults | touches]",
    "| makeresults | appendpipe [touches]",
    "| makeresults | map search=\"| makeresults | touches\"",
    "| makeresults | append [| savedsearch Touches]",
    "| makeresults | append savedsearch:Touches",
    "| from savedsearch:Touches",
    "| makeresults | foreach * [eval a=1] | touches | multisearch [search a=1 | touches] [search b=2]",
]  # fmt: skip


@pytest.mark.parametrize("text", RUNS_CODE)
def test_no_code_of_the_app_runs(text: str, tmp_path: Path) -> None:
    searches = {"S": {"search": text}, "Touches": {"search": "| makeresults | touches"}}
    commands = {"touches": {"filename": "touches.py", "chunked": "true"}}
    app = write_app(tmp_path / "codeful", {"savedsearches": searches, "commands": commands})
    (app / "bin").mkdir()
    (app / "bin/touches.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", encoding="utf-8")
    lint(Session([app]))
    assert not (tmp_path / "ran").exists()


def test_no_search_changes_what_another_one_reads(tmp_path: Path) -> None:
    searches = {
        "Writes": {"search": "| makeresults | eval b=1 | outputlookup table.csv"},
        "Reads": {"search": "| inputlookup table.csv", "action.risk.param._risk_message": "$a$"},
    }
    app = write_app(tmp_path / "writing", {"savedsearches": searches})
    write_lookup(app, "table.csv", [{"a": "1"}])
    assert lint(Session([app])) == []
