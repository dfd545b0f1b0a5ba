"""Eval expressions: what ``eval``, ``where``, calculated fields and ``stats f(eval(…))`` are made of.

A Pratt parser. Precedence, tightest first: unary minus, ``* / %``, ``+ - .``, comparisons, NOT, AND, OR, XOR. Source:
Search Reference, "eval", "Operators"; Search Manual, "Boolean expressions with logical operators".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from msgspec import Struct

from replay.errors import Place
from replay.spl.scanner import Scanner


class Number(Struct, frozen=True):
    """A numeric literal; ``text`` as written."""

    text: str
    column: int = 0


class String(Struct, frozen=True):
    """A double-quoted literal, escapes undone."""

    value: str
    column: int = 0


class Field(Struct, frozen=True):
    """A field reference, bare or single-quoted."""

    name: str
    column: int = 0


class Call(Struct, frozen=True):
    """A function call; ``name`` in lower case."""

    name: str
    args: tuple[EvalExpr, ...]
    column: int = 0


class Unary(Struct, frozen=True):
    """``-x``, ``+x`` or ``NOT x``; ``op`` is ``-``, ``+`` or ``NOT``."""

    op: str
    operand: EvalExpr
    column: int = 0


class Binary(Struct, frozen=True):
    """``left op right``; ``op`` is upper case, ``==`` is ``=``."""

    op: str
    left: EvalExpr
    right: EvalExpr
    column: int = 0


EvalExpr = Number | String | Field | Call | Unary | Binary

_NUMBER = re.compile(r"(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?")
_SYMBOL = re.compile(r"[=!<>]=|[=<>+\-.*/%]")
_NAME = re.compile(r"[A-Za-z_$@][\w$@]*(?:\{\}|:+(?=\w)[\w$@]+)*")
_COMPARE = ("==", "!=", "<=", ">=", "=", "<", ">", "LIKE", "IN")
_BINDING = {
    "XOR": 1,
    "OR": 2,
    "AND": 3,
    **dict.fromkeys(_COMPARE, 5),
    "+": 6,
    "-": 6,
    ".": 6,
    "*": 7,
    "/": 7,
    "%": 7,
}
_NOT_BINDING = 4
_UNARY_BINDING = 8


def parse_eval(s: Scanner) -> EvalExpr:
    """Parse one expression; the scanner stops before a comma, a closing bracket, or whatever cannot continue it.

    Raises:
        SearchError: with the column.
    """
    return _Parser(s).expression(0)


def parse_whole(s: Scanner, command: str) -> EvalExpr:
    """Parse one expression that must fill what is left of the scanner."""
    expr = parse_eval(s)
    s.finish(command)
    return expr


@lru_cache(maxsize=4096)
def parse_setting(expression: str, place: Place) -> EvalExpr:
    """The expression of a setting; a search looks at the same ones several times.

    Args:
        expression: the whole.
        place: of the setting.
    """
    return parse_whole(Scanner(expression, place=place), place.key or "a calculation")


def walk(expr: EvalExpr) -> Iterator[EvalExpr]:
    """The expression and every expression in it."""
    yield expr
    match expr:
        case Call(args=args):
            for arg in args:
                yield from walk(arg)
        case Unary(operand=operand):
            yield from walk(operand)
        case Binary(left=left, right=right):
            yield from walk(left)
            yield from walk(right)


def fields_of(expr: EvalExpr, inside: Callable[[Call], set[str]] | None = None) -> set[str]:
    """Names of the fields that the expression reads; ``inside`` adds those hidden in a call (``searchmatch``)."""
    names: set[str] = set()
    for node in walk(expr):
        if isinstance(node, Field):
            names.add(node.name)
        elif isinstance(node, Call) and inside is not None:
            names |= inside(node)
    return names


class _Parser:
    def __init__(self, s: Scanner) -> None:
        self.s = s

    def expression(self, binding: int) -> EvalExpr:
        left = self.prefix()
        while True:
            at = self.s.pos
            op = self.operator()
            if op is None or _BINDING[op] <= binding:
                self.s.pos = at
                return left
            column = at + 1
            if op == "IN":
                args = self.arguments()
                left = Call("in", (left, *args), column)
            else:
                right = self.expression(_BINDING[op])
                left = Binary("=" if op == "==" else op, left, right, column)

    def operator(self) -> str | None:
        """Take the next binary operator, if there is one."""
        s = self.s
        s.skip()
        symbol = _SYMBOL.match(s.text, s.pos, s.end)
        if symbol:
            s.pos = symbol.end()
            return symbol.group()
        word = s.peek_word("=<>!+-.*/%'").upper()
        if word in ("AND", "OR", "XOR", "LIKE", "IN"):
            s.pos += len(word)
            return word
        return None

    def prefix(self) -> EvalExpr:
        s = self.s
        c = s.peek()
        column = s.pos + 1
        if c == "(":
            inner = s.bracketed("(")
            return parse_whole(inner, "an expression in parentheses")
        if c == '"':
            return String(s.quoted(), column)
        if c == "'":
            return Field(s.field(), column)
        if c in "-+" and c:
            s.pos += 1
            return Unary(c, self.expression(_UNARY_BINDING), column)
        if c == "!":
            s.pos += 1
            return Unary("NOT", self.expression(_UNARY_BINDING), column)
        number = _NUMBER.match(s.text, s.pos, s.end)
        if number and not _continues_name(s.text, number.end(), s.end):
            s.pos = number.end()
            return Number(number.group(), column)
        return self.name_or_call(column)

    def name_or_call(self, column: int) -> EvalExpr:
        s = self.s
        name = _NAME.match(s.text, s.pos, s.end)
        if name is None:
            raise s.error('an expression needs a value here (a field, a number, a "string" or a function)')
        word = name.group()
        s.pos = name.end()
        if word.upper() == "NOT" and s.peek() not in ("=", "<", ">"):
            return Unary("NOT", self.expression(_NOT_BINDING), column)
        if s.peek() == "(":
            return Call(word.lower(), self.arguments(), column)
        return Field(word, column)

    def arguments(self) -> tuple[EvalExpr, ...]:
        inner = self.s.bracketed("(")
        args: list[EvalExpr] = []
        while not inner.done:
            args.append(parse_eval(inner))
            if not inner.done:
                inner.expect(",", "between the arguments of a function")
                if inner.done:
                    raise inner.error("a function argument is missing after `,`")
        return tuple(args)


def _continues_name(text: str, at: int, end: int) -> bool:
    """True for a name that starts with a digit, such as ``4624_count``: it needs single quotes, so say so later."""
    return at < end and (text[at].isalpha() or text[at] == "_")
