"""Search commands, one file per command: arguments -> node -> SQL.

A command is a frozen ``Struct`` that derives from ``Command`` and claims its names with ``@command("head")``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Self

from msgspec import Struct

from replay.errors import SearchError
from replay.registry import Registry
from replay.structs import AbstractStruct

if TYPE_CHECKING:
    from replay.context import Context
    from replay.plan import Parser
    from replay.relation import Relation
    from replay.spl.scanner import Scanner
    from replay.spl.search import SearchExpr


class Needs(Struct, frozen=True):
    """What a part of a pipeline reads.

    Attributes:
        names: of fields, maybe with ``*``.
        everything: it cannot be told which fields.
        where: a condition on the rows, if there is one: those that do not meet it may be left out.
    """

    names: frozenset[str] = frozenset()
    everything: bool = False
    where: SearchExpr | None = None

    def __or__(self, other: Needs) -> Needs:
        return Needs(self.names | other.names, self.everything or other.everything)

    @property
    def by_data(self) -> bool:
        """Which fields these are, only the events can tell."""
        return self.everything or any("*" in name for name in self.names)

    @classmethod
    def of(cls, *names: str) -> Needs:
        """These names."""
        return cls(frozenset(names))


EVERYTHING = Needs(everything=True)


class Command(AbstractStruct, frozen=True):
    """One command of a pipeline.

    Attributes:
        name: its own.
        addon: id of the app that brings it to Splunk; empty for a command of Splunk's own.
    """

    name: ClassVar[str] = ""
    addon: ClassVar[str] = ""

    @classmethod
    @abstractmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the command's arguments; ``s`` spans them exactly.

        Raises:
            SearchError: with the column of what was not understood.
        """

    @contextmanager
    def started(self, ctx: Context) -> Iterator[Command]:
        """The command, ready to be planned. What takes long to start does so while the commands before are planned."""
        yield self

    @abstractmethod
    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """The result set after this command."""

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """The result set if this command comes first; ``needs`` is what the commands after it read.

        Raises:
            SearchError: the command cannot come first.
        """
        raise SearchError(
            f"`{self.name}` cannot be the first command: a search begins with search terms or a generating command "
            "(tstats, inputlookup, makeresults, …)",
            ctx.place,
        )

    def needs(self, after: Needs) -> Needs:
        """What this command needs from the one before it, if the commands behind it need ``after``.

        The default is everything: right for every command, and slower on raw events.
        """
        return EVERYTHING

    def reads_events(self) -> bool:
        """True if the command may read events of its own, beside the rows that it is given.

        Then what the first command asks for does not say which events the search needs (prefilter.py). The default is
        true for a command that can come first or holds a pipeline. One that keeps a search as text must say so itself.
        """
        from replay.plan import Pipeline

        values = [getattr(self, name) for name in self.__struct_fields__]
        return type(self).generate is not Command.generate or any(isinstance(v, Pipeline) for v in _flat(values))

    def reads_datasets(self, ctx: Context) -> Iterator[tuple[str, str, str]]:
        """App, data model and dataset of each dataset that the command itself reads, beside those of its subsearches.

        Raises:
            SearchError, KnowledgeError: there is no such data model, or saved search.
        """
        return iter(())


def _flat(values: Iterable[object]) -> Iterator[object]:
    for value in values:
        if isinstance(value, tuple | list):
            yield from _flat(value)
        else:
            yield value


COMMANDS: Registry[type[Command]] = Registry("replay.commands", "search command")


def command(*names: str):  # type: ignore[no-untyped-def]  # returns a class decorator that keeps the class's type
    """Class decorator: the command answers to these names; the first is its own."""

    def register(cls: type[Command]) -> type[Command]:
        cls.name = names[0]
        return COMMANDS.claim(*names)(cls)

    return register
