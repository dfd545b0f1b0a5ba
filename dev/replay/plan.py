"""A search from text to a relation: expand macros, cut the pipeline, let each command parse and plan itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from replay.commands import COMMANDS, EVERYTHING, Command, Needs
from replay.context import Context
from replay.errors import SearchError
from replay.knowledge import ExternalCommand
from replay.registry import nearest
from replay.relation import Relation
from replay.spl.evals import Call
from replay.spl.macros import Evaluate, Lookup, expand
from replay.spl.scanner import Scanner, split_top
from replay.spl.search import SearchExpr, parse_search

MAX_SUBSEARCH_DEPTH = 8


class Pipeline(Struct, frozen=True):
    """A parsed search: its commands in order."""

    commands: tuple[Command, ...]


class Parser:
    """Parses pipelines; commands use it for what lies inside them.

    Args:
        context: for the custom commands of the loaded apps, and the place of the search.
    """

    def __init__(self, context: Context) -> None:
        self.context = context

    def search(self, text: str) -> Pipeline:
        """Parse the macro-expanded text of a search.

        Raises:
            SearchError: with the column.
        """
        s = Scanner(text, place=self.context.place)
        if s.done:
            raise SearchError("the search is empty", self.context.place)
        return self.pipeline(s)

    def pipeline(self, s: Scanner, *, generates: bool = True) -> Pipeline:
        """Parse ``command | command | …``.

        Args:
            s: spans the pipeline.
            generates: text before the first pipe is an implied ``search``; if false, it is a command that goes on
                from the rows there are (``appendpipe``).
        """
        commands: list[Command] = []
        for position, (start, end) in enumerate(split_top(s, "|")):
            part = s.sub(start, end)
            if part.done:
                if position == 0:
                    continue
                raise part.error("a command is missing between two pipes")
            commands.append(self.command(part, implied_search=generates and position == 0))
        if not commands:
            raise s.error("the search is empty")
        return Pipeline(tuple(commands))

    def subsearch(self, s: Scanner) -> Pipeline:
        """Parse what stands inside ``[ … ]``."""
        if s.done:
            raise s.error("a subsearch [ ] is empty")
        return self.pipeline(s)

    def expression(self, s: Scanner) -> SearchExpr:
        """Parse a search expression (``search``, ``tstats where``, ``inputlookup where``)."""
        return parse_search(s, self.subsearch)

    def command(self, s: Scanner, implied_search: bool) -> Command:
        """Parse one command, which spans the scanner; with ``implied_search`` its name may be left out.

        A command of Splunk comes before one of an app that is called like it: an app may not take its name (Search
        Manual, "Add the custom command to your Splunk deployment"). What this engine does of an add-on's commands gives
        way to a command of another app.
        """
        s.skip()
        start = s.pos
        word = s.peek_word("=<>!")
        name = word.lower()
        known = COMMANDS.find(name)
        if implied_search and (known is None or not self._names_a_command(s, word)):
            return self._search().parse(s, self)
        s.pos += len(word)
        external = self._external(word, known)
        if external is not None:
            from replay.external import External

            return External.parse_call(external, s)
        if known is not None:
            return known.parse(s, self)
        raise s.error(f"unknown search command `{word}`{nearest(name, COMMANDS.names())}", start)

    def _external(self, word: str, known: type[Command] | None) -> ExternalCommand | None:
        """The app's command that is meant, if it is one."""
        knowledge, app = self.context.knowledge, self.context.app
        if known is None:
            return knowledge.command(app, word)
        found = knowledge.command(app, word) if known.addon and word in knowledge.commands(app) else None
        return None if found is None or found.app == known.addon else found

    def _names_a_command(self, s: Scanner, word: str) -> bool:
        """Without a leading pipe only ``search`` itself (or a generating command in a subsearch) is a command."""
        after = s.text[s.pos + len(word) : s.end].lstrip()
        if after[:1] in ("=", "<", ">", "!"):
            return False
        return word.lower() == "search" or _generates(COMMANDS.find(word.lower()))

    def _search(self) -> type[Command]:
        search = COMMANDS.find("search")
        assert search is not None
        return search


def _generates(cls: type[Command] | None) -> bool:
    return cls is not None and cls.generate is not Command.generate


def commands_in(value: Any) -> Iterator[Command]:
    """Every command in a pipeline or a command, those of its subsearches included."""
    return (node for node in _nodes(value) if isinstance(node, Command))


