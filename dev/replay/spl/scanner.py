"""A cursor over search text, shared by every parser.

SPL has no single token grammar: ``-`` glues to a word in ``sort -v``, subtracts in ``eval``, and is part of a value in
``search earliest=-1h``. So there is one cursor with the few readings that exist (word, quoted text, keyword, option),
and each parser asks for the reading that its command has.

Quoting and escapes: Splunk Search Reference, "search", section "Quotes and escaping characters"; Search Manual,
"Backslashes".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from replay.errors import Place, SearchError

SPACE = " \t\r\n\f\v"
"""What stands between words; any other blank of Unicode is a character like others."""
_SPACES = re.compile(f"[{SPACE}]*")
_CLOSING = {"(": ")", "[": "]"}
_QUOTED = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_TRUE = {"1", "t", "true", "y", "yes"}
_FALSE = {"0", "f", "false", "n", "no"}


def unescape(text: str) -> str:
    r"""Undo one level of SPL escaping: ``\"``, ``\\`` and ``\|``; any other backslash stays (``\d`` is ``\d``)."""
    if "\\" not in text:
        return text
    out: list[str] = []
    i = 0
    while i < len(text):
        if text[i] == "\\" and i + 1 < len(text) and text[i + 1] in '"\\|':
            i += 1
        out.append(text[i])
        i += 1
    return "".join(out)


class Scanner:
    """A cursor over ``text[pos:end]``; columns in errors count from the start of ``text``.

    Args:
        text: the whole, macro-expanded search.
        pos: where to start.
        end: where to stop (exclusive); the end of the text if not given.
        place: where the search text stands (file, stanza).
    """

    def __init__(self, text: str, pos: int = 0, end: int | None = None, place: Place | None = None) -> None:
        self.text = text
        self.pos = pos
        self.end = len(text) if end is None else end
        self.place = place or Place()

    # --- where we are -------------------------------------------------------------------------------------------

    def error(self, message: str, at: int | None = None) -> SearchError:
        """The error to raise for what stands at ``at`` (default: here)."""
        pos = self.pos if at is None else at
        near = " ".join(self.text[pos : min(pos + 30, self.end)].split())
        return SearchError(
            f"{message} near `{near}`" if near else f"{message} at the end of the search",
            Place(column=pos + 1).within(self.place),
        )

    def sub(self, start: int, end: int) -> Scanner:
        """A scanner over a part of the same text, so that columns stay right."""
        return Scanner(self.text, start, end, self.place)

    def skip(self) -> None:
        """Pass white space."""
        found = _SPACES.match(self.text, self.pos, self.end)
        self.pos = found.end() if found else self.pos

    @property
    def done(self) -> bool:
        """True if only white space is left."""
        self.skip()
        return self.pos >= self.end

    def peek(self, length: int = 1) -> str:
        """The next characters, after white space; empty at the end."""
        self.skip()
        return self.text[self.pos : min(self.pos + length, self.end)]

    def rest(self) -> str:
        """What is left, verbatim."""
        return self.text[self.pos : self.end]

    # --- readings -----------------------------------------------------------------------------------------------

    def accept(self, literal: str) -> bool:
        """Take ``literal`` if it comes next."""
        if self.peek(len(literal)) != literal:
            return False
        self.pos += len(literal)
        return True

    def expect(self, literal: str, why: str = "") -> None:
        """Take ``literal`` or raise."""
        if not self.accept(literal):
            raise self.error(f"expected `{literal}`{' ' + why if why else ''}")

    def peek_word(self, stop: str = "") -> str:
        """The next unquoted word (up to white space, quote, bracket, comma, pipe or one of ``stop``), not taken."""
        self.skip()
        found = _word(stop).match(self.text, self.pos, self.end)
        return found.group() if found else ""

    def keyword(self, *words: str) -> str | None:
        """Take the next word if it is one of ``words`` (any case); return it in lower case."""
        found = self.peek_word("=<>!").lower()
        if found not in words:
            return None
        self.pos += len(found)
        return found

    def at_quote(self) -> bool:
        """True if a double-quoted string comes next."""
        return self.peek() == '"'

    def quoted(self) -> str:
        """Take a double-quoted string; return its text with SPL escapes undone."""
        if not self.at_quote():
            raise self.error("expected a quoted string")
        found = _QUOTED.match(self.text, self.pos, self.end)
        if found is None:
            raise self.error('a `"` opens a string that is never closed')
        self.pos = found.end()
        return unescape(found.group(1))

    def value(self, what: str = "a value", stop: str = "") -> str:
        """Take a quoted string or a word, unescaped."""
        if self.at_quote():
            return self.quoted()
        word = self.peek_word(stop)
        if not word:
            raise self.error(f"expected {what}")
        self.pos += len(word)
        return unescape(word)

    def field(self, what: str = "a field name") -> str:
        """Take a field name: a word, or one in double or single quotes (names with spaces)."""
        if self.peek() == "'":
            close = self.text.find("'", self.pos + 1, self.end)
            if close < 0:
                raise self.error("a `'` opens a field name that is never closed")
            name = self.text[self.pos + 1 : close]
            self.pos = close + 1
            return name
        if self.at_quote():
            return self.quoted()
        name = self.value(what, "=")
        while self.text[self.pos : self.end].startswith("("):  # an aggregate without AS: avg(age), count(eval(a>1))
            start = self.pos
            self.bracketed("(")
            name += self.text[start : self.pos]
        return name

    def fields(self, stop: Iterable[str] = (), what: str = "a field name") -> list[str]:
        """Take a list of field names, separated by spaces, commas or both, up to a stop word or the end."""
        stops = tuple(stop)
        names: list[str] = []
        while not self.done and self.peek() not in "[(":
            if stops and self.peek_word("=<>!").lower() in stops:
                break
            if self.accept(","):
                continue
            names.append(self.field(what))
        return names

    def option(self, names: Iterable[str] | None = None) -> tuple[str, str] | None:
        """Take ``name=value`` if it comes next (and, if given, is one of ``names``); name in lower case."""
        start = self.pos
        word = self.peek_word("=<>!")
        self.pos += len(word)
        name = word.lower()
        if not word or self.peek() != "=" or (names is not None and name not in names):
            self.pos = start
            return None
        self.pos += 1
        return name, self.value(f"a value for `{name}`")

    def options(self, allowed: Iterable[str], command: str) -> dict[str, str]:
        """Take every ``name=value`` that comes next; an unknown name is an error that lists the known ones."""
        known = tuple(allowed)
        found: dict[str, str] = {}
        while True:
            self.skip()
            at = self.pos
            option = self.option()
            if option is None:
                return found
            name, text = option
            if name not in known:
                raise self.error(f"`{command}` has no option `{name}` (it has: {', '.join(known)})", at)
            found[name] = text

    def boolean(self, text: str) -> bool:
        """Read a boolean option value as Splunk does (t, true, 1, yes / f, false, 0, no, any case)."""
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        raise self.error(f"`{text}` is not a boolean (true or false)")

    def integer(self, text: str, what: str) -> int:
        """Read a whole number, not negative."""
        if not text.isdigit():
            raise self.error(f"`{what}` takes a whole number, not `{text}`")
        return int(text)

    def bracketed(self, opening: str = "[") -> Scanner:
        """Take a balanced ``[…]`` (or ``(…)``) and return a scanner over its inside."""
        self.expect(opening)
        start = self.pos
        end = find_close(self, opening)
        self.pos = end + 1
        return self.sub(start, end)

    def finish(self, command: str) -> None:
        """Raise if anything is left: nothing a user wrote is skipped in silence."""
        if not self.done:
            raise self.error(f"`{command}` does not understand what comes here")


