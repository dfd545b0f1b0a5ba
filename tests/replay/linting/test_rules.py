"""Every rule by its own examples: the bad one is found, the good one is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from replay.linting import rules
from replay.linting.rule import Finding, Rule, all_rules
from support import ROOT

from .conftest import Linted

RULES_FOLDER = Path(rules.__file__).parent


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_the_bad_example_is_found(rule: Rule, linted: Linted) -> None:
    found = linted(rule.bad, rule.code)
    assert found
    for one in found:
        assert located(one), one.place


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_the_good_example_is_not(rule: Rule, linted: Linted) -> None:
    assert linted(rule.good, rule.code) == []


def located(found: Finding) -> bool:
    """The finding names a line of a file in its stanza (a switch in pyproject.toml has none)."""
    return found.place.file is not None and found.place.line is not None


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_a_rule_says_all(rule: Rule) -> None:
    assert re.fullmatch(r"RL\d{3}", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
    for text in (rule.why, rule.mend):
        assert text.endswith((".", ":", "search *", "system."))
    assert not rule.title.endswith(".")


def test_one_file_holds_one_rule_and_is_called_like_it() -> None:
    files = {path.stem for path in RULES_FOLDER.glob("*.py")} - {"__init__"}
    assert files == {rule.name.replace("-", "_") for rule in all_rules()}


def test_the_files_begin_with_the_code_of_their_rule() -> None:
    for rule in all_rules():
        text = (RULES_FOLDER / f"{rule.name.replace('-', '_')}.py").read_text(encoding="utf-8")
        assert text.startswith(f'"""{rule.code}: ')


def test_the_rules_are_in_the_project_and_not_shipped() -> None:
    assert RULES_FOLDER.is_relative_to(ROOT / "dev")
