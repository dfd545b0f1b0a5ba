"""What the search assistant says about the command."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

Read = Callable[[str], dict[str, dict[str, str]]]


@pytest.fixture(scope="module")
def command(conf: Read) -> dict[str, str]:
    return conf("default/searchbnf.conf")["rbaenrich-command"]


def test_the_command_is_public_and_described(command: dict[str, str]) -> None:
    assert command["usage"] == "public"
    assert command["shortdesc"]
    assert command["description"]


@pytest.mark.parametrize("option", ["detection", "output", "prefix"])
def test_every_option_is_in_the_syntax_and_in_the_text(conf: Read, command: dict[str, str], option: str) -> None:
    options = conf("default/searchbnf.conf")["rbaenrich-options"]["syntax"]
    assert f"{option}=" in command["syntax"] + options
    assert option in command["description"]


def test_every_example_has_a_comment_and_runs_the_command(command: dict[str, str]) -> None:
    examples = {key.removeprefix("example"): text for key, text in command.items() if key.startswith("example")}
    assert sorted(examples) == ["1", "2", "3"]
    for number, example in examples.items():
        assert command[f"comment{number}"]
        assert re.search(r'\| rbaenrich detection="[^"]+ - Rule"', example)
