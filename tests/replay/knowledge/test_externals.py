"""Custom search commands of commands.conf."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from replay.errors import KnowledgeError
from replay.knowledge import Knowledge

Load = Callable[[dict[str, dict[str, str]]], Knowledge]

CONF = """
[enrich]
filename = enrich.py
chunked = true
python.version = python3
python.required = 3.9, 3.13

[old]
streaming = true
python.version = python3

[gone]
chunked = true

[escapes]
filename = ../evil.py

[off]
filename = enrich.py
disabled = 1
"""


@pytest.fixture
def knowledge(load: Load) -> Knowledge:
    """An app that exports its commands, one that does not, and a third that looks at both."""
    return load(
        {
            "TA": {
                "default/commands.conf": CONF,
                "bin/enrich.py": "",
                "bin/old.py": "",
                "evil.py": "",
                "metadata/default.meta": "[commands]\nexport = system\n",
            },
            "shy": {"default/commands.conf": "[mine]\n", "bin/mine.py": ""},
            "own": {},
        }
    )


def test_a_chunked_command(knowledge: Knowledge) -> None:
    command = knowledge.command("own", "enrich")
    assert command is not None
    assert (command.filename, command.chunked, command.python, command.app) == (
        "enrich.py",
        True,
        "3.9, 3.13",
        "TA",
    )
    assert command.path == knowledge.apps["TA"].folder / "bin/enrich.py"
    assert command.settings["python.version"] == "python3"


def test_a_command_of_the_old_protocol(knowledge: Knowledge) -> None:
    command = knowledge.command("own", "old")
    assert command is not None
    assert (command.filename, command.chunked, command.streaming, command.python) == (
        "old.py",
        False,
        True,
        "python3",
    )


def test_what_no_app_knows_is_no_custom_command(knowledge: Knowledge) -> None:
    assert knowledge.command("own", "stats") is None
    assert knowledge.commands("own") == ("enrich", "old", "gone", "escapes", "off")


MISSED = [
    ("mine", "search command `mine` is defined in `shy` but not exported to `own`"),
    ("off", "search command `off` is disabled"),
    ("gone", "search command `gone`: there is no "),
    ("escapes", "search command `escapes`: `../evil.py` lies outside bin/"),
]


@pytest.mark.parametrize(("name", "message"), MISSED)
def test_a_command_that_cannot_run_says_why(knowledge: Knowledge, name: str, message: str) -> None:
    with pytest.raises(KnowledgeError) as error:
        knowledge.command("own", name)
    assert error.value.message.startswith(message)
