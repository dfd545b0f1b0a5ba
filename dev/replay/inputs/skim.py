"""Passing over lines that cannot matter, before anything is cut out, decoded or parsed.

A search that asks for ``msra.exe`` in a field which is a verbatim part of the event can only find events whose raw
text holds these letters, as Splunk's own lexicon tells it which events to read at all. ``Skim`` stands between the
bytes of a log and its reader and takes out the lines that are one or more whole XML events and hold none of the
wanted texts. What is in any way out of order stays, so that the reader sees, keeps and reports it (byte offsets then
count what was left: whoever gets a problem report reads the log again in full).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from replay.inputs.quick import compiled, is_regular, whole_lines
from replay.inputs.stream import Stream

BLOCK = 64 * 1024
"""Bytes looked at at once: what stays in the cache of a core is passed over twice as fast."""
_LONGEST_TAG = 256
_REFERENCE = b"&#"  # a numeric character reference may spell any letter


class Skim:
    """A stream without the lines that cannot matter.

    Args:
        stream: the log, in UTF-8.
        texts: what must stand, in ASCII letters of any case, in an event that matters; one of them is enough.

    Attributes:
        passed: events that were passed over.
    """

    def __init__(self, stream: Stream, texts: Iterable[str]) -> None:
        self.passed = 0
        self._stream = stream
        self._wanted, self._or_reference = wanted_patterns(frozenset(texts))
        self._ready = b""

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes of what is left of the log."""
        while not self._ready:
            block = whole_lines(self._stream, BLOCK)
            if not block:
                return b""
            self._ready = self._skimmed(block)
        piece, self._ready = self._ready[:size], self._ready[size:]
        return piece

    def _skimmed(self, block: bytes) -> bytes:
        mark = _one_of_each_event(block)
        if not mark:
            return block
        kept: list[bytes] = []
        kept_events = at = 0
        # One pattern for both is much slower, and references are rare.
        wanted = self._or_reference if compiled(_REFERENCE).search(block) else self._wanted
        for match in wanted.finditer(block):
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

    It is the opening tag where all lines begin with the same one: long texts are counted several times as fast as
    short. A second event in a line that spells its tag in another way is then passed over uncounted.
    """
    opening = block[: block.find(b">", 0, _LONGEST_TAG) + 1]
    if opening and is_regular(block, re.escape(opening)):
        return opening
    return b"</Event>" if is_regular(block) else b""


def wanted_patterns(texts: frozenset[str]) -> tuple[Any, Any]:
    """PCRE for all the texts, in any case; and for these or numeric references, which may spell them."""
    spelled = b"|".join(b"".join(_letter(c) for c in text) for text in sorted(texts))
    return compiled(spelled), compiled(spelled + b"|" + _REFERENCE)


# Letters beyond ASCII whose lower case is an ASCII letter (Kelvin sign, dotted capital I), in UTF-8.
_FOREIGN = {"k": b"\xe2\x84\xaa", "i": b"\xc4\xb0"}


def _letter(c: str) -> bytes:
    lower, upper = c.lower().encode(), c.upper().encode()
    if c.lower() in _FOREIGN:
        return b"(?:[" + lower + upper + b"]|" + _FOREIGN[c.lower()] + b")"
    return re.escape(lower) if lower == upper else b"[" + lower + upper + b"]"
