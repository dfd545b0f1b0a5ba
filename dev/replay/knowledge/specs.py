"""The small languages inside the values of props.conf: field aliases and automatic lookups.

Source: Admin Manual, props.conf, FIELDALIAS and LOOKUP. Names are separated by blanks or commas and may stand
in double quotes; keywords are not case-sensitive.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from replay.errors import KnowledgeError, Place

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s,"]+)|([\s,]+)', re.DOTALL)


class Alias(Struct, frozen=True):
    """``source AS target``: ``target`` gets the value of ``source``.

    Attributes:
        keep_existing: ASNEW: a target that has a value keeps it, and one whose source is missing is not
            removed.
    """

    source: str
    target: str
    keep_existing: bool
    place: Place


class LookupSpec(Struct, frozen=True):
    """``table key AS field ... OUTPUT column AS field ...``.

    Attributes:
        table: name of the lookup.
        inputs: (column of the table, field of the event) to match on.
        outputs: (column, field) to write; none means every column that is not an input.
        overwrite: OUTPUT (or no keyword): fields that exist are replaced; OUTPUTNEW leaves them.
    """

    table: str
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    overwrite: bool


class _Word(Struct, frozen=True):
    text: str
    quoted: bool

    def is_keyword(self, *keywords: str) -> bool:
        return not self.quoted and self.text.upper() in keywords


def parse_aliases(text: str, place: Place) -> tuple[Alias, ...]:
    """The aliases of one FIELDALIAS setting, in their order.

    Raises:
        KnowledgeError: the text is not a list of ``field AS alias``.
    """
    words = _words(text, place)
    aliases = []
    for at in range(0, len(words), 3):
        group = words[at : at + 3]
        if len(group) < 3 or not group[1].is_keyword("AS", "ASNEW"):
            shown = " ".join(word.text for word in group)
            raise KnowledgeError(f"`{shown}` is not an alias; write `field AS alias`", place)
        aliases.append(Alias(group[0].text, group[2].text, group[1].is_keyword("ASNEW"), place))
    return tuple(aliases)


def parse_lookup(text: str, place: Place) -> LookupSpec:
    """The value of a LOOKUP setting.

    Raises:
        KnowledgeError: no table, no input field, or a list of fields that is not one.
    """
    words = _words(text, place)
    split = next((at for at, word in enumerate(words) if word.is_keyword("OUTPUT", "OUTPUTNEW")), len(words))
    inputs = _field_pairs(words[1:split], place)
    outputs = _field_pairs(words[split + 1 :], place)
    if not inputs:
        raise KnowledgeError("a lookup needs a table and at least one field: `table field [AS event_field]`", place)
    if split < len(words) and not outputs:
        raise KnowledgeError(f"no field after {words[split].text}", place)
    overwrite = split == len(words) or words[split].is_keyword("OUTPUT")
    return LookupSpec(words[0].text, inputs, outputs, overwrite)


def _field_pairs(words: Sequence[_Word], place: Place) -> tuple[tuple[str, str], ...]:
    """``a AS b, c`` as ``(("a", "b"), ("c", "c"))``."""
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(words):
        renamed = at + 1 < len(words) and words[at + 1].is_keyword("AS")
        if words[at].is_keyword("AS", "OUTPUT", "OUTPUTNEW") or (renamed and at + 2 >= len(words)):
            raise KnowledgeError(f"`{words[at].text}`: a field was expected; write `column AS field`", place)
        pairs.append((words[at].text, words[at + 2 if renamed else at].text))
        at += 3 if renamed else 1
    return tuple(pairs)


def _words(text: str, place: Place) -> list[_Word]:
    words = []
    at = 0
    while at < len(text):
        found = _WORD.match(text, at)
        if found is None:
            raise KnowledgeError(f"a quote is not closed in `{text[at:]}`", place)
        if found[1] is not None:
            words.append(_Word(re.sub(r'\\(["\\])', r"\1", found[1]), quoted=True))
        elif found[2] is not None:
            words.append(_Word(found[2], quoted=False))
        at = found.end()
    return words
