"""Subsearches whose results are rows (join, append, union …), where ``format`` plays no part."""

from __future__ import annotations

from replay.context import Context
from replay.plan import Parser, Pipeline, plan_subsearch
from replay.relation import ORDER, Relation
from replay.spl.scanner import Scanner

DATASETS = ("datamodel:", "savedsearch:", "inputlookup:", "lookup:")


def parse_dataset(s: Scanner, parser: Parser) -> Pipeline:
    """Read ``[ subsearch ]`` or the name of a dataset, such as ``datamodel:"Model.Dataset"`` or ``lookup:x.csv``.

    Source: Search Reference, "join" and "union".

    Raises:
        SearchError: neither comes next.
    """
    if s.peek() == "[":
        return parser.subsearch(s.bracketed("["))
    start = s.pos
    kind = s.peek_word(":") + ":"
    if kind.lower() not in DATASETS:
        raise s.error(f"expected a [ subsearch ] or a dataset ({', '.join(DATASETS)})")
    s.pos += len(kind)
    s.value("the name of a dataset")
    # `from` reads the same names, so let it: the scanner of its own keeps only the place of the search.
    return parser.search(f"| from {s.text[start : s.pos]}")


def rows_of(body: Pipeline, ctx: Context, limit: int, command: str) -> Relation:
    """The rows of a subsearch, computed; beyond ``limit`` they are left out, as Splunk does, with a warning.

    Args:
        body: the parsed subsearch.
        ctx: the outer search.
        limit: as limits.conf or the option ``maxout`` says; 0 is none.
        command: for the warning.
    """
    rel = ctx.materialize(plan_subsearch(body, ctx))
    count = ctx.engine.count(rel)
    if not limit or count <= limit:
        return rel
    ctx.warn(f"the subsearch of `{command}` gave {count} results: only the first {limit} count, as in Splunk")
    return rel.derive(f"SELECT * FROM {rel.name} ORDER BY {ORDER} LIMIT {limit}", rel.columns)
