"""fields: keep or remove fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import Relation
from replay.spl.scanner import Scanner


def matcher(pattern: str) -> re.Pattern[str]:
    """A field-name pattern (``*`` is the only wildcard) as a regex; each ``*`` is a group."""
    return re.compile("(.*)".join(re.escape(part) for part in pattern.split("*")) + r"\Z", re.DOTALL)


def expand(names: Iterable[str], rel: Relation) -> list[str]:
    """Wildcards replaced by the fields that match, alphabetically; ``*`` alone does not take internal fields."""
    found: list[str] = []
    for name in names:
        if "*" in name:
            pattern = matcher(name)
            matches = [f for f in rel.columns if pattern.match(f) and (name[0] == "_" or f[0] != "_")]
            found += sorted(matches)
        else:
            found.append(name)
    return list(dict.fromkeys(found))


def field_names(s: Scanner) -> list[str]:
    """A list of field names up to the end, separated by spaces, commas or both."""
    names: list[str] = []
    while not s.done:
        if not s.accept(","):
            names.append(field_name(s))
    return names


def field_name(s: Scanner, what: str = "a field name") -> str:
    """A field name, which may be an unquoted aggregate such as ``count(eval(x > 1))``."""
    in_quotes = s.peek() in ('"', "'")
    start = s.pos
    name = s.field(what)
    if in_quotes or s.text[s.pos : min(s.pos + 1, s.end)] != "(":
        return name
    s.bracketed("(")
    return s.text[start : s.pos]


@command("fields")
class Fields(Command, frozen=True):
    """``fields [+|-] <list>``: ``_time`` and ``_raw`` go only if named with ``-``.

    Source: Search Reference, "fields".
    """

    names: tuple[str, ...]
    remove: bool

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the sign and the list."""
        remove = s.accept("-")
        if not remove:
            s.accept("+")
        names = field_names(s)
        s.finish("fields")
        if not names:
            raise s.error("`fields` needs at least one field")
        return cls(tuple(names), remove)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Keep or drop; a listed field that does not exist is ignored."""
        listed = expand(self.names, rel)
        if self.remove:
            return rel.drop(listed)
        internal = [name for name in rel.columns if name.startswith("_") and name not in listed]
        return rel.keep([*(name for name in listed if rel.has(name)), *internal])

    def needs(self, after: Needs) -> Needs:
        """Kept fields only; removed ones cannot be told from what follows."""
        return after if self.remove else Needs(frozenset({*self.names, "_time", "_raw"}))
