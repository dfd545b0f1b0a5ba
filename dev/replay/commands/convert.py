"""convert: field values into numbers, and times into text and back."""

from __future__ import annotations

from typing import Self

from msgspec import Struct

from replay.commands import Command, Needs, command
from replay.commands.fields import expand
from replay.context import Context
from replay.expressions import EvalCompiler
from replay.plan import Parser
from replay.relation import Expr, Kind, Relation, as_text
from replay.spl.evals import Call, Field, String
from replay.spl.scanner import Scanner

_DEFAULT_TIME = "%m/%d/%Y %H:%M:%S"
_NUMBERS = {
    "auto": "spl_auto",
    "dur2sec": "spl_dur2sec",
    "memk": "spl_memk",
    "mstime": "spl_mstime",
    "num": "spl_auto",
    "rmcomma": "spl_rmcomma",
    "rmunit": "spl_rmunit",
}
_FUNCTIONS = (*_NUMBERS, "ctime", "mktime", "none")


class Conversion(Struct, frozen=True):
    """``function(field) AS name``; without AS, ``name`` is None and the field itself is converted."""

    function: str
    field: str
    name: str | None


@command("convert")
class Convert(Command, frozen=True):
    """``convert [timeformat="…"] fn(field) [AS name] …``. Source: Search Reference, "convert". The zone is UTC.

    A value that does not convert stays as it is (``num`` removes it, ``auto`` then leaves the whole field alone); under
    a new name it gives nothing.
    """

    conversions: tuple[Conversion, ...]
    timeformat: str = _DEFAULT_TIME

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the time format and the conversions; commas between them are optional."""
        timeformat = _DEFAULT_TIME
        found: list[Conversion] = []
        while not s.done:
            option = s.options(("timeformat",), "convert")
            timeformat = option.get("timeformat", timeformat)
            if not option and not s.accept(","):
                found.append(_conversion(s))
        if not found:
            raise s.error(f"`convert` needs at least one of {', '.join(f'{f}(field)' for f in sorted(_FUNCTIONS))}")
        return cls(tuple(found), timeformat)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Convert, left to right; ``none(…)`` takes fields out of the wildcards."""
        spared = {name for c in self.conversions if c.function == "none" for name in expand([c.field], rel)}
        for c in self.conversions:
            if c.function == "none":
                continue
            names = [n for n in expand([c.field], rel) if rel.has(n) and ("*" not in c.field or n not in spared)]
            for name in names:
                target = name if c.name is None else c.name.replace("*", _star(c.field, name))
                rel = rel.extend({target: self._converted(rel, name, c, target != name, ctx)})
        return rel

    def _converted(self, rel: Relation, name: str, c: Conversion, renamed: bool, ctx: Context) -> Expr:
        e = rel.field(name)
        if e.kind is not Kind.MV:
            return self._whole(as_text(e).sql, self._value(e, rel, c.function, ctx), c.function, renamed)
        value = self._value(Expr("v", Kind.STR), rel, c.function, ctx).sql
        kept = "NULL" if renamed or c.function == "num" else "v"
        each = f"spl_mv(list_transform({e.sql}, lambda v: coalesce({value}, {kept})))"
        if c.function == "auto":
            failed = f"len(list_filter({e.sql}, lambda v: {value} IS NULL)) > 0"
            return Expr(f"CASE WHEN bool_or({failed}) OVER () THEN {e.sql} ELSE {each} END", Kind.MV)
        return Expr(each, Kind.MV)

    def _whole(self, text: str, value: Expr, function: str, renamed: bool) -> Expr:
        if function == "auto":
            failed = f"bool_or({text} IS NOT NULL AND {value.sql} IS NULL) OVER ()"
            return Expr(f"CASE WHEN {failed} THEN {'NULL' if renamed else text} ELSE {value.sql} END", Kind.STR)
        kept = "NULL" if renamed or function == "num" else text
        return Expr(f"coalesce({value.sql}, {kept})", Kind.STR)

    def _value(self, e: Expr, rel: Relation, function: str, ctx: Context) -> Expr:
        """The converted text of one value; null if it does not convert."""
        if function not in ("ctime", "mktime"):
            return Expr(f"{_NUMBERS[function]}({as_text(e).sql})", Kind.STR)
        compiler = EvalCompiler(rel, ctx).bind({"value": e})
        name = "strftime" if function == "ctime" else "strptime"
        return as_text(compiler.value(Call(name, (Field("value"), String(self.timeformat)))))

    def needs(self, after: Needs) -> Needs:
        """The converted fields, and those that have the new names."""
        return after | Needs(frozenset(c.field for c in self.conversions))


def _conversion(s: Scanner) -> Conversion:
    s.skip()
    at = s.pos
    name = s.peek_word()
    function = name.lower()
    if function not in _FUNCTIONS:
        raise s.error(f"`convert` has no function `{name}` (it has: {', '.join(sorted(_FUNCTIONS))})", at)
    s.pos += len(name)
    inner = s.bracketed("(")
    field = inner.field()
    inner.finish(function)
    target = s.field("the new name") if s.keyword("as") else None
    if target is not None and (field.count("*"), function) not in (
        (target.count("*"), function),
        (0, "none"),
    ):
        raise s.error(f"`{field} AS {target}`: both names need the same number of wildcards", at)
    if field.count("*") > 1 and target is not None:
        raise s.error(f"`{field} AS {target}`: only one wildcard can be carried over", at)
    return Conversion(function, field, target)


def _star(pattern: str, name: str) -> str:
    """What the ``*`` of the pattern stands for in the name."""
    before, _, after = pattern.partition("*")
    return name[len(before) : len(name) - len(after)]
