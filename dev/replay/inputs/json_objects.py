"""Cuts a stream of JSON into its objects.

Objects may stand one a line, one behind the other in any layout, or as the elements of an array, which may be
the whole file or the value of a key of one object around it all (``results`` of Splunk, ``Records`` of
CloudTrail). They are cut out one by one, so that even an array of any size on one line is read in pieces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from replay.inputs.base import EVENT_LIMIT, Log
from replay.inputs.stream import Window

_BETWEEN = re.compile(rb"[\s,\[\]\0]*")
_TOKEN = re.compile(rb'[{}"\n]')
_STRING = re.compile(rb'(?:[^"\\\n]++|\\.)*+', re.DOTALL)
_LAID_OUT = re.compile(rb'\{\s*\n[ \t]+"')
_WRAPPERS = ("results", "Records")
_WRAPPER_LIMIT = 64 * 1024
_LONGEST_MARK = 256


class Object(NamedTuple):
    """An object of a log: its text, what it says, and its offset."""

    raw: str
    value: dict[str, Any]
    byte: int


class _Unfinished(Exception):
    """An object that is broken off; the text says how that was seen."""


def split(log: Log) -> Iterator[Object]:
    """The objects of a log in their order.

    What is no object is reported with its place, and reading goes on with the next line that begins with one.
    """
    return _Splitter(log).objects()


class _Splitter:
    def __init__(self, log: Log) -> None:
        self._log = log
        self._window = Window(log.stream)
        # Offsets up to which one of the two ways to find an object is known to fail: without them, hostile
        # text would be searched again from each of its lines.
        self._no_line_before = 0
        self._no_braces_before = 0

    def objects(self) -> Iterator[Object]:
        window = self._window
        wrapped = False
        while True:
            skipped = self._skip_between()
            if window.pos == len(window.data):
                return
            if wrapped and b"]" in skipped:
                wrapped = False
                self._resync(b"")
                continue
            found = self._by_line()
            if found is None and (array := self._wrapped_array()) is not None:
                wrapped, window.pos = True, array
                continue
            found = found or self._by_braces()
            if found is not None:
                yield found

    def _skip_between(self) -> bytes:
        window, skipped = self._window, b""
        while True:
            match = _BETWEEN.match(window.data, window.pos)
            end = match.end() if match else window.pos
            self._log.nul_between(window.data[window.pos : end], window.base + window.pos)
            skipped = skipped[-1:] + window.data[window.pos : end].strip()
            window.pos = end
            if end < len(window.data) or not window.more():
                return skipped

    def _by_line(self) -> Object | None:
        """The object that fills the rest of the line, as in JSON lines: the quick way."""
        window = self._window
        end = window.data.find(b"\n", window.pos)
        if end < 0 or window.base + window.pos < self._no_line_before:
            return None
        line = window.data[window.pos : end].rstrip(b" \t\r,")
        found = self._parse(line) if line.endswith(b"}") else None
        if found is None or _is_wrapper(found.value):
            found = None
            self._no_line_before = window.base + end
        else:
            window.pos = end
        return found

    def _parse(self, data: bytes) -> Object | None:
        byte = self._window.base + self._window.pos
        try:
            value = _DECODER.decode(data.decode(errors="replace"))
        except (ValueError, RecursionError):
            return None
        return Object(self._log.text(data, byte), value, byte) if isinstance(value, dict) else None

    def _wrapped_array(self) -> int | None:
        """Index of the first element, if the object here is only a wrapper around an array of objects."""
        window = self._window
        head = window.data[window.pos : window.pos + _WRAPPER_LIMIT].decode("latin-1")  # a byte is a character
        if not head.startswith("{") or not any(f'"{key}"' in head for key in _WRAPPERS):
            return None
        at = _after_blanks(head, 1)
        try:
            while True:
                key, at = _DECODER.raw_decode(head, at)
                at = _after_blanks(head, _after_blanks(head, at) + 1)
                if key in _WRAPPERS and head[at : at + 1] == "[":
                    return window.pos + at + 1
                _, at = _DECODER.raw_decode(head, at)
                at = _after_blanks(head, _after_blanks(head, at) + 1)
        except (ValueError, RecursionError):
            return None

    def _by_braces(self) -> Object | None:
        """The object that begins here, whatever its layout; None, and a report, if there is none."""
        window = self._window
        indent = _indent(window.data, window.pos)
        reason = "text that is no JSON object"
        if window.data[window.pos : window.pos + 1] == b"{":
            reason = "a JSON object that is broken off or damaged"
            try:
                end = self._end(indent)
                found = self._parse(window.data[window.pos : end])
                if found is not None:
                    window.pos = end
                    return found
            except _Unfinished as unfinished:
                reason = f"a JSON object is broken off: {unfinished}"
        sample = window.data[window.pos : window.pos + 60].decode(errors="replace")
        self._log.report(f"{reason}; left out: {sample!r}", window.base + window.pos)
        window.pos += 1
        self._resync(indent)
        return None

    def _end(self, indent: bytes) -> int:
        """Index behind the object at the window's position.

        A new object at the same indentation means that this one is broken off. Within an object that is laid
        out over indented lines any brace there starts a new one; otherwise only a brace with a key behind it
        does.

        Raises:
            _Unfinished: the object has no end.
        """
        window = self._window
        if window.base + window.pos < self._no_braces_before:
            raise _Unfinished("it has no end")
        laid_out = _LAID_OUT.match(window.data, window.pos) is not None
        mark = re.compile(rb"\n" + re.escape(indent) + (rb"\{" if laid_out else rb'\{[ \t]*"'))
        depth, at = 0, window.pos
        while True:
            token = _TOKEN.search(window.data, at)
            end = None if token is None else token.end()
            if token is not None and token[0] == b'"':
                end = self._string_end(token.end(), mark)
            if token is None or end is None or (token[0] == b"\n" and len(window.data) - end < _LONGEST_MARK):
                keep = (len(window.data) if token is None else token.start()) - window.pos
                if self._grow():
                    at = keep
                    continue
                if token is None or end is None:
                    self._no_braces_before = window.base + len(window.data)
                    raise _Unfinished("the log ends before its last brace")
            if token[0] == b"\n" and mark.match(window.data, token.start()):
                raise _Unfinished("the next one begins")
            depth += {b"{": 1, b"}": -1}.get(token[0], 0)
            if depth == 0:
                return end
            at = end

    def _string_end(self, at: int, mark: re.Pattern[bytes]) -> int | None:
        """Index behind the quote that ends a string; None where it is not in view."""
        data = self._window.data
        while (match := _STRING.match(data, at)) and match.end() < len(data):
            char = data[match.end() : match.end() + 1]
            if char == b'"':
                return match.end() + 1
            if char == b"\n" and mark.match(data, match.end()):
                raise _Unfinished("the next one begins")
            at = match.end() + 1 if char == b"\n" else len(data)
        return None

    def _grow(self) -> bool:
        window = self._window
        if len(window.data) - window.pos > EVENT_LIMIT:
            self._no_braces_before = window.base + len(window.data)
            raise _Unfinished(f"it has more than {EVENT_LIMIT} bytes")
        return window.more()

    def _resync(self, indent: bytes) -> None:
        """Moves to the next line that begins with an object at this indentation, or to the end."""
        mark = re.compile(rb"\n" + re.escape(indent) + rb"(?=\{)")
        window = self._window
        while True:
            match = mark.search(window.data, window.pos)
            if match:
                window.pos = match.end()
                return
            window.pos = max(window.pos, len(window.data) - _LONGEST_MARK)
            if not window.more():
                window.pos = len(window.data)
                return


_DECODER = json.JSONDecoder(strict=False)


def _is_wrapper(value: dict[str, Any]) -> bool:
    lists = [value[key] for key in _WRAPPERS if key in value]
    return any(isinstance(found, list) and all(isinstance(one, dict) for one in found) for found in lists)


def _after_blanks(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def _indent(data: bytes, pos: int) -> bytes:
    """The blanks before an index, if only they stand before it in its line."""
    before = data[max(0, pos - _LONGEST_MARK + 2) : pos]
    start = before.rfind(b"\n") + 1
    indent = before[start:]
    return indent if not indent.strip(b" \t") else b""