def _nodes(value: Any) -> Iterator[Any]:
    yield value
    for part in parts(value):
        yield from _nodes(part)


def parts(value: Any) -> Iterator[Any]:
    """What lies directly in a list, a tuple or a node of a parsed search."""
    if isinstance(value, tuple | list):
        yield from value
    elif isinstance(value, Struct):
        yield from (getattr(value, name) for name in value.__struct_fields__)


def check_functions(value: Any, ctx: Context) -> None:
    """Refuse a parsed search that calls an eval function which there is not, before any of it is run.

    Raises:
        SearchError: as the planner would raise it.
    """
    from replay.functions import find_function

    for node in _nodes(value):
        if isinstance(node, Call):
            find_function(node, ctx.place)


def expand_macros(text: str, ctx: Context) -> str:
    """The search with every macro replaced, as ``replay explain`` shows it."""
    return expand(text, *macro_readers(ctx), ctx.place)


def macro_readers(ctx: Context) -> tuple[Lookup, Evaluate]:
    """What expansion asks: for the macros that a search sees, and for the value of an expression."""
    from replay.evaluate import evaluate_constant

    def lookup(name: str, arity: int):  # type: ignore[no-untyped-def]  # Knowledge.macro's own type
        macro = ctx.knowledge.macro(ctx.app, name, arity)
        replaced = ctx.macros.get(name, ctx.macros.get(f"{name}({arity})"))
        return macro if replaced is None else replace(macro, definition=replaced, iseval=False)

    return lookup, lambda expression: evaluate_constant(expression, ctx)


def parse(text: str, ctx: Context) -> Pipeline:
    """Parse a search as a user writes it (macros and all).

    Raises:
        SearchError, KnowledgeError: with the place.
    """
    return Parser(ctx).search(expand_macros(text, ctx))


def plan_search(text: str, ctx: Context) -> Relation:
    """Parse and plan a search.

    Raises:
        SearchError, KnowledgeError: with the place.
    """
    return plan_pipeline(parse(text, ctx), ctx)


def plan_pipeline(pipeline: Pipeline, ctx: Context) -> Relation:
    """Plan a parsed pipeline: the first command generates, each other one transforms."""
    first, *others = pipeline.commands
    with ExitStack() as running:
        started = tuple(running.enter_context(command.started(ctx)) for command in others)
        return plan_onto(first.generate(ctx, needs_of(others)), started, ctx)


def datasets_of(text: str, ctx: Context) -> Iterator[tuple[str, str, str]]:
    """App, data model and dataset of each dataset that a search reads; nothing of it is run.

    Raises:
        SearchError, KnowledgeError: with the place.
    """
    for command in commands_in(parse(text, ctx)):
        yield from command.reads_datasets(ctx)


def explain_sql(text: str, ctx: Context) -> str:
    """The SQL of a search up to its first custom command, which is named and not run.

    Raises:
        SearchError, KnowledgeError: as ``plan_search``.
    """
    from replay.external import External

    first, *others = parse(text, ctx).commands
    custom = next((i for i, command in enumerate(others) if isinstance(command, External)), len(others))
    relation = plan_onto(first.generate(ctx, needs_of(others)), tuple(others[:custom]), ctx)
    left = [c.definition.name if isinstance(c, External) else c.name for c in others[custom:]]
    note = f"\n-- then, on the rows of this query: {' | '.join(left)}" if left else ""
    return relation.sql() + note


def plan_onto(relation: Relation, commands: tuple[Command, ...], ctx: Context) -> Relation:
    """Plan commands on top of a relation."""
    for command in commands:
        relation = command.plan(relation, ctx)
    return relation


def needs_of(commands: list[Command], after: Needs = EVERYTHING) -> Needs:
    """What a pipeline reads from the rows that enter it, if all that leaves it is wanted."""
    for command in reversed(commands):
        after = command.needs(after)
    return after


def plan_subsearch(pipeline: object, ctx: Context) -> Relation:
    """Plan a subsearch in the context of its outer search.

    Raises:
        SearchError: subsearches nest deeper than Splunk allows (limits.conf.spec, [subsearch]).
    """
    assert isinstance(pipeline, Pipeline)
    if ctx.depth >= MAX_SUBSEARCH_DEPTH:
        raise SearchError(f"subsearches nest deeper than {MAX_SUBSEARCH_DEPTH}", ctx.place)
    return plan_pipeline(pipeline, replace(ctx, depth=ctx.depth + 1))
