"""Which fields an eval expression reads, those inside ``searchmatch("…")`` included."""

from __future__ import annotations

from replay.errors import SearchError
from replay.spl.evals import Call, EvalExpr, String, fields_of
from replay.spl.scanner import Scanner
from replay.spl.search import fields_of as search_fields
from replay.spl.search import parse_search


def fields_read(expr: EvalExpr) -> set[str]:
    """Names of all fields that the expression reads."""
    return fields_of(expr, _inside)


def _inside(call: Call) -> set[str]:
    if call.name != "searchmatch" or not call.args or not isinstance(call.args[0], String):
        return set()
    try:
        return search_fields(parse_search(Scanner(call.args[0].value), lambda s: None))
    except SearchError:  # said, with its place, when the call is compiled
        return set()
