"""Which fields a search has after each of its commands, told without events.

The commands plan themselves on an empty store that has every field it is asked for. Where fields cannot be told (events
are read with all their fields, a command makes its fields from data, a custom command adds what it likes), they are
*open*: then a field that is not listed may still be there, and no rule may say that it is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import asdict

from replay.commands import EVERYTHING, Command, Needs
from replay.commands.from_ import From
from replay.commands.map import Map
from replay.commands.outputlookup import OutputLookup
from replay.commands.savedsearch import SavedSearch
from replay.context import Context
from replay.errors import ReplayError
from replay.external import External
from replay.knowledge.datamodels import DEFAULT_FIELDS
from replay.plan import Parser, Pipeline, needs_of, parts
from replay.relation import NULL, ORDER, Kind, Relation, assign_columns
from replay.spl.scanner import Scanner
from replay.spl.search import SearchExpr, fields_of

_EVENT_FIELDS = (*sorted(DEFAULT_FIELDS), "index", "splunk_server", "linecount", "eventtype", "tag")
# Commands that come first and have no other fields than their plan says.
_CLOSED = frozenset(("tstats", "inputlookup", "makeresults", "from"))
# Commands whose plan tells all fields that they add or remove. Every other one opens the fields.
_FAITHFUL = frozenset(
    (
        *("search", "where", "regex", "dedup", "head", "tail", "sort", "reverse", "noop", "addinfo", "collect"),
        *("eval", "fillnull", "filldown", "rex", "replace", "convert", "bin", "strcat", "rangemap", "fieldformat"),
        *("rename", "fields", "table", "stats", "eventstats", "streamstats", "accum", "top", "makemv", "mvexpand"),
        *("mvcombine", "nomv", "lookup", "outputlookup", "append", "appendpipe", "appendcols", "join"),
    )
)


class Fields(Struct, frozen=True):
    """Fields at one point of a search; ``open`` if there may be others."""

    names: frozenset[str]
    open: bool

    def lacks(self, name: str) -> bool:
        """True if it is certain that there is no such field."""
        return not self.open and name not in self.names


class Step(Struct, frozen=True):
    """A command and the fields after it.

    Attributes:
        command: it.
        after: the fields; open from a command on that cannot be planned.
        problem: why it cannot be planned, if it cannot.
    """

    command: Command
    after: Fields
    problem: ReplayError | None = None


class Opaque(Command, frozen=True):
    """A command that is not run: of an app, of Splunk but not of this engine, or one that runs other searches.

    Attributes:
        called: as the search names it.
        adds: the fields that it adds to results; None if that is not known.
    """

    called: str = ""
    adds: tuple[str, ...] | None = None

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Pass the arguments."""
        word = s.peek_word("=<>!")
        s.pos = s.end
        return cls(word.lower())

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """The rows, with the fields that are known to be added."""
        return rel.extend({name: NULL for name in self.adds or () if not rel.has(name)})

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """Unknown."""
        return nothing()


class Unwritten(OutputLookup, frozen=True):
    """``outputlookup`` that writes nothing: what one search writes would change what the next one reads."""

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """The same rows."""
        return rel


class LenientParser(Parser):
    """Parses searches to look at them: nothing that it returns runs code of an app or another search.

    Args:
        context: see ``Parser``.
        adds: custom command -> the fields that it adds to results, where that is known.
    """

    def __init__(self, context: Context, adds: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(context)
        self._adds = adds

    def command(self, s: Scanner, implied_search: bool) -> Command:
        """As ``Parser.command``; a command behind a pipe that this engine does not do is no error."""
        from replay.commands.unsupported import REASONS

        word = s.peek_word("=<>!")
        refused = not implied_search and word.lower() in REASONS
        if refused and self.context.knowledge.command(self.context.app, word) is None:
            return Opaque.parse(s, self)
        command = super().command(s, implied_search)
        match command:
            case External(definition=definition):
                return Opaque(definition.name, self._adds.get(definition.name))
            case SavedSearch() | Map() | From(kind="savedsearch"):
                return Opaque(command.name)
            case OutputLookup():
                return Unwritten(**asdict(command))
        return command


class AnyStore:
    """A store without events that has every source and every field: what is there is not the question."""

    def events(self, ctx: Context, expr: SearchExpr, needs: Needs) -> Relation:
        """See ``context.Store``."""
        asked = {n for n in needs.names | fields_of(expr) if "*" not in n}
        return _empty([*_EVENT_FIELDS, *sorted(asked - set(_EVENT_FIELDS))])

    def dataset(self, ctx: Context, model: str, dataset: str, needs: Needs) -> Relation:
        """See ``context.Store``."""
        found = ctx.knowledge.datamodel(ctx.app, model).dataset(dataset)
        return _empty(list(dict.fromkeys([*_EVENT_FIELDS, "nodename", *(f.qualified for f in found.fields)])))


def _empty(names: list[str]) -> Relation:
    columns = assign_columns({name: Kind.NUM if name == "_time" else Kind.STR for name in names})
    listed = [f"CAST(NULL AS {c.kind.value}) AS {c.sql}" for c in columns.values()]
    return Relation("", {}).derive(f"SELECT {', '.join([*listed, f'0 AS {ORDER}'])} WHERE false", columns)


def nothing() -> Relation:
    """No rows and no fields."""
    return _empty([])


def flow(pipeline: Pipeline, ctx: Context) -> list[Step]:
    """The commands of a pipeline, each with the fields after it.

    Args:
        pipeline: from ``LenientParser``.
        ctx: with an ``AnyStore``.
    """
    first, *others = pipeline.commands
    is_open = first.name not in _CLOSED or isinstance(first, Opaque)
    problem: ReplayError | None = None
    try:
        rel = first.generate(ctx, needs_of(others))
    except ReplayError as error:
        rel, is_open, problem = nothing(), True, error
    steps = [Step(first, Fields(frozenset(rel.columns), is_open), problem)]
    for command in others:
        problem = None
        try:
            rel, is_open = _after(command, rel, is_open, ctx)
        except ReplayError as error:
            is_open, problem = True, error
        steps.append(Step(command, Fields(frozenset(rel.columns), is_open), problem))
    return steps


def _after(command: Command, rel: Relation, is_open: bool, ctx: Context) -> tuple[Relation, bool]:
    planned = command.plan(rel, ctx)
    if isinstance(command, Opaque):
        return planned, is_open or command.adds is None
    if command.name not in _FAITHFUL or _names_from_data(command):
        return planned, True
    needs = command.needs(EVERYTHING)
    closes = not needs.everything and not any("*" in name for name in needs.names)
    inner = (flow(one, ctx)[-1].after.open for one in _pipelines(command))
    return planned, (is_open and not closes) or any(inner)


def _names_from_data(command: Command) -> bool:
    """``eval {field}=…`` names a field after a value."""
    return command.name == "eval" and any("{" in name for name in _strings(command))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for part in parts(value):
            yield from _strings(part)


def _pipelines(value: Any) -> Iterator[Pipeline]:
    """The pipelines directly inside a command."""
    for part in parts(value):
        if isinstance(part, Pipeline):
            yield part
        else:
            yield from _pipelines(part)


def pipelines_in(value: Any) -> Iterator[Pipeline]:
    """Every pipeline in a value, nested ones included."""
    if isinstance(value, Pipeline):
        yield value
    for part in parts(value):
        yield from pipelines_in(part)
