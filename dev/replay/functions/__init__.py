"""Eval functions, one file per family. A function compiles its call: (compiler, call) -> expression.

A literal null (``null()``) is ``relation.NULL``. Functions are claimed by name: ``@function("lower")``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from replay.registry import Registry

if TYPE_CHECKING:
    from replay.expressions import EvalCompiler
    from replay.relation import Expr
    from replay.spl.evals import Call

EvalFunction = Callable[["EvalCompiler", "Call"], "Expr"]

FUNCTIONS: Registry[EvalFunction] = Registry("replay.functions", "eval function")
function = FUNCTIONS.claim


def arity(c: EvalCompiler, call: Call, least: int, most: int | None = -1) -> None:
    """Raise unless the call has between ``least`` and ``most`` arguments (None: any number; -1: exactly ``least``)."""
    n = len(call.args)
    most = least if most == -1 else most
    if n < least or (most is not None and n > most):
        wanted = f"{least}" if most == least else f"at least {least}" if most is None else f"{least} to {most}"
        raise c.error(f"`{call.name}` takes {wanted} argument(s), not {n}", call)
