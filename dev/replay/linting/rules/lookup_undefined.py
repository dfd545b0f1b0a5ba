"""RL305: a lookup that nobody defines."""

from __future__ import annotations

from collections.abc import Iterator

from replay.commands import Command
from replay.commands.from_ import From
from replay.commands.inputlookup import InputLookup
from replay.commands.lookup import Lookup
from replay.commands.outputlookup import OutputLookup
from replay.errors import KnowledgeError
from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule


@search_rule(
    "RL305", "lookup-undefined", "error",
    title="A lookup that no app defines, or that its app does not export",
    why="The search fails, or its first users find out that a lookup of another app is missing.",
    mend="Ship the table in lookups/ and its definition in transforms.conf, or name the app that brings it among the "
    "requirements and load it here, too: the last --app is linted, those before it are known.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | lookup known_admins user OUTPUT reason
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | lookup known_admins user OUTPUT reason
# transforms.conf
[known_admins]
external_type = kvstore
collection = known_admins
fields_list = user, reason
# collections.conf
[known_admins]
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """``outputlookup`` may make a CSV file that is not there yet."""
    for name, may_be_new in dict.fromkeys(_tables(search)):
        try:
            search.context.knowledge.lookup(search.context.app, name, must_exist=not may_be_new)
        except KnowledgeError as error:
            yield Found(search.find(name), error.message)


def _tables(search: ExaminedSearch) -> Iterator[tuple[str, bool]]:
    for command in search.every_command():
        name = _table(command)
        if name is not None:
            yield name, isinstance(command, OutputLookup) and name.endswith((".csv", ".csv.gz"))


def _table(command: Command) -> str | None:
    match command:
        case Lookup(table=name) | InputLookup(table=name) | OutputLookup(table=name):
            return name
        case From(kind="inputlookup" | "lookup", dataset_name=name):
            return name
    return None