@cache
def _word(stop: str) -> re.Pattern[str]:
    """A word up to white space, a mark of SPL or one of ``stop``; what a backslash escapes belongs to it."""
    marks = re.escape('"()[],|\\' + stop)
    plain = f"[^{SPACE}{marks}]*"
    return re.compile(rf"{plain}(?:\\[^{SPACE}]?{plain})*")


@cache
def _any_of(marks: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(marks)}]")


def _next(s: Scanner, marks: re.Pattern[str], start: int) -> tuple[str, int] | None:
    """The next of these marks that is neither escaped nor quoted, and its index."""
    while found := marks.search(s.text, start, s.end):
        match found.group():
            case "\\":
                start = found.end() + 1
            case '"':
                start = skip_quoted(s.text, found.start(), s.end)
            case mark:
                return mark, found.start()
    return None


def find_close(s: Scanner, opening: str) -> int:
    """Index of the bracket that closes the one just passed; quotes and nested brackets are respected."""
    marks = _any_of('\\"' + opening + _CLOSING[opening])
    depth, i = 1, s.pos
    while found := _next(s, marks, i):
        mark, at = found
        depth += 1 if mark == opening else -1
        if depth == 0:
            return at
        i = at + 1
    raise s.error(f"`{opening}` is never closed", s.pos - 1)


def skip_quoted(text: str, start: int, end: int) -> int:
    """Index after the double-quoted string that starts at ``start`` (or ``end`` if it is never closed)."""
    found = _QUOTED.match(text, start, end)
    return found.end() if found else end


def split_top(s: Scanner, separator: str) -> list[tuple[int, int]]:
    """Cut what is left at ``separator``, outside quotes and brackets; return (start, end) of each part."""
    parts: list[tuple[int, int]] = []
    start = i = s.pos
    marks = _any_of('\\"[' + separator + ("(" if separator == "," else ""))
    while found := _next(s, marks, i):
        mark, at = found
        if mark == separator:
            parts.append((start, at))
            start = i = at + 1
        else:
            i = find_close(s.sub(at + 1, s.end), mark) + 1
    parts.append((start, s.end))
    return parts
