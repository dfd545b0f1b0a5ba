"""Eval expressions to SQL.

Types and coercion follow the Search Reference, "eval" (usage and operators) and "Comparison and Conditional
functions": field values are text that counts as a number where it looks like one, quoted literals never do, null makes
arithmetic and comparison null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from replay.errors import Place, SearchError
from replay.relation import NULL, Expr, Kind, as_list, as_number, as_text, fresh_name, number, string
from replay.spl.evals import Binary, Call, EvalExpr, Field, Number, String, Unary

if TYPE_CHECKING:
    from replay.context import Context

_ARITHMETIC = {"-": "{} - {}", "*": "{} * {}", "/": "{} / nullif({}, 0)", "%": "{} % nullif({}, 0)"}
_REVERSED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}


class Scope(Protocol):
    """Where field names are looked up: a Relation is one."""

    def field(self, name: str) -> Expr:
        """The field as an expression; null if there is no such field."""


class EvalCompiler:
    """Compiles eval expressions over one scope.

    Args:
        scope: the relation whose fields the expression reads.
        context: the search: its clock, app, lookups, warnings.
        bound: fields that stand for something else inside this expression (``mvmap``).
    """

    def __init__(self, scope: Scope, context: Context, bound: Mapping[str, Expr] | None = None) -> None:
        self.scope = scope
        self.context = context
        self.bound = dict(bound or {})

    def bind(self, fields: Mapping[str, Expr]) -> EvalCompiler:
        """A compiler in which these fields stand for these expressions."""
        return EvalCompiler(self.scope, self.context, {**self.bound, **fields})

    def error(self, message: str, node: EvalExpr) -> SearchError:
        """The error to raise about ``node``."""
        return SearchError(message, Place(column=node.column or None).within(self.context.place))

    # --- results of a wanted kind ---------------------------------------------------------------------------------

    def value(self, node: EvalExpr) -> Expr:
        """Compile to something that a field can hold.

        Raises:
            SearchError: the expression is Boolean (SR: eval, "the result of an eval expression cannot be a Boolean").
        """
        e = self.compile(node)
        if e.kind is Kind.BOOL:
            raise self.error("this is a Boolean, which a field cannot hold: wrap it in if() or tostring()", node)
        return e

    def text(self, node: EvalExpr) -> Expr:
        """Compile to STR."""
        return as_text(self.value(node))

    def number(self, node: EvalExpr) -> Expr:
        """Compile to NUM."""
        return as_number(self.value(node))

    def list(self, node: EvalExpr) -> Expr:
        """Compile to MV."""
        return as_list(self.value(node))

    def boolean(self, node: EvalExpr) -> Expr:
        """Compile to BOOL (may be null).

        Raises:
            SearchError: the expression is not Boolean (SR: where, "must be a Boolean").
        """
        e = self.compile(node)
        if e.kind is not Kind.BOOL:
            raise self.error("a Boolean expression is needed here (a comparison, or a function such as isnull)", node)
        return e

    def constant(self, node: EvalExpr, what: str) -> str:
        """The text of a literal.

        Raises:
            SearchError: it is not a literal.
        """
        if isinstance(node, String):
            return node.value
        if isinstance(node, Number):
            return node.text
        if isinstance(node, Unary) and node.op == "-" and isinstance(node.operand, Number):
            return "-" + node.operand.text
        raise self.error(f"{what} must be a literal here", node)

    # --- compilation ------------------------------------------------------------------------------------------------

    def compile(self, node: EvalExpr) -> Expr:
        """Compile to whatever kind the expression has."""
        match node:
            case Number(text):
                return number(float(text))
            case String(value):
                return string(value)
            case Field(name):
                return self.bound[name] if name in self.bound else self.scope.field(name)
            case Call():
                return self._call(node)
            case Unary(op, operand):
                return self._unary(op, operand)
            case Binary(op, left, right):
                return self._binary(op, left, right, node)
        raise AssertionError(node)

    def _call(self, call: Call) -> Expr:
        from replay.functions import find_function

        return find_function(call, self.context.place)(self, call)

    def _unary(self, op: str, operand: EvalExpr) -> Expr:
        if op == "NOT":
            return Expr(f"(NOT {self.boolean(operand).sql})", Kind.BOOL)
        e = self.number(operand)
        if op == "+":
            return e
        if isinstance(e.literal, float):
            return number(-e.literal)
        return Expr(f"(-{e.sql})", Kind.NUM)

    def _binary(self, op: str, left: EvalExpr, right: EvalExpr, node: Binary) -> Expr:
        if op in ("AND", "OR"):
            return Expr(f"({self.boolean(left).sql} {op} {self.boolean(right).sql})", Kind.BOOL)
        if op == "XOR":
            return Expr(f"({self.boolean(left).sql} <> {self.boolean(right).sql})", Kind.BOOL)
        if op == "LIKE":
            return self._call(Call("like", (left, right), node.column))
        if op == ".":
            return Expr(f"({self._joinable(left)} || {self._joinable(right)})", Kind.STR)
        if op == "+":
            return self._plus(left, right)
        if op in _ARITHMETIC:
            return Expr(f"({_ARITHMETIC[op].format(self.number(left).sql, self.number(right).sql)})", Kind.NUM)
        return Expr(compare(self.compile(left), op, self.compile(right)), Kind.BOOL)

    def _joinable(self, node: EvalExpr) -> str:
        return as_text(self.compile(node)).sql

    def _plus(self, left: EvalExpr, right: EvalExpr) -> Expr:
        """Two numbers add, two strings concatenate (SR: eval, "Operators"); a field may be either, row by row."""
        a, b = self.value(left), self.value(right)
        if Kind.NUM in (a.kind, b.kind):
            return Expr(f"({as_number(a).sql} + {as_number(b).sql})", Kind.NUM)
        joined = f"{as_text(a).sql} || {as_text(b).sql}"
        if isinstance(a.literal, str) or isinstance(b.literal, str) or _texts(left, right):
            return Expr(f"({joined})", Kind.STR)
        return Expr(f"spl_plus({as_text(a).sql}, {as_text(b).sql})", Kind.STR)


def _texts(*nodes: EvalExpr) -> bool:
    """True if an operand is known to be text: the result of a text function (SR: eval example with substr)."""
    texts = {
        "substr",
        "lower",
        "upper",
        "tostring",
        "typeof",
        "trim",
        "ltrim",
        "rtrim",
        "replace",
        "strftime",
        "mvjoin",
    }
    return any(isinstance(n, Call) and n.name in texts for n in nodes)


def compare(a: Expr, op: str, b: Expr) -> str:
    """SQL of a comparison in ``eval`` and ``where``: null if a side is null; a multivalue matches if any value does."""
    if a.kind is Kind.MV:
        value = fresh_name("__v")  # no field and no enclosing lambda has this name
        inner = compare(Expr(value, Kind.STR), op, b)
        return f"(len(list_filter({a.sql}, lambda {value}: {inner})) > 0)"
    if b.kind is Kind.MV:
        return compare(b, _REVERSED[op], a)
    if a.kind is Kind.BOOL or b.kind is Kind.BOOL:
        a, b = as_text(a), as_text(b)
    sql_op = "<>" if op == "!=" else op
    if a.kind is Kind.NUM and b.kind is Kind.NUM:
        return f"({a.sql} {sql_op} {b.sql})"
    if isinstance(a.literal, str) or isinstance(b.literal, str):
        return f"({as_text(a).sql} {sql_op} {as_text(b).sql})"
    return _compare_texts(as_text(a).sql, op, as_text(b).sql)


def _compare_texts(a: str, op: str, b: str) -> str:
    match op:
        case "=":
            return f"spl_eq({a}, {b})"
        case "!=":
            return f"(NOT spl_eq({a}, {b}))"
        case "<":
            return f"spl_lt({a}, {b})"
        case ">":
            return f"spl_lt({b}, {a})"
        case "<=":
            return f"spl_le({a}, {b})"
    return f"spl_le({b}, {a})"


def case_of(branches: Sequence[tuple[str, Expr]], default: Expr = NULL) -> Expr:
    """``CASE WHEN … THEN … ELSE default``; the branches get one kind that holds them all."""
    from replay.relation import cast, common_kind

    values = [e for _, e in branches] + ([] if default is NULL else [default])
    kind = common_kind(e.kind for e in values)
    whens = " ".join(f"WHEN {condition} THEN {cast(e, kind).sql}" for condition, e in branches)
    otherwise = f" ELSE {cast(default, kind).sql}" if default is not NULL else ""
    return Expr(f"CASE {whens}{otherwise} END", kind)
