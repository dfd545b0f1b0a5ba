"""Eval functions, one file per family. A function compiles its call: (compiler, call) -> expression.

A literal null (``null()``) is ``relation.NULL``. Functions are claimed by name: ``@function("lower")``. What several
families need stands here: how many arguments a call takes, whole numbers, lambdas over the values of a field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from replay.errors import Place, SearchError
from replay.registry import Registry, nearest
from replay.relation import Expr, Kind, as_text, fresh_name

if TYPE_CHECKING:
    from replay.expressions import EvalCompiler
    from replay.spl.evals import Call, EvalExpr

EvalFunction = Callable[["EvalCompiler", "Call"], "Expr"]

FUNCTIONS: Registry[EvalFunction] = Registry("replay.functions", "eval function")
function = FUNCTIONS.claim


def find_function(call: Call, place: Place) -> EvalFunction:
    """The function that is called.

    Raises:
        SearchError: there is none of that name; ``place`` is that of the search.
    """
    found = FUNCTIONS.get(call.name)
    if found is None:
        raise SearchError(
            f"unknown eval function `{call.name}`{nearest(call.name, FUNCTIONS.names())}",
            Place(column=call.column or None).within(place),
        )
    return found


def arity(c: EvalCompiler, call: Call, least: int, most: int | None = -1) -> None:
    """Raise unless the call has between ``least`` and ``most`` arguments (None: any number; -1: exactly ``least``)."""
    n = len(call.args)
    most = least if most == -1 else most
    if n < least or (most is not None and n > most):
        wanted = f"{least}" if most == least else f"at least {least}" if most is None else f"{least} to {most}"
        raise c.error(f"`{call.name}` takes {wanted} argument(s), not {n}", call)


def integer(c: EvalCompiler, node: EvalExpr) -> str:
    """SQL of a whole number (BIGINT): what stands behind the decimal point is cut off."""
    return f"TRY_CAST(trunc({c.number(node).sql}) AS BIGINT)"


def over(values: str, body: Callable[[str], str], how: str = "list_transform") -> str:
    """``list_transform(values, lambda x: body(x))``; x has a name that no field and no other lambda has."""
    value = fresh_name("__v")
    return f"{how}({values}, lambda {value}: {body(value)})"


def once(sql: str, body: Callable[[str], str]) -> str:
    """``body(x)`` where x is the value of ``sql``, computed once however often the body names it."""
    return f"{over(f'[{sql}]', body)}[1]"


def each(e: Expr, body: Callable[[str], str]) -> Expr:
    """A text function on every value of a multivalue, or on the one value that there is."""
    if e.kind is Kind.MV:
        return Expr(f"spl_mv({over(e.sql, body)})", Kind.MV)
    return Expr(body(as_text(e).sql), Kind.STR)


def any_value(e: Expr, body: Callable[[str], str]) -> Expr:
    """A Boolean text function: true if any value of a multivalue satisfies it, null if there is no value."""
    if e.kind is Kind.MV:
        return Expr(f"(len({over(e.sql, body, 'list_filter')}) > 0)", Kind.BOOL)
    return Expr(body(as_text(e).sql), Kind.BOOL)
