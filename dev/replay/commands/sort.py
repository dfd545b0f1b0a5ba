"""sort: order the rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import ORDER, Expr, Kind, Relation
from replay.spl.scanner import Scanner

DEFAULT_LIMIT = 10_000
_TYPED = re.compile(r"(auto|str|ip|num)\((.+)\)", re.IGNORECASE)


class SortKey(Struct, frozen=True):
    """One field to sort by; ``type`` is auto, num, str or ip."""

    field: str
    descending: bool = False
    type: str = "auto"


@command("sort")
class Sort(Command, frozen=True):
    """``sort [N|limit=N] [+|-]field … [desc]``. Source: Search Reference, "sort": 10,000 rows unless a count is given,
    0 for all; missing values come last in either direction."""

    keys: tuple[SortKey, ...]
    limit: int = DEFAULT_LIMIT

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the limit, the fields, and a final ``desc``."""
        limit = str(DEFAULT_LIMIT)
        word = s.peek_word()
        if word.isdigit():
            s.pos += len(word)
            limit = word
        limit = s.options(("limit",), "sort").get("limit", limit)
        keys, reverse = parse_sort_keys(s)
        s.finish("sort")
        if not keys:
            raise s.error("`sort` needs a field")
        if reverse:
            keys = [replace(key, descending=not key.descending) for key in keys]
        return cls(tuple(keys), s.integer(limit, "limit"))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Number the rows anew; keep the first of them."""
        rel = sort_rows(rel, self.keys)
        return rel.filter(f"{ORDER} <= {self.limit}") if self.limit else rel

    def needs(self, after: Needs) -> Needs:
        """The fields to sort by, too."""
        return after | Needs.of(*(key.field for key in self.keys))


def parse_sort_keys(s: Scanner) -> tuple[list[SortKey], bool]:
    """Read ``[+|-]field …``; True if a final ``desc`` (or ``d``) reverses it all.

    A sign before a field is for that field; one that stands alone is for all that follow without their own.
    """
    keys: list[SortKey] = []
    standing = False
    after_comma = False
    while not s.done:
        if s.accept(","):
            after_comma = True
            continue
        descending = standing
        sign = s.peek()
        if sign in "+-":
            s.pos += 1
            descending = sign == "-"
            if s.rest()[:1].isspace():
                standing = descending
        if s.done:
            raise s.error("a field must follow the sign in sort")
        quoted = s.at_quote()
        name = s.field()
        if not quoted and keys and s.done and name.lower() in ("d", "desc") and not after_comma and sign not in "+-":
            return keys, True
        typed = None if quoted else _TYPED.fullmatch(name)
        if typed:
            keys.append(SortKey(typed[2].strip().strip("\"'"), descending, typed[1].lower()))
        else:
            keys.append(SortKey(name, descending))
        after_comma = False
    return keys, False


def sort_rows(rel: Relation, keys: Sequence[SortKey]) -> Relation:
    """The rows in the order of the keys; rows that are equal keep their order."""
    terms = [term for key in keys for term in order_terms(rel.field(key.field), key)]
    return rel.renumber(", ".join([*terms, ORDER]))


def order_terms(value: Expr, key: SortKey) -> list[str]:
    """ORDER BY terms of one key.

    ``auto`` compares numbers as numbers, IPv4 addresses as addresses and text byte by byte; text that begins with a
    number goes by that number first. In a mixed column numbers come before text: Splunk decides pair by pair, which
    agrees except where its pairs contradict each other.
    """
    direction, nulls_of_texts = ("DESC", "NULLS FIRST") if key.descending else ("ASC", "NULLS LAST")
    if value.kind is Kind.NUM and key.type in ("auto", "num"):
        return [f"{value.sql} {direction} NULLS LAST"]
    text = (
        f"{value.sql}[1]"
        if value.kind is Kind.MV
        else f"spl_text({value.sql})"
        if value.kind is Kind.NUM
        else value.sql
    )
    match key.type:
        case "num":
            return [f"spl_num({text}) {direction} NULLS LAST"]
        case "str":
            return [f"{text} {direction} NULLS LAST"]
        case "ip":
            by = [f"spl_ip({text}) {direction} {nulls_of_texts}", f"{text} {direction}"]
        case _:
            only_text = f"CASE WHEN spl_num({text}) IS NULL THEN {text} END"
            by = [
                f"spl_leading_number({text}) {direction} {nulls_of_texts}",
                f"spl_ip({text}) {direction}",
                f"{only_text} {direction}",
            ]
    return [f"({text} IS NULL)", *by]
