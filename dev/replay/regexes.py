r"""Regular expressions: the one place that turns (text, pattern) into SQL.

Splunk's are PCRE, DuckDB's are RE2. A pattern that RE2 holds with exactly PCRE's meaning (``replay.re2``) runs in
DuckDB; every other one through vectorised functions on PCRE2 (``replay.udf.pcre``). Results never depend on which of
the two ran, but for a pattern that runs away: PCRE stops at its match limit and then does not match.

Source: Search Manual, "About Splunk regular expressions"; limits.conf.spec, ``match_limit``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from replay import re2
from replay.errors import Place, SearchError
from replay.relation import quote
from replay.spl.evals import EvalExpr, String
from replay.udf import pcre

if TYPE_CHECKING:
    from replay.expressions import EvalCompiler

_DUCKDB_GROUPS = 9  # regexp_extract knows no more


class Regex(Struct, frozen=True):
    """A checked pattern.

    Attributes:
        pattern: as PCRE reads it.
        names: named groups and their numbers, in order of number.
        groups: how many groups, named or not.
        re2: the same for RE2; None if only PCRE holds it.
    """

    pattern: str
    names: dict[str, int]
    groups: int
    re2: re2.Translation | None

    def __hash__(self) -> int:
        return hash(self.pattern)


@lru_cache(maxsize=1024)
def _compile(pattern: str) -> Regex | str:
    try:
        compiled = pcre.compiled(pattern)
    except pcre.BadPattern as e:
        return str(e)
    index = compiled.groupindex
    names = {name: index[name] for name in sorted(index, key=lambda n: index[n])}
    return Regex(pattern, names, compiled.groups, re2.translate(pattern))


def regex(pattern: str, place: Place | None = None, warn: Callable[[str], None] | None = None) -> Regex:
    """Check a pattern.

    Args:
        pattern: a PCRE.
        place: where it stands, for the error.
        warn: told if the pattern exceeds PCRE's limits on some text.

    Raises:
        SearchError: it is no regular expression; the message is PCRE2's own.
    """
    found = _compile(pattern)
    if isinstance(found, str):
        raise SearchError(f"the regular expression `{pattern}` is not valid: {found}", place)
    if warn is not None and found.re2 is None:
        pcre.watch(pattern, warn)
    return found


def group_names(pattern: str, place: Place | None = None) -> list[str]:
    """The named groups of a pattern, in order.

    Raises:
        SearchError: it is no regular expression.
    """
    return list(regex(pattern, place).names)


# --- SQL -------------------------------------------------------------------------------------------------------------


def matches(text: str, pattern: str | Regex) -> str:
    """SQL of a Boolean: the pattern matches somewhere in the text; null for null."""
    r = _regex(pattern)
    if r.re2 is not None:
        return f"regexp_matches({text}, {quote(r.re2.pattern)})"
    return pcre.matches.sql(text, quote(r.pattern))


def matches_node(c: EvalCompiler, text: str, node: EvalExpr) -> str:
    """As ``matches``; the pattern is an eval expression: a literal is checked now, anything else row by row."""
    if isinstance(node, String):
        return matches(text, eval_regex(c, node))
    return pcre.matches.sql(text, c.text(node).sql)


def eval_regex(c: EvalCompiler, node: String) -> Regex:
    """The regular expression that is a literal of an eval expression."""
    return regex(node.value, Place(column=node.column or None).within(c.context.place), c.context.warn)


def first_match(text: str, pattern: str | Regex, group: int | str) -> str:
    """SQL of what the group captures in the first match; null if there is no match or the group is empty."""
    r = _regex(pattern)
    number = _number(r, group)
    t = r.re2
    if t is not None and number <= _DUCKDB_GROUPS and not (number == 0 and t.takes_newline):
        return f"nullif(regexp_extract({text}, {quote(t.pattern)}, {number}), '')"
    return f"nullif({pcre.groups.sql(text, quote(r.pattern))}[{number + 1}], '')"


def all_matches(text: str, pattern: str | Regex, group: int | str, limit: int = 0) -> str:
    """SQL of the list of what the group captures in every match (the first ``limit``; 0 is all of them).

    A match in which the group is empty or takes no part has ``''``, so that the lists of two groups stay in step.
    """
    r = _regex(pattern)
    number = _number(r, group)
    t = r.re2
    if t is None or number > _DUCKDB_GROUPS or t.can_be_empty or t.takes_newline:
        return f"{pcre.all_groups.sql(text, quote(r.pattern), str(limit))}[{number + 1}]"
    every = f"list_transform(regexp_extract_all({text}, {quote(t.pattern)}, {number}), lambda __v: coalesce(__v, ''))"
    return f"list_slice({every}, 1, {limit})" if limit else every


def offsets(text: str, pattern: str | Regex, limit: int = 1) -> str:
    """SQL of where the named groups matched: ``name=first-last``, from 0, joined by ``&``."""
    return pcre.offsets.sql(text, quote(_regex(pattern).pattern), str(limit))


def replace_all(text: str, pattern: str | Regex, replacement: str) -> str:
    r"""SQL of the text with every match replaced; ``\1`` is a group, ``\\`` a backslash."""
    return replace_one(text, pattern, replacement, 0)


def replace_one(text: str, pattern: str | Regex, replacement: str, occurrence: int) -> str:
    """As ``replace_all``, but only the nth match (0: all of them)."""
    r = _regex(pattern)
    t = r.re2
    parts = pcre.replacement_parts(replacement)
    most = max((p for p in parts if isinstance(p, int)), default=0)
    if t is None or occurrence > 1 or t.takes_newline or most > r.groups or (t.can_be_empty and occurrence == 0):
        return pcre.replace.sql(text, quote(r.pattern), quote(replacement), str(occurrence))
    template = "".join(p.replace("\\", "\\\\") if isinstance(p, str) else f"\\{p}" for p in parts)
    flags = ", 'g'" if occurrence == 0 else ""
    return f"regexp_replace({text}, {quote(t.pattern)}, {quote(template)}{flags})"


def replace_each(text: str, pattern: str, replacement: str) -> str:
    """As ``replace_all``; pattern and replacement are SQL, so they may differ from row to row."""
    return pcre.replace.sql(text, pattern, replacement, "0")


def _regex(pattern: str | Regex) -> Regex:
    return regex(pattern) if isinstance(pattern, str) else pattern


def _number(r: Regex, group: int | str) -> int:
    number = group if isinstance(group, int) else r.names.get(group, -1)
    if not 0 <= number <= r.groups:
        raise SearchError(f"the regular expression `{r.pattern}` has no group `{group}`")
    return number
