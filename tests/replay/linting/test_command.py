"""``replay lint`` as a user has it: streams and exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, write_app

DONE, ERRORS, WRONG = 0, 1, 2


def lint(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from replay.cli import main; main()", "lint", *map(str, arguments)]
    environment = {"PYTHONPATH": str(ROOT / "dev"), "PATH": "", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, env=environment)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """An app with an error and a warning."""
    saved = {"S": {"search": "index=a | lookup nobody dest", "action.correlationsearch.enabled": "1"}}
    return write_app(tmp_path / "broken", {"savedsearches": saved})


def test_errors_fail(broken: Path) -> None:
    done = lint("--app", broken)
    assert done.returncode == ERRORS
    assert "error RL305 lookup-undefined: [S] lookup `nobody` is not defined" in done.stdout
    assert done.stderr == "1 error, 1 warning, 0 notes\n"


def test_warnings_do_not(tmp_path: Path) -> None:
    saved = {"S": {"search": "index=a", "action.correlationsearch.enabled": "1"}}
    done = lint("--app", write_app(tmp_path / "mild", {"savedsearches": saved}), "--output", "json")
    assert done.returncode == DONE
    assert [json.loads(line)["rule"] for line in done.stdout.splitlines()] == ["RL302"]


def test_an_app_in_which_nothing_is_examined_is_told(tmp_path: Path) -> None:
    done = lint("--app", write_app(tmp_path / "bare", {"props": {"x": {"KV_MODE": "none"}}}))
    assert done.returncode == DONE
    says = f"{tmp_path / 'bare'} has none of savedsearches.conf, macros.conf, commands.conf: nothing was examined"
    assert " ".join(done.stderr.split()) == f"warning: {says} 0 errors, 0 warnings, 0 notes"


def test_the_last_app_is_linted_and_those_before_it_are_known(broken: Path, tmp_path: Path) -> None:
    transforms = {"nobody": {"external_type": "kvstore", "collection": "nobody", "fields_list": "dest, owner"}}
    knows = write_app(tmp_path / "knows", {"transforms": transforms, "collections": {"nobody": {}}})
    (knows / "metadata/default.meta").write_text("[]\nexport = system\n", encoding="utf-8")
    assert "RL305" not in lint("--app", knows, "--app", broken).stdout
    assert lint("--app", broken, "--app", knows).stdout == ""


def test_sarif_goes_to_standard_output(broken: Path) -> None:
    done = lint("--app", broken, "--output", "sarif")
    assert [one["ruleId"] for one in json.loads(done.stdout)["runs"][0]["results"]] == ["RL302", "RL305"]


@pytest.mark.parametrize("name", ["RL101", "token-not-output"])
def test_explain_takes_code_or_name(name: str) -> None:
    done = lint("--explain", name)
    assert done.returncode == DONE
    assert done.stdout.startswith("## RL101 token-not-output\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--explain", "token-not-outptu"], "nearest: token-not-output"),
        (["--output", "xml"], "one of json, sarif, text"),
        (["--app", "nowhere"], "no such app folder"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], says: str) -> None:
    done = lint(*arguments)
    assert (done.returncode, done.stdout) == (WRONG, "")
    assert says in done.stderr
