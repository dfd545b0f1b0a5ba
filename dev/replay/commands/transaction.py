"""transaction: merge the events that belong together into one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from replay.aggregates import at_option
from replay.commands import Command, command
from replay.context import Context
from replay.errors import Place, SearchError
from replay.expressions import EvalCompiler
from replay.plan import Parser
from replay.relation import ORDER, Column, Expr, Kind, Relation, as_list, as_number, as_text, number, quote, union
from replay.spl.evals import EvalExpr, parse_whole
from replay.spl.scanner import Scanner
from replay.spl.search import SearchExpr
from replay.spl.timespec import parse_span
from replay.terms import compile_terms, resolve_subsearches
from replay.transactions import Event, Rules, assign

_FILTERS = ("startswith", "endswith")
_OPTIONS = (
    *("name", "maxspan", "maxpause", "maxevents", "connected", "unifyends", "keeporphans"),
    *("maxopentxn", "maxopenevents", "keepevicted", "delim", "mvlist", "mvraw", "nullstr"),
)
Filter = EvalExpr | SearchExpr


class Rendering(Struct, frozen=True):
    """How the fields of a transaction show.

    Attributes:
        lists: fields that keep every value in the order of the events, or True for all; the others show their
            different values, sorted.
        raws: ``_raw`` is a multivalue, not one text.
        delim: joins values when a multivalue is made one text.
        nullstr: stands for a missing value in a list.
    """

    lists: tuple[str, ...] | bool = False
    raws: bool = False
    delim: str = " "
    nullstr: str = "NULL"

    def is_list(self, field: str) -> bool:
        """True if the field keeps every value."""
        return self.lists if isinstance(self.lists, bool) else field in self.lists


@command("transaction")
class Transaction(Command, frozen=True):
    """``transaction [fields] [maxspan= maxpause= maxevents= startswith= endswith= connected=] [keepevicted= …]``.

    A transaction has the ``_time`` of its earliest event, ``duration`` (seconds), ``eventcount``, ``closed_txn``, its
    events' ``_raw`` in the order of time, and the values of all other fields. Those that lack the start or the end
    asked for show only with ``keepevicted=t``. Limits of memory (``maxopentxn``, ``maxopenevents``) do not exist here;
    ``unifyends`` is always on. Source: Search Reference, "transaction".
    """

    fields: tuple[str, ...]
    rules: Rules
    startswith: Filter | None
    endswith: Filter | None
    rendering: Rendering
    keepevicted: bool
    keeporphans: bool
    column: int

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read fields and options, in any order."""
        column = s.pos + 1
        names: list[str] = []
        options: dict[str, str] = {}
        filters: dict[str, Filter] = {}
        while not s.done:
            if at_option(s, _FILTERS):
                name = s.keyword(*_FILTERS) or ""
                s.accept("=")
                filters[name] = _filter(s, parser)
            elif at_option(s, _OPTIONS):
                options |= s.options(_OPTIONS, "transaction")
            elif not s.accept(","):
                at = s.pos
                names.append(s.field())
                if s.peek() == "=":
                    raise s.error(f"`transaction` has no option `{names[-1]}`", at)
        if not names and not options and not filters:
            raise s.error("`transaction` needs fields, or a limit such as maxspan=5m")
        return cls(
            tuple(names),
            _rules(s, options, filters),
            filters.get("startswith"),
            filters.get("endswith"),
            _rendering(s, options),
            s.boolean(options.get("keepevicted", "f")),
            s.boolean(options.get("keeporphans", "f")),
            column,
        )

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Assign the events, then merge each transaction's rows in SQL."""
        if not rel.has("_time"):
            raise SearchError("`transaction` needs the field _time", Place(column=self.column).within(ctx.place))
        rel = ctx.materialize(rel)
        result = assign(self._events(rel, ctx), self.rules)
        rows: list[tuple[int, int, bool]] = []
        for i, transaction in enumerate(result.transactions):
            complete = transaction.complete(self.rules)
            closed = complete and (transaction.limited or self.rules.starts or self.rules.ends)
            if complete or self.keepevicted:
                rows += [(row, i, closed) for row in transaction.rows]
        members = _load(ctx, rows)
        merged = self._merged(rel, members)
        if not self.keeporphans or not result.orphans:
            return merged.renumber(f"{merged.field('_time').sql} DESC, {ORDER}")
        listed = ", ".join(str(row) for row in result.orphans)
        orphans = rel.filter(f"{ORDER} IN ({listed})").extend({"_txn_orphan": number(1.0)})
        both = union([merged, orphans])
        return both.renumber(f"{as_number(both.field('_time')).sql} DESC, {ORDER}")

    def _events(self, rel: Relation, ctx: Context) -> list[Event]:
        time = as_number(rel.field("_time")).sql
        keys = [_key(rel.field(name)) for name in self.fields]
        flags = [f"coalesce({_predicate(f, rel, ctx)}, false)" for f in (self.startswith, self.endswith)]
        listed = ", ".join([ORDER, time, *flags, *keys])
        missing = ctx.engine.scalar(f"SELECT count(*) FROM {rel.name} WHERE {time} IS NULL")
        if missing:
            ctx.warn(f"transaction: {missing} row(s) without a time in _time are in no transaction")
        rows = ctx.engine.execute(
            f"SELECT {listed} FROM {rel.name} WHERE {time} IS NOT NULL ORDER BY {time} DESC, {ORDER}"
        )
        return [Event(n, at, tuple(values), start, end) for n, at, start, end, *values in rows]

    def _merged(self, rel: Relation, members: Relation) -> Relation:
        time = as_number(rel.field("_time")).sql
        by_time = f"ORDER BY {time}, {ORDER} DESC"
        items: dict[str, Expr] = {}
        for name in rel.columns:
            items[name] = self._rendered(name, rel.field(name), by_time)
        items["_time"] = Expr(f"min({time})", Kind.NUM)
        items["duration"] = Expr(f"max({time}) - min({time})", Kind.NUM)
        items["eventcount"] = Expr("CAST(count(*) AS DOUBLE)", Kind.NUM)
        items["closed_txn"] = Expr(f"max({members.field('closed').sql})", Kind.NUM)
        txn = members.field("txn").sql
        tail = f"JOIN {members.name} ON {ORDER} = {members.field('member').sql} GROUP BY {txn}"
        return rel.project(items, order=txn, tail=tail, others=[members])

    def _rendered(self, name: str, value: Expr, by_time: str) -> Expr:
        if name == "_raw" and not self.rendering.raws:
            return Expr(f"string_agg({as_text(value).sql}, chr(10) {by_time})", Kind.STR)
        values = as_list(value).sql
        if self.rendering.is_list(name) or name == "_raw":
            every = f"flatten(list(coalesce({values}, [{quote(self.rendering.nullstr)}]) {by_time}))"
            result = Expr(f"CASE WHEN count({values}) > 0 THEN {every} END", Kind.MV)
        else:
            different = f"list_sort(list_distinct(flatten(list({values}) FILTER (WHERE {values} IS NOT NULL))))"
            result = Expr(different, Kind.MV)
        return replace(result, delimiter=self.rendering.delim)


