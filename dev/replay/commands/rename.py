"""rename: give fields other names."""

from __future__ import annotations

from typing import Self

from replay.commands import EVERYTHING, Command, Needs, command
from replay.commands.fields import field_name, matcher
from replay.context import Context
from replay.plan import Parser
from replay.relation import Relation
from replay.spl.scanner import Scanner


@command("rename")
class Rename(Command, frozen=True):
    """``rename a AS b [,] x.* AS *``, left to right. Source: Search Reference, "rename".

    A rename moves a column: the field that had the new name is gone, also where the renamed field does not exist.
    """

    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the pairs; commas between them are optional."""
        pairs: list[tuple[str, str]] = []
        while not s.done:
            if pairs and s.accept(",") and s.done:
                raise s.error("`rename` ends with a comma: a pair is missing")
            s.skip()
            at = s.pos
            old = field_name(s, "the name of a field to rename")
            if s.keyword("as") is None:
                raise s.error(f"`rename` needs `AS` and a new name after `{old}`")
            new = field_name(s, f"the new name of `{old}`")
            if old.count("*") != new.count("*"):
                raise s.error(f"`{old} AS {new}`: both names need the same number of wildcards", at)
            if old in dict(pairs):
                raise s.error(f"`rename` cannot give `{old}` two names", at)
            pairs.append((old, new))
        if not pairs:
            raise s.error("`rename` needs at least one pair `old AS new`")
        return cls(tuple(pairs))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Move the columns; a renamed field keeps its place."""
        origin = {name: name for name in rel.columns}
        for old, new in self.pairs:
            moves = _moves(old, new, list(origin))
            gone = set(moves.values()) - set(moves)
            if "*" not in old and old not in origin:
                gone.add(new)
            origin = {moves.get(name, name): first for name, first in origin.items() if name not in gone}
        return rel.project({name: rel.field(first) for name, first in origin.items()})

    def needs(self, after: Needs) -> Needs:
        """The old names of what the commands behind it read."""
        for old, new in reversed(self.pairs):
            if "*" not in old:
                after = Needs(after.names - {new} | {old}, after.everything)
            elif any("*" in name for name in after.names):
                return EVERYTHING
            else:
                after |= Needs(frozenset(_moves(new, old, sorted(after.names)).values()))
        return after


def _moves(old: str, new: str, names: list[str]) -> dict[str, str]:
    """Name -> new name, for every name that the pattern matches; ``*`` at the start does not take internal fields."""
    pattern = matcher(old)
    moves: dict[str, str] = {}
    for name in names:
        match = pattern.match(name)
        if match and (old[0] == "_" or name[0] != "_" or "*" not in old):
            parts = new.split("*")
            moves[name] = parts[0] + "".join(text + part for text, part in zip(match.groups(), parts[1:], strict=True))
    return moves
