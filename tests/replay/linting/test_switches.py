"""Rules are switched off by comments and pyproject.toml; a switch that is wrong or useless is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from replay.errors import ReplayError

from .conftest import Linted

SEARCH = "search = | tstats summariesonly=true count from datamodel=Endpoint.Processes by Processes.dest\n"
ON = f"[Shells]\n{SEARCH}"

OFF = {
    "a comment above the key": (f"[Shells]\n# replay-lint: ignore=RL202 measured\n{SEARCH}", ""),
    "a comment above the stanza": (f"# replay-lint: ignore=RL202 measured\n[Shells]\n{SEARCH}", ""),
    "a comment with a name": (f"# replay-lint: ignore=summariesonly-hard-coded measured\n[Shells]\n{SEARCH}", ""),
    "comments among others": (f"# one\n# replay-lint: ignore=RL202 measured\n# two\n[Shells]\n{SEARCH}", ""),
    "the whole app": (ON, '[tool.replay.lint]\nignore = ["RL202"]\n'),
    "stanzas by pattern": (ON, '[tool.replay.lint.per-stanza-ignores]\n"Sh*" = ["summariesonly-hard-coded"]\n'),
}


def test_it_is_on(linted: Linted) -> None:
    assert [found.rule.code for found in linted(ON)] == ["RL202"]


@pytest.mark.parametrize(("text", "pyproject"), OFF.values(), ids=OFF)
def test_it_is_off(text: str, pyproject: str, linted: Linted) -> None:
    assert linted(text, pyproject=pyproject) == []


USELESS = {
    "above another key": (f"[Shells]\n{SEARCH}# replay-lint: ignore=RL202 measured\ndescription = x\n", ""),
    "above another stanza": (f"# replay-lint: ignore=RL202 measured\n[Other]\nsearch = index=a\n{ON}", ""),
    "for another stanza": (ON, '[tool.replay.lint.per-stanza-ignores]\n"Other" = ["RL202"]\n'),
}


@pytest.mark.parametrize(("text", "pyproject"), USELESS.values(), ids=USELESS)
def test_a_switch_without_effect_is_told(text: str, pyproject: str, linted: Linted) -> None:
    assert {found.rule.code for found in linted(text, pyproject=pyproject)} == {"RL002", "RL202"}


def test_a_continued_line_is_no_comment(linted: Linted) -> None:
    text = "[Shells]\nsearch = index=a \\\n# replay-lint: ignore=RL202 this is a part of the search\n"
    assert "RL002" not in {found.rule.code for found in linted(text)}


WRONG = {
    "no such rule": ("# replay-lint: ignore=RL999 why\n[S]\nsearch = index=a\n", "", "no rule `RL999`"),
    "no reason": ("# replay-lint: ignore=RL202\n[S]\nsearch = index=a\n", "", "say why"),
    "no meaning": ("# replay-lint: disable RL202\n[S]\nsearch = index=a\n", "", "write `# replay-lint: ignore="),
    "above nothing": ("# replay-lint: ignore=RL202 why\n\n[S]\nsearch = index=a\n", "", "above no stanza"),
    "at the end": ("[S]\nsearch = index=a\n# replay-lint: ignore=RL202 why\n", "", "above no stanza"),
    "no such rule in pyproject": (ON, '[tool.replay.lint]\nignore = ["summaries-hard-coded"]\n', "nearest: summar"),
    "no such key": (ON, '[tool.replay.lint]\nignores = ["RL202"]\n', "no key `ignores`"),
    "not a list": (ON, '[tool.replay.lint]\nignore = "RL202"\n', "is a list of texts"),
    "not a table": (ON, '[tool.replay.lint]\ncustom-commands = ["a"]\n', "is a table"),
    "not TOML": (ON, "[tool.replay.lint\n", "cannot be read"),
}


@pytest.mark.parametrize(("text", "pyproject", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_switch_is_an_error_with_its_place(text: str, pyproject: str, says: str, linted: Linted) -> None:
    with pytest.raises(ReplayError, match=says.replace("(", r"\(")) as error:
        linted(text, pyproject=pyproject)
    assert error.value.place.file is not None


def test_what_a_custom_command_adds_is_read_from_pyproject(linted: Linted, tmp_path: Path) -> None:
    text = (
        "[S]\nsearch = | makeresults | owner\naction.risk.param._risk_message = $team$ $typo$\n"
        "# commands.conf\n[owner]\nfilename = owner.py\nchunked = true\n"
    )
    (tmp_path / "example/bin").mkdir(parents=True)
    (tmp_path / "example/bin/owner.py").touch()
    assert linted(text, "RL101") == []
    adds = '[tool.replay.lint.custom-commands]\nowner = ["team"]\n'
    (found,) = linted(text, "RL101", adds)
    assert "`typo`" in found.message