def _load(ctx: Context, rows: list[tuple[int, int, bool]]) -> Relation:
    """(row, transaction, closed) as a relation whose column names clash with no field."""
    columns = {name: Column(f'"__{name}"', Kind.NUM) for name in ("member", "txn", "closed")}
    named = [{"member": float(r), "txn": float(t), "closed": float(c)} for r, t, c in rows]
    loaded = ctx.engine.load_rows(named, columns)
    listed = ", ".join(c.sql for c in columns.values())
    return Relation(f"(SELECT {listed} FROM {loaded.name}) AS members", columns)


def _key(value: Expr) -> str:
    """A unifying value as text; a multivalue unifies as a whole."""
    return f"array_to_string({value.sql}, chr(10))" if value.kind is Kind.MV else as_text(value).sql


def _predicate(filter_: Filter | None, rel: Relation, ctx: Context) -> str:
    if filter_ is None:
        return "false"
    if isinstance(filter_, EvalExpr):
        return EvalCompiler(rel, ctx).boolean(filter_).sql
    return compile_terms(resolve_subsearches(filter_, ctx), rel.field, ctx)


def _filter(s: Scanner, parser: Parser) -> Filter:
    """``"text"``, ``(user=bob)``, ``("text")`` or ``eval(…)``: a search expression, or an eval expression."""
    if s.peek_word("=<>!").lower() == "eval":
        s.keyword("eval")
        return parse_whole(s.bracketed("("), "eval( )")
    if s.peek() == "(":
        return parser.expression(s.bracketed("("))
    return parser.expression(Scanner(s.value("a search expression"), place=s.place))


def _rules(s: Scanner, options: dict[str, str], filters: dict[str, Filter]) -> Rules:
    events = options.get("maxevents", "1000")
    return Rules(
        _seconds(s, options, "maxspan"),
        _seconds(s, options, "maxpause"),
        None if events in ("0", "-1") else s.integer(events, "maxevents"),
        "startswith" in filters,
        "endswith" in filters,
        s.boolean(options.get("connected", "t")),
    )


def _seconds(s: Scanner, options: dict[str, str], name: str) -> float | None:
    text = options.get(name, "-1")
    if text in ("-1", "-1s"):
        return None
    span = parse_span(text)
    if span is None or span.months:
        raise s.error(f"`{name}={text}` is no length of time (try 30s, 5m, 1h, 2d)")
    return span.seconds


def _rendering(s: Scanner, options: dict[str, str]) -> Rendering:
    mvlist = options.get("mvlist", "f")
    to_bool: Callable[[str], bool] = s.boolean
    try:
        lists: tuple[str, ...] | bool = to_bool(mvlist)
    except SearchError:
        lists = tuple(name for name in mvlist.replace(",", " ").split() if name)
    return Rendering(
        lists, s.boolean(options.get("mvraw", "f")), options.get("delim", " "), options.get("nullstr", "NULL")
    )
