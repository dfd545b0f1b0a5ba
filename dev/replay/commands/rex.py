"""rex: extract fields with a regular expression, or rewrite a field with a sed script."""

from __future__ import annotations

import re
from typing import Self

from msgspec import Struct

from replay import regexes
from replay.commands import Command, Needs, command
from replay.context import Context
from replay.functions import each, over
from replay.plan import Parser
from replay.relation import NULL, Expr, Kind, Relation, as_text, cast, common_kind, quote
from replay.spl.scanner import SPACE, Scanner

_OPTIONS = ("field", "max_match", "offset_field", "mode")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


class Substitute(Struct, frozen=True):
    """``s/regex/replacement/flags``; ``occurrence`` 0 is every match (flag ``g``), else the nth (1 by default)."""

    regex: regexes.Regex
    replacement: str
    occurrence: int


class Transliterate(Struct, frozen=True):
    """``y/abc/xyz/``: character by character."""

    characters: str
    replacements: str


@command("rex")
class Rex(Command, frozen=True):
    """``rex [field=f] "regex" [max_match=n] [offset_field=f]`` or ``rex [field=f] mode=sed "script"``.

    A match overwrites the fields that its named groups name; where nothing matches, or a group takes no text, the
    field stays as it was. Of a multivalue source every value is read. Source: Search Reference, "rex".
    """

    field: str
    regex: regexes.Regex | None
    max_match: int
    offset_field: str | None
    script: tuple[Substitute | Transliterate, ...]

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options, which may stand on either side, and the expression."""
        options = s.options(_OPTIONS, "rex")
        s.skip()
        at = s.pos
        expression = read_regex(s, "rex")
        options |= s.options(_OPTIONS, "rex")
        s.finish("rex")
        field = options.get("field", "_raw")
        if "mode" in options:
            if options["mode"] != "sed":
                raise s.error(f"`rex` has no mode `{options['mode']}` (it has: sed)", at)
            return cls(field, None, 0, None, _script(s.sub(at, s.end), expression, parser.context))
        max_match = s.integer(options.get("max_match", "1"), "max_match")
        regex = compile_here(s, at, expression, parser.context)
        if not regex.names:
            raise s.error(
                "the regular expression of `rex` names no group: write (?<field>…) around what to extract", at
            )
        return cls(field, regex, max_match, options.get("offset_field"), ())

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Add the fields, or rewrite the source."""
        if not rel.has(self.field):
            targets = () if self.regex is None else (*self.regex.names, *filter(None, [self.offset_field]))
            return rel.extend({name: rel.field(name) for name in targets})
        source = rel.field(self.field)
        if self.regex is None:
            return rel.extend({self.field: each(source, self._edit)})
        found = {name: self._captured(source, self.regex, name) for name in self.regex.names}
        if self.offset_field is not None:
            found[self.offset_field] = self._offsets(source, self.regex)
        return rel.extend({name: _over_old(rel.field(name), value) for name, value in found.items()})

    def _captured(self, source: Expr, regex: regexes.Regex, name: str) -> Expr:
        if self.max_match == 1:
            return each(source, lambda text: regexes.first_match(text, regex, name))

        def captures(text: str) -> str:
            return regexes.all_matches(text, regex, name, self.max_match)

        every = f"flatten({over(source.sql, captures)})" if source.kind is Kind.MV else captures(as_text(source).sql)
        return Expr(f"spl_mv({over(every, lambda v: v + chr(32) + '<> ' + quote(''), 'list_filter')})", Kind.MV)

    def _offsets(self, source: Expr, regex: regexes.Regex) -> Expr:
        found = each(source, lambda text: regexes.offsets(text, regex, self.max_match))
        return found if found.kind is Kind.STR else Expr(f"array_to_string({found.sql}, '&')", Kind.STR)

    def _edit(self, text: str) -> str:
        for step in self.script:
            if isinstance(step, Transliterate):
                text = f"translate({text}, {quote(step.characters)}, {quote(step.replacements)})"
            elif step.occurrence == 0:
                text = regexes.replace_all(text, step.regex, step.replacement)
            else:
                text = regexes.replace_one(text, step.regex, step.replacement, step.occurrence)
        return text

    def needs(self, after: Needs) -> Needs:
        """The source, too; a target keeps what it had where nothing matches."""
        return after | Needs.of(self.field)


def _over_old(old: Expr, new: Expr) -> Expr:
    if old is NULL:
        return new
    kind = common_kind((old.kind, new.kind))
    return Expr(f"coalesce({cast(new, kind).sql}, {cast(old, kind).sql})", kind)


def read_regex(s: Scanner, command_name: str) -> str:
    """Take a regular expression: in double quotes (SPL escapes undone), or bare up to white space.

    Raises:
        SearchError: there is none.
    """
    if s.done:
        raise s.error(f"`{command_name}` needs a regular expression in double quotes")
    if s.at_quote():
        return s.quoted()
    start = s.pos
    while s.pos < s.end and s.text[s.pos] not in SPACE:
        s.pos += 1
    return s.text[start : s.pos]


def compile_here(s: Scanner, at: int, expression: str, ctx: Context) -> regexes.Regex:
    """The regular expression that stands at ``at``.

    Raises:
        SearchError: it is not valid; the column is that of the expression.
    """
    return regexes.regex(expression, s.error("", at).place, ctx.warn)


def _script(s: Scanner, text: str, ctx: Context) -> tuple[Substitute | Transliterate, ...]:
    """Parse a sed script: one or more ``s`` and ``y``, separated by white space."""
    steps: list[Substitute | Transliterate] = []
    rest = text.strip()
    while rest:
        kind, delimiter = rest[0], rest[1:2]
        if kind not in "sy" or not delimiter or delimiter.isalnum() or delimiter.isspace() or delimiter == "\\":
            raise s.error("a sed script is s/regex/replacement/flags or y/characters/replacements/")
        (left, right), tail = _cut(s, rest[2:], delimiter)
        flags = re.match(r"\S*", tail)
        assert flags is not None
        rest = tail[flags.end() :].lstrip()
        steps.append(_step(s, kind, left, right, flags.group(), ctx))
    if not steps:
        raise s.error("the sed script of `rex` is empty")
    return tuple(steps)


def _cut(s: Scanner, text: str, delimiter: str) -> tuple[tuple[str, str], str]:
    parts: list[str] = []
    start = i = 0
    while i < len(text) and len(parts) < 2:
        if text[i] == "\\":
            i += 1
        elif text[i] == delimiter:
            parts.append(text[start:i].replace("\\" + delimiter, delimiter))
            start = i + 1
        i += 1
    if len(parts) < 2:
        raise s.error(f"the sed script lacks a closing `{delimiter}`")
    return (parts[0], parts[1]), text[i:]


def _step(s: Scanner, kind: str, left: str, right: str, flags: str, ctx: Context) -> Substitute | Transliterate:
    if kind == "y":
        if len(left) != len(right) or flags:
            raise s.error("y/characters/replacements/ needs as many replacements as characters, and no flags")
        return Transliterate(left, right)
    if not re.fullmatch(r"g|[1-9]\d*|", flags):
        raise s.error(f"`{flags}` is no flag of a sed substitution (g, or the number of the match to replace)")
    replacement = re.sub(r"\\(.)", lambda m: _ESCAPED.get(m[1], m[0]), right, flags=re.DOTALL)
    occurrence = 0 if flags == "g" else int(flags or 1)
    return Substitute(compile_here(s, s.pos, left, ctx), replacement, occurrence)
