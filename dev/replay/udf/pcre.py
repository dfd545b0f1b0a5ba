r"""PCRE in SQL: what DuckDB's own regular expressions (RE2) cannot hold. See ``replay.regexes``.

The library is PCRE2 (PyPI ``pcre2``). Text is UTF-8, and ``\w \d \s \b`` and the POSIX classes know ASCII only, as in
PCRE without its UCP option. A pattern that would run away is stopped at the match limit of limits.conf and then does
not match (limits.conf.spec, ``[rex] match_limit``); whoever watches the pattern is told once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice

import pcre2

from replay.udf import user_function

MATCH_LIMIT = 100_000
_LIMIT = f"(*LIMIT_MATCH={MATCH_LIMIT})"
_JIT_STACK_FULL = -46
_CODE_POINT = re.compile(r"(\\Q.*?(?:\\E|$)|\\[^x]|\\x(?!\{))|\\x\{([0-9A-Fa-f]+)\}", re.DOTALL)

_watchers: dict[str, Callable[[str], None]] = {}


class BadPattern(Exception):
    """The pattern is no regular expression; the message is PCRE2's own, with the offset into the pattern."""


def watch(pattern: str, warn: Callable[[str], None]) -> None:
    """Have ``warn`` called (once) if the pattern exceeds a limit."""
    _watchers[pattern] = warn


@lru_cache(maxsize=1024)
def compiled(pattern: str, jit: bool = True) -> pcre2.Pattern:
    """The compiled pattern.

    Raises:
        BadPattern: it does not compile.
    """
    try:
        return pcre2.compile(_LIMIT + _code_points(pattern), flags=pcre2.ASCII, jit=jit)
    except pcre2.PatternError as e:
        text = re.sub(r"^compilation failed at position \d+; ", "", e.msg)
        raise BadPattern(f"{text}, at offset {max(0, e.pos - len(_LIMIT))}") from e


def _code_points(pattern: str) -> str:
    r"""``\x{41}`` as the character itself: the binding compiles with PCRE2_ALT_BSUX, which does not know this form."""

    def character(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1]
        c = chr(min(int(found[2], 16), 0x10FFFF))
        return c if c.isalnum() or c.isspace() or ord(c) > 127 else "\\" + c

    return _CODE_POINT.sub(character, pattern)


def _guarded(pattern: str, work: Callable[[pcre2.Pattern], object]) -> object | None:
    """``work`` with the compiled pattern; None if the pattern is invalid or exceeds a limit."""
    try:
        try:
            return work(compiled(pattern))
        except pcre2.LibraryError as e:
            if e.code != _JIT_STACK_FULL:
                raise
            return work(compiled(pattern, jit=False))
    except BadPattern:
        return None
    except pcre2.LibraryError as e:
        warn = _watchers.pop(pattern, None)
        if warn is not None:
            warn(f"the regular expression `{pattern}` gave up on some text, which counts as no match: {e.msg}")
        return None


def _matches(text: str, pattern: str) -> bool:
    return bool(_guarded(pattern, lambda p: p.search(text) is not None))


def _groups(text: str, pattern: str) -> list[str] | None:
    def work(p: pcre2.Pattern) -> list[str] | None:
        found = p.search(text)
        return None if found is None else [found[0], *found.groups("")]

    return _guarded(pattern, work)  # type: ignore[return-value]


def _all(text: str, pattern: str, limit: int) -> list[list[str]]:
    def work(p: pcre2.Pattern) -> list[list[str]]:
        rows = [[m[0], *m.groups("")] for m in _some(p, text, limit)]
        return [list(column) for column in zip(*rows, strict=True)]

    found = _guarded(pattern, work)
    return found or [[] for _ in range(compiled(pattern).groups + 1)]  # type: ignore[return-value]


def _some(p: pcre2.Pattern, text: str, limit: int) -> Iterator[pcre2.Match]:
    return islice(p.finditer(text), limit or None)


def _offsets(text: str, pattern: str, limit: int) -> str | None:
    def work(p: pcre2.Pattern) -> str | None:
        names = sorted(p.groupindex, key=lambda name: p.groupindex[name])
        spans = [(n, *m.span(n)) for m in _some(p, text, limit) for n in names]
        return "&".join(f"{name}={start}-{end - 1}" for name, start, end in spans if end > start >= 0) or None

    return _guarded(pattern, work)  # type: ignore[return-value]


def _replace(text: str, pattern: str, replacement: str, occurrence: int) -> str:
    def work(p: pcre2.Pattern) -> str:
        template = _template(replacement, p.groups)
        if occurrence == 0:
            return str(p.sub(template, text))
        for match in islice(p.finditer(text), occurrence - 1, occurrence):
            return text[: match.start()] + str(match.expand(template)) + text[match.end() :]
        return text

    replaced = _guarded(pattern, work)
    return text if replaced is None else str(replaced)


@lru_cache(maxsize=1024)
def _template(replacement: str, groups: int) -> str:
    """Splunk's replacement as a PCRE2 one; a group that the pattern does not have is empty."""
    pieces = []
    for part in replacement_parts(replacement):
        if isinstance(part, str):
            pieces.append(part.replace("\\", "\\\\").replace("$", "$$"))
        elif part <= groups:
            pieces.append(f"${{{part}}}")
    return "".join(pieces)


def replacement_parts(replacement: str) -> list[str | int]:
    r"""A replacement cut into literal text and group numbers: ``\1`` is a group, ``\\`` one backslash."""
    parts: list[str | int] = []
    for literal, group in re.findall(r"((?:[^\\]|\\\\|\\(?!\d))+)|\\(\d)", replacement, re.DOTALL):
        parts.append(int(group) if group else literal.replace("\\\\", "\\"))
    return parts


matches = user_function("py_regex_matches", _matches, ["VARCHAR", "VARCHAR"], "BOOLEAN")
groups = user_function("py_regex_groups", _groups, ["VARCHAR", "VARCHAR"], "VARCHAR[]")
all_groups = user_function("py_regex_all", _all, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR[][]")
offsets = user_function("py_regex_offsets", _offsets, ["VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR")
replace = user_function("py_regex_replace", _replace, ["VARCHAR", "VARCHAR", "VARCHAR", "BIGINT"], "VARCHAR")
