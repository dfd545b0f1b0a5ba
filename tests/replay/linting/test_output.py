"""The formats: lines for people and editors, JSON, SARIF 2.1.0.

The SARIF document is held to what the OASIS specification demands of the parts that are written here (section numbers
in ``sarif.py``); a package with the schema is not among the dependencies.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from replay.errors import Place
from replay.linting.linter import lint
from replay.linting.output import OUTPUTS
from replay.linting.rule import Finding, all_rules, find_rule
from replay.session import Session
from support import write_app

RULE = find_rule("RL101")
FINDINGS = [
    Finding(RULE, Place("default/saved searches.conf", 7, "Shells [a]", "search", 12), "first `x` & <b>"),
    Finding(find_rule("RL208"), Place("/srv/app/default/macros.conf", 3, "m"), "second"),
    Finding(find_rule("RL002"), Place("pyproject.toml"), "third"),
]


def written(name: str, findings: list[Finding], capsys: pytest.CaptureFixture[str]) -> str:
    writer = OUTPUTS.get(name)
    assert writer is not None
    writer(findings)
    return capsys.readouterr().out


def test_the_formats() -> None:
    assert OUTPUTS.names() == ["json", "sarif", "text"]


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    lines = written("text", FINDINGS, capsys).splitlines()
    assert lines[0] == ("default/saved searches.conf:7:12: error RL101 token-not-output: [Shells [a]] first `x` & <b>")
    assert lines[1].startswith("/srv/app/default/macros.conf:3: note RL208 ")
    assert lines[2].startswith("pyproject.toml: warning RL002 ")
    assert f"  why:  {RULE.why}" in lines
    assert f"  mend: {RULE.mend}" in lines


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    first, *others = [json.loads(line) for line in written("json", FINDINGS, capsys).splitlines()]
    assert first == {
        "file": "default/saved searches.conf", "line": 7, "column": 12, "stanza": "Shells [a]", "key": "search",
        "rule": "RL101", "name": "token-not-output", "severity": "error", "message": "first `x` & <b>",
        "why": RULE.why, "mend": RULE.mend,
    }  # fmt: skip
    assert [one["line"] for one in others] == [3, None]


@pytest.fixture
def sarif(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(written("sarif", FINDINGS, capsys))
    return document


def test_sarif_has_one_run_of_this_version(sarif: dict[str, Any]) -> None:
    assert sarif["version"] == "2.1.0"
    assert sarif["$schema"].endswith("sarif-schema-2.1.0.json")
    assert len(sarif["runs"]) == 1
    assert sarif["runs"][0]["columnKind"] == "unicodeCodePoints"


def test_sarif_describes_each_rule(sarif: dict[str, Any]) -> None:
    described = sarif["runs"][0]["tool"]["driver"]["rules"]
    assert [one["id"] for one in described] == [rule.code for rule in all_rules()]
    for one in described:
        assert one["defaultConfiguration"]["level"] in ("error", "warning", "note")
        assert all(one[key]["text"] for key in ("shortDescription", "fullDescription", "help"))


def test_sarif_results_name_rule_and_place(sarif: dict[str, Any]) -> None:
    run = sarif["runs"][0]
    for result, finding in zip(run["results"], FINDINGS, strict=True):
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == finding.rule.code
        assert result["level"] == finding.rule.severity
        assert result["message"]["text"].startswith(finding.message)
    physical = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert physical[0] == {
        "artifactLocation": {"uri": "default/saved%20searches.conf"}, "region": {"startLine": 7, "startColumn": 12},
    }  # fmt: skip
    assert physical[1] == {
        "artifactLocation": {"uri": "file:///srv/app/default/macros.conf"}, "region": {"startLine": 3},
    }  # fmt: skip
    assert physical[2] == {"artifactLocation": {"uri": "pyproject.toml"}}
    assert run["results"][0]["locations"][0]["logicalLocations"] == [{"name": "Shells [a]", "kind": "object"}]


def test_sarif_without_findings_has_results_that_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(written("sarif", [], capsys))["runs"][0]["results"] == []


def test_a_file_below_the_working_directory_is_named_from_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app = write_app(tmp_path / "near", {"savedsearches": {"S": {"search": "index=a | nonsense"}}})
    monkeypatch.chdir(tmp_path)
    (found,) = lint(Session([app]))
    assert found.place.file == "near/default/savedsearches.conf"
