"""foreach: run a template for every field that matches, or an eval for every value of a field."""

from __future__ import annotations

import re
from typing import Self

from replay.commands import Command, command
from replay.commands.eval import Eval
from replay.context import Context
from replay.errors import SearchError
from replay.plan import Parser, Pipeline, plan_onto
from replay.relation import Expr, Kind, Relation, as_list, as_text, cast, common_kind
from replay.spl.scanner import Scanner
from replay.udf.json_values import from_array

_MODES = ("multifield", "multivalue", "json_array", "auto_collections")
_MARKS = {
    "fieldstr": "<<FIELD>>", "matchstr": "<<MATCHSTR>>", "matchseg1": "<<MATCHSEG1>>", "matchseg2": "<<MATCHSEG2>>",
    "matchseg3": "<<MATCHSEG3>>", "itemstr": "<<ITEM>>", "iterstr": "<<ITER>>",
}  # fmt: skip
_ITEM = "__item"
_STEPS_AT_ONCE = 16  # so many evals stand in one statement; then their result is computed


@command("foreach")
class Foreach(Command, frozen=True):
    """``foreach [mode=m] fields [fieldstr= matchstr= matchseg1..3= itemstr= iterstr=] [ template ]``.

    The template is text: what stands for the field, or for the item, is put in, and the result is parsed. Source:
    Search Reference, "foreach".
    """

    mode: str
    fields: tuple[str, ...]
    marks: tuple[tuple[str, str], ...]
    template: str
    parser: Parser

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read fields and options in any order, then the template."""
        fields: list[str] = []
        options: dict[str, str] = {}
        while not s.done and s.peek() != "[":
            found = s.options(("mode", *_MARKS), "foreach")
            options |= found
            if not found and not s.accept(","):
                fields.append(s.field("a field, or the template in [ ]"))
        at = s.pos
        template = s.bracketed("[").rest().strip()
        s.finish("foreach")
        mode = options.pop("mode", "multifield")
        if mode not in _MODES:
            raise s.error(f"`foreach` has no mode `{mode}` (it has: {', '.join(_MODES)})", at)
        if not fields or (mode != "multifield" and len(fields) != 1):
            raise s.error(
                "`foreach` needs the fields" if mode == "multifield" else f"`mode={mode}` takes one field", at
            )
        if not template:
            raise s.error("the template of `foreach` is empty", at)
        return cls(mode, tuple(fields), tuple({**_MARKS, **options}.items()), template, parser)

    def reads_events(self) -> bool:
        """It may: its template is kept as text."""
        return True

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Run the template for each field (or item) in turn."""
        if self.mode != "multifield":
            return self._items(rel, ctx)
        done: set[str] = set()
        for pattern in self.fields:
            for name, segments in _matching(pattern, rel):
                if name not in done:
                    done.add(name)
                    rel = self._run(self._for_field(name, segments), name, rel, ctx)
        return rel

    def _for_field(self, name: str, segments: list[str]) -> str:
        values = {"fieldstr": name, "matchstr": "".join(segments)}
        values |= {f"matchseg{i}": segment for i, segment in enumerate(segments, 1)}
        return _substituted(self.template, {mark: values[key] for key, mark in self.marks if key in values})

    def _run(self, text: str, what: str, rel: Relation, ctx: Context) -> Relation:
        pipeline = self._parsed(text, what)
        return plan_onto(rel, pipeline.commands, ctx)

    def _parsed(self, text: str, what: str) -> Pipeline:
        try:
            return self.parser.search("| " + text.removeprefix("|"))
        except SearchError as e:
            raise SearchError(f"{e.message} (in the template of `foreach` for `{what}`: {text})", e.place) from e

    # --- items of a field --------------------------------------------------------------------------------------------

    def _items(self, rel: Relation, ctx: Context) -> Relation:
        (name,) = self.fields
        items = "__items"
        self._evaluation(0)  # a template that cannot be used is an error even where there is no item
        rel = ctx.materialize(rel.extend({items: self._list(rel.field(name))}))
        most = ctx.engine.scalar(f"SELECT max(len({rel.field(items).sql})) FROM {rel.name}") or 0
        for position in range(int(most)):
            if position and position % _STEPS_AT_ONCE == 0:
                rel = ctx.materialize(rel)
            rel = self._item(rel, items, position, ctx)
        return rel.drop([items])

    def _list(self, e: Expr) -> Expr:
        """The items: values, or the elements of a JSON array, whatever the mode asks for."""
        elements = from_array.sql(as_text(e).sql, "false")
        if self.mode == "json_array":
            return Expr(elements, Kind.MV)
        if self.mode == "auto_collections":
            return Expr(f"coalesce({elements}, {as_list(e).sql})", Kind.MV)
        return as_list(e)

    def _item(self, rel: Relation, items: str, position: int, ctx: Context) -> Relation:
        evaluation = self._evaluation(position)
        targets = {name: f"__old{i}" for i, (name, _) in enumerate(evaluation.assignments)}
        hidden = {_ITEM: Expr(f"list_extract({rel.field(items).sql}, {position + 1})", Kind.STR)}
        hidden |= {kept: rel.field(name) for name, kept in targets.items()}
        new = evaluation.plan(rel.extend(hidden), ctx)
        applies = f"len({new.field(items).sql}) > {position}"
        values = {}
        for name, kept in targets.items():
            kind = common_kind(new.field(n).kind for n in (name, kept) if n == name or rel.has(name))
            after, before = cast(new.field(name), kind).sql, cast(new.field(kept), kind).sql
            values[name] = Expr(f"CASE WHEN {applies} THEN {after} ELSE {before} END", kind)
        return new.extend(values).drop([_ITEM, *targets.values()])

    def _evaluation(self, position: int) -> Eval:
        marks = dict(self.marks)
        text = _substituted(self.template, {marks["iterstr"]: str(position)})
        pipeline = self._parsed(_with_item(text, marks["itemstr"]), marks["itemstr"])
        first = pipeline.commands[0]
        if len(pipeline.commands) != 1 or not isinstance(first, Eval):
            raise SearchError(
                f"with `mode={self.mode}` the template of `foreach` is one eval", self.parser.context.place
            )
        if any("{" in name for name, _ in first.assignments):
            raise SearchError(
                "the template of `foreach` cannot name fields by {value} in this mode", self.parser.context.place
            )
        return first


