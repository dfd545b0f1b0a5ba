"""Eval expressions without fields, computed now: macros with ``iseval`` or ``validation``."""

from __future__ import annotations

from replay.context import Context
from replay.errors import SearchError
from replay.expressions import EvalCompiler
from replay.relation import NULL, Expr, Kind
from replay.spl.evals import parse_whole
from replay.spl.scanner import Scanner


class _NoFields:
    def field(self, name: str) -> Expr:
        return NULL


def evaluate_constant(expression: str, ctx: Context) -> str | bool | None:
    """The value of an eval expression: text (numbers as Splunk prints them), a Boolean, or None for null.

    A Boolean expression that is null is False: it is not true (macros.conf.spec, validation: "false or null").

    Raises:
        SearchError: the expression does not parse.
    """
    try:
        tree = parse_whole(Scanner(expression), "an eval expression")
        e = EvalCompiler(_NoFields(), ctx).compile(tree)
    except SearchError as error:
        raise SearchError(f"{error.message} (in the eval expression `{expression}`)", ctx.place) from error
    value = ctx.engine.scalar(f"SELECT {e.sql}")
    if value is None and e.kind is Kind.BOOL:
        return False
    if value is None or isinstance(value, bool):
        return value
    return str(ctx.engine.scalar(f"SELECT spl_text({e.sql})")) if isinstance(value, float) else str(value)
