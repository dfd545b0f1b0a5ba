"""Passing over lines that cannot matter, before anything is cut out, decoded or parsed.

A search that asks for ``msra.exe`` in a field which is a verbatim part of the event can only find events whose raw
text holds these letters, as Splunk's own lexicon tells it which events to read at all. ``Skim`` stands between the
bytes of a log and its reader and takes out the lines that are one or more whole XML events and hold none of the
wanted texts. What is in any way out of order stays, so that the reader sees, keeps and reports it (byte offsets then
count what was left: whoever gets a problem report reads the log again in full).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from replay.inputs.quick import OPENING, compiled, is_regular

BLOCK = 256 * 1024
"""Bytes looked at at once: what stays in the cache of a core goes twice as fast."""
_LONGEST_TAG = 256
_SYSTEM = b"><System>"
_END = b"</Event>"
REFERENCE = "&#"
"""How a numeric character reference begins: it may spell any letter."""
_REFERENCE = REFERENCE.encode()


class Skim:
    """A log without the lines that cannot matter.

    Args:
        block: gives the next whole lines of the log, in UTF-8, and nothing at its end.
        texts: what must stand, in ASCII letters of any case, in an event that matters; one of them is enough.

    Attributes:
        passed: events that were passed over.
    """

    def __init__(self, block: Callable[[], bytes], texts: Iterable[str]) -> None:
        self.passed = 0
        self._block = block
        self._texts = sorted(set(texts))
        self._ready = b""

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes of what is left of the log."""
        while not self._ready:
            block = self._block()
            if not block:
                return b""
            self._ready = self._skimmed(block)
        piece, self._ready = self._ready[:size], self._ready[size:]
        return piece

    def _skimmed(self, block: bytes) -> bytes:
        mark, ascii = _one_of_each_event(block), block.isascii()
        if not mark or not _is_clean(block, ascii):
            return block
        kept: list[bytes] = []
        kept_events = at = 0
        for match in wanted(self._texts, block, ascii=ascii).finditer(block):
            if match.start() < at:
                continue
            start = block.rfind(b"\n", at, match.start()) + 1 or at
            end = block.find(b"\n", match.start()) + 1
            kept.append(block[start:end])
            kept_events += block.count(mark, start, end)
            at = end
        self.passed += block.count(mark) - kept_events
        return b"".join(kept)


def _one_of_each_event(block: bytes) -> bytes:
    """What stands once in every event of a block of whole lines; nothing if the block is in any way out of order.

    It is the opening tags where all lines begin with the same ones: long texts are counted several times as fast as
    short. A second event in a line that spells its tags in another way is then passed over uncounted. Where the lines
    differ, each has to be one event: ``</Event>`` may also end an element.
    """
    opening = block[: block.find(_SYSTEM, 0, _LONGEST_TAG) + len(_SYSTEM)]
    literal = _opening(opening)
    if literal and is_regular(block, literal):
        return opening
    return _END if is_regular(block) and block.count(_END) == block.count(b"\n") else b""


@lru_cache(maxsize=16)
def _opening(text: bytes) -> bytes:
    """The PCRE of this text, if it is how an event begins; else nothing."""
    return re.escape(text) if text.endswith(_SYSTEM) and compiled(OPENING).match(text) else b""


def _is_clean(block: bytes, ascii: bool) -> bool:
    """False if the block holds what the reader reports: NUL, or what is no UTF-8."""
    try:
        return b"\0" not in block and (ascii or bool(block.decode()))
    except UnicodeDecodeError:
        return False


def wanted(texts: Sequence[str], block: bytes, *, ascii: bool) -> Any:
    """PCRE for all the texts, in any case, and for numeric references, which may spell them; as simple as the block
    allows, since each further way to spell a letter costs much time.

    Args:
        texts: in ASCII letters.
        block: that is to be searched.
        ascii: it holds ASCII only.
    """
    if not any(compiled(rare).search(block) for rare in _rare(tuple(texts), ascii)):
        return compiled(_spelled(tuple(texts), foreign=False))
    return compiled(_spelled(tuple(texts), foreign=not ascii) + b"|" + _REFERENCE)


@lru_cache(maxsize=16)
def _rare(texts: tuple[str, ...], ascii: bool) -> list[bytes]:
    """What may spell a letter of the texts in another way, two at a time: more are found many times more slowly."""
    letters = [] if ascii else [letter for letter in FOREIGN if letter in "".join(texts).lower()]
    ways = [_REFERENCE, *map(_spelled_foreign, letters)]
    return [b"|".join(ways[at : at + 2]) for at in range(0, len(ways), 2)]


def _spelled_foreign(letter: str) -> bytes:
    return b"(?:" + b"|".join(c.encode() for c in FOREIGN[letter]) + b")"


@lru_cache(maxsize=16)
def _spelled(texts: tuple[str, ...], foreign: bool) -> bytes:
    return b"|".join(b"".join(_letter(c, foreign) for c in text) for text in texts)


FOREIGN = {"k": "\u212a", "i": "\u0130\u0131", "s": "\u017f"}
"""Letters beyond ASCII that lower(), upper() or a regular expression without regard to case takes for an ASCII one:
Kelvin sign, capital I with a dot, small i without one, long s."""


def _letter(c: str, foreign: bool) -> bytes:
    lower, upper = c.lower().encode(), c.upper().encode()
    if c.lower() in FOREIGN and foreign:
        return b"(?:[" + lower + upper + b"]|" + _spelled_foreign(c.lower()) + b")"
    return re.escape(lower) if lower == upper else b"[" + lower + upper + b"]"