def _matching(pattern: str, rel: Relation) -> list[tuple[str, list[str]]]:
    """The fields that a wildcard matches, and what each ``*`` stands for; a plain name matches itself, there or not."""
    if "*" not in pattern:
        return [(pattern, [])]
    regex = re.compile("(.*)".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
    names = (n for n in rel.columns if not n.startswith("_") or pattern.startswith("_"))
    return [(n, list(m.groups())) for n in names if (m := regex.fullmatch(n))]


def _substituted(text: str, values: dict[str, str]) -> str:
    """The text with every mark replaced, all at once (what is put in is not searched again)."""
    if not values:
        return text
    longest_first = sorted(values, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), lambda m: values[m[0]], text)


def _with_item(text: str, mark: str) -> str:
    """The item as a field; within a quoted text it is joined with what stands around it."""
    reference = f"'{_ITEM}'"

    def piece(match: re.Match[str]) -> str:
        token = match.group()
        if not token.startswith('"'):
            return token.replace(f"'{mark}'", reference).replace(mark, reference)
        parts = token[1:-1].split(mark)
        joined = [f'"{p}"' for p in parts]
        return token if len(parts) == 1 else f"({f'.{reference}.'.join(joined)})"

    return re.sub(r'"(?:[^"\\]|\\.)*"|[^"]+|"', piece, text, flags=re.DOTALL)
