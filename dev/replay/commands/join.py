"""join: rows of a subsearch beside the rows that have the same values in some fields."""

from __future__ import annotations

from typing import Self

from msgspec import Struct, field

from replay.commands import EVERYTHING, Command, Needs, command
from replay.context import Context
from replay.errors import SearchError
from replay.plan import Parser, Pipeline
from replay.relation import ORDER, Expr, Kind, Relation, as_list, as_number, as_text, cast, common_kind
from replay.spl.scanner import Scanner
from replay.subsearches import DATASETS, parse_dataset, rows_of

MAX_ROWS = 50_000
_OPTIONS = ("type", "usetime", "earlier", "overwrite", "max", "left", "right")
_TYPES = {"inner": False, "left": True, "outer": True}


class Options(Struct, frozen=True):
    """How rows are joined; ``left`` and ``right`` are the aliases of the sides, empty if there are none."""

    outer: bool = False
    usetime: bool = False
    earlier: bool = True
    overwrite: bool = True
    max: int = 1
    left: str = ""
    right: str = ""


@command("join")
class Join(Command, frozen=True):
    """``join [type=inner|left|outer] [usetime=b] [earlier=b] [overwrite=b] [max=N] [<fields>] <dataset>`` or
    ``join … left=L right=R where L.a=R.b … <dataset>``. Source: Search Reference, "join".

    Values are compared as text, with case; a missing one equals nothing. Without fields, all that both sides have
    count, internal ones excepted. The right side is cut at 50,000 rows. With aliases, fields are named ``L.a`` and
    ``R.b``; the manual leaves their names open, so the search is warned.
    """

    body: Pipeline
    pairs: tuple[tuple[str, str], ...]
    options: Options = field(default_factory=Options)

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options and fields in any order, then the dataset."""
        texts: dict[str, str] = {}
        names: list[str] = []
        pairs: tuple[tuple[str, str], ...] = ()
        while not s.done and not _at_dataset(s):
            found = s.options(_OPTIONS, "join")
            texts |= found
            if s.keyword("where"):
                pairs = _where(s, texts)
            elif not found and not s.accept(","):
                names.append(s.field())
        options = _options(s, texts)
        body = parse_dataset(s, parser)
        s.finish("join")
        if bool(options.left) != bool(pairs):
            raise s.error("`join` takes left= and right= together with `where L.a=R.b`")
        return cls(body, pairs or tuple((name, name) for name in names), options)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Join."""
        right = rows_of(self.body, ctx, MAX_ROWS, self.name)
        pairs = self.pairs or tuple((n, n) for n in rel.columns if right.has(n) and not n.startswith("_"))
        if not pairs:
            raise SearchError("`join` without fields: the two sides have no field in common", ctx.place)
        if self.options.left:
            ctx.warn("`join` with left= and right= names its fields L.a and R.b here; Splunk's manual does not say how")
        return _joined(rel, right, pairs, self.options)

    def needs(self, after: Needs) -> Needs:
        """The keys, and the time if that counts."""
        if not self.pairs or self.options.left:
            return EVERYTHING
        return after | Needs.of(*(name for name, _ in self.pairs), *(["_time"] if self.options.usetime else []))


def _at_dataset(s: Scanner) -> bool:
    return s.peek() == "[" or (s.peek_word(":") + ":").lower() in DATASETS


def _options(s: Scanner, texts: dict[str, str]) -> Options:
    kind = texts.get("type", "inner").lower()
    if kind not in _TYPES:
        raise s.error(f"`join type=` is inner, left or outer, not `{kind}`")
    return Options(
        _TYPES[kind],
        s.boolean(texts.get("usetime", "f")),
        s.boolean(texts.get("earlier", "t")),
        s.boolean(texts.get("overwrite", "t")),
        s.integer(texts.get("max", "1"), "max"),
        texts.get("left", ""),
        texts.get("right", ""),
    )


def _where(s: Scanner, texts: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """``L.a=R.b [AND] …``; the sides may stand either way round."""
    left, right = texts.get("left", ""), texts.get("right", "")
    pairs: list[tuple[str, str]] = []
    while not s.done and not _at_dataset(s):
        if s.accept(",") or s.keyword("and"):
            continue
        a = s.field(f"{left}.field")
        s.expect("=", "between the two fields of `join … where`")
        b = s.field(f"{right}.field")
        if a.startswith(f"{right}.") and b.startswith(f"{left}."):
            a, b = b, a
        if not (left and right and a.startswith(f"{left}.") and b.startswith(f"{right}.")):
            raise s.error(f"`join … where` compares {left or 'L'}.field with {right or 'R'}.field")
        pairs.append((a.removeprefix(f"{left}."), b.removeprefix(f"{right}.")))
    return tuple(pairs)


def _joined(left: Relation, right: Relation, pairs: tuple[tuple[str, str], ...], o: Options) -> Relation:
    shape = [left.field(a).kind is Kind.MV or right.field(b).kind is Kind.MV for a, b in pairs]
    keys = {f"__k{i}": _key(right.field(b), mv) for i, ((_, b), mv) in enumerate(zip(pairs, shape, strict=True))}
    fields = {f"__r{i}": right.field(name) for i, name in enumerate(right.columns)}
    rows = right.project({**keys, **fields, "__rtime": as_number(right.field("_time"))})
    if o.max and not o.usetime:
        rank = f"row_number() OVER (PARTITION BY {', '.join(keys)} ORDER BY {ORDER})"
        rows = rows.derive(f"SELECT * FROM {rows.name} QUALIFY {rank} <= {o.max}", rows.columns)
    tests = [f"{_key(left.field(a), mv).sql} = {k}" for (a, _), mv, k in zip(pairs, shape, keys, strict=True)]
    if o.usetime:
        tests.append(f"__rtime {'<=' if o.earlier else '>='} {as_number(left.field('_time')).sql}")
    columns = ", ".join([*(f'"{c}"' for c in rows.columns), f"{ORDER} AS __rn"])
    side = f"{'LEFT ' if o.outer else ''}JOIN (SELECT {columns} FROM {rows.name}) ON {' AND '.join(tests)}"
    if o.max and o.usetime:
        side += f" QUALIFY row_number() OVER (PARTITION BY {ORDER} ORDER BY __rn) <= {o.max}"
    found = {name: Expr(f"__r{i}", right.field(name).kind) for i, name in enumerate(right.columns)}
    items = _merged(left, found, o)
    return left.project(items, order=f"row_number() OVER (ORDER BY {ORDER}, __rn)", tail=side, others=[rows])


def _key(e: Expr, multivalue: bool) -> Expr:
    return as_list(e) if multivalue else as_text(e)


def _merged(left: Relation, found: dict[str, Expr], o: Options) -> dict[str, Expr]:
    """The fields of the joined row. A value on the right never gives way to none, nor an internal field to any."""
    if o.left:
        items = {n if n.startswith("_") else f"{o.left}.{n}": left.field(n) for n in left.columns}
        return items | {f"{o.right}.{n}": e for n, e in found.items() if not n.startswith("_")}
    items = {name: left.field(name) for name in left.columns}
    for name, e in found.items():
        old = items.get(name)
        if old is None:
            items[name] = e
            continue
        kind = common_kind((old.kind, e.kind))
        first, second = (e, old) if o.overwrite and not name.startswith("_") else (old, e)
        items[name] = Expr(f"coalesce({cast(first, kind).sql}, {cast(second, kind).sql})", kind)
    return items
