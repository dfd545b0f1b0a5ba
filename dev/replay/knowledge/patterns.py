"""The names in props.conf stanzas that stand for many hosts, sources or source types.

Source: Admin Manual, props.conf ("[<spec>] stanza patterns" and "match language"): ``...`` is any text, ``*``
any text without the path separator, ``.`` a literal dot; all else is a PCRE, which must match the whole name.
Source and source type match with case, host without.
"""

from __future__ import annotations

from collections.abc import Callable
from re import compile as regex

import pcre2

from replay.errors import KnowledgeError, Place

Matcher = Callable[[str], bool]

# What a source type that is really a pattern starts with: a regex that matches nothing itself.
SOURCETYPE_PATTERN = "(?::){0}"
_TOKEN = regex(r"\\.|\.\.\.|\*|\.", flags=16)  # re.DOTALL
_SPECIAL = regex(r"\.\.\.|[*|()?+^$\[\]{}]")


def is_pattern(text: str) -> bool:
    """Whether the text stands for more than the one name that it spells."""
    return _SPECIAL.search(text) is not None


def to_pcre(text: str) -> str:
    """The stanza pattern as a PCRE for the whole name (before anchoring).

    The path separator is ``/``, as on a search head that runs Linux; so ``*`` does match a backslash.
    """
    words = {"...": ".*", "*": "[^/]*", ".": r"\."}
    return _TOKEN.sub(lambda found: words.get(found[0], found[0]), text)


def matcher(text: str, *, ignore_case: bool, place: Place) -> Matcher:
    r"""A test whether a name matches the stanza pattern, or is, letter by letter, the pattern itself.

    Args:
        text: what stands after ``source::`` or ``host::``; ``\\`` is one backslash.
        ignore_case: hosts; a pattern may still say ``(?-i)``.
        place: the stanza, for errors.

    Raises:
        KnowledgeError: the pattern is no regular expression.
    """
    if not is_pattern(text):
        plain = text.replace("\\\\", "\\")
        if ignore_case:
            return lambda name: name.lower() in (text.lower(), plain.lower())
        return lambda name: name in (text, plain)
    flags = pcre2.DOTALL | (pcre2.IGNORECASE if ignore_case else pcre2.NOFLAG)
    try:
        compiled = pcre2.compile(to_pcre(text), flags=flags)
    except pcre2.PatternError as error:
        raise KnowledgeError(f"the pattern `{text}` is not valid: {error}", place) from error
    return lambda name: name == text or compiled.fullmatch(name) is not None
