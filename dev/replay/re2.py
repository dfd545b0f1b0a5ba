r"""The patterns that RE2 (DuckDB) holds with exactly PCRE's meaning, translated.

Conservative: what is not known to mean the same is not translated, and then runs on PCRE2 (``replay.udf.pcre``). Where
the two differ: ``(?<n>`` (RE2 has ``(?P<n>``), ``\s`` (RE2 without the vertical tab), ``$`` (PCRE also before a final
newline), ``\w`` under ``(?i)`` (RE2 folds it), ``(?m)`` and ``^`` behind a final newline, repeats of what can be empty,
and of course all that RE2 lacks: lookaround, back-references, possessive and atomic groups, ``\K``, conditions.
Sources: pcre2pattern(3); RE2, "Syntax".
"""

from __future__ import annotations

import re

from msgspec import Struct

_MAX_REPEAT = 1000  # RE2 refuses more
_MAX_SIZE = 4000  # nodes after repeats are written out: RE2 has a memory limit
_SPECIAL = set(r"\.+*?()|[]{}^$-&~#/ ")
_QUANTIFIER = re.compile(r"([*+?]|\{(\d+)(,(\d*))?\})(\??)")
_FLAGS = re.compile(r"\?([is]*)(?:-([is]*))?([:)])")
_NAME = re.compile(r"\?P?<([A-Za-z_][A-Za-z0-9_]*)>|\?'([A-Za-z_][A-Za-z0-9_]*)'")
_CLASS_ESCAPES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t-\r "}
_CONTROLS = {"t": 9, "n": 10, "f": 12, "r": 13, "a": 7, "e": 27}
_POSIX = {
    "alpha": "A-Za-z", "digit": "0-9", "alnum": "0-9A-Za-z", "upper": "A-Z", "lower": "a-z", "space": r"\t-\r ",
    "xdigit": "0-9A-Fa-f", "word": "0-9A-Za-z_", "blank": r"\t ", "punct": r"!-\/:-@\[-`{-~",
}  # fmt: skip


class Translation(Struct, frozen=True):
    """A pattern for RE2.

    Attributes:
        pattern: the text; groups keep their numbers and lose their names.
        can_be_empty: it can match no character at all.
        takes_newline: at the end of the text it also takes a final newline, which ``$`` only looks at. So the whole
            match is not exact; groups are.
    """

    pattern: str
    can_be_empty: bool
    takes_newline: bool


class _Untranslatable(Exception):
    pass


class _Part(Struct, frozen=True):
    text: str
    least: int  # characters it takes at least
    size: int
    zero_width: bool = False
    ends: bool = False  # it ends with a translated `$`: nothing may follow


def translate(pattern: str) -> Translation | None:
    """The pattern for RE2, or None if only PCRE holds it."""
    try:
        return _Translator(pattern).translate()
    except _Untranslatable:
        return None


class _Translator:
    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.pos = 0
        self.depth = 0
        self.fold = False
        self.dotall = False
        self.takes_newline = False

    def translate(self) -> Translation:
        start = re.match(r"\(\?([is]+)\)", self.text)
        if start:
            self.fold, self.dotall = "i" in start[1], "s" in start[1]
            self.pos = start.end()
        prefix = "(?i)" if self.fold else ""
        if self.fold and not self.text.isascii():
            raise _Untranslatable
        whole = self.alternatives()
        if self.pos < len(self.text) or whole.size > _MAX_SIZE:
            raise _Untranslatable
        return Translation(prefix + whole.text, whole.least == 0, self.takes_newline)

    # --- structure --------------------------------------------------------------------------------------------------

    def peek(self) -> str:
        return self.text[self.pos : self.pos + 1]

    def alternatives(self) -> _Part:
        parts = [self.sequence()]
        while self.peek() == "|":
            self.pos += 1
            parts.append(self.sequence())
        return _Part(
            "|".join(p.text for p in parts),
            min(p.least for p in parts),
            sum(p.size for p in parts),
            ends=any(p.ends for p in parts),
        )

    def sequence(self) -> _Part:
        parts: list[_Part] = []
        while self.peek() not in ("", "|", ")"):
            if parts and parts[-1].ends:
                raise _Untranslatable
            parts.append(self.quantified(self.atom()))
        return _Part(
            "".join(p.text for p in parts),
            sum(p.least for p in parts),
            sum(p.size for p in parts),
            ends=bool(parts) and parts[-1].ends,
        )

    def quantified(self, atom: _Part) -> _Part:
        match = _QUANTIFIER.match(self.text, self.pos)
        if match is None:
            if self.peek() == "{":
                raise _Untranslatable  # a literal brace, or newer PCRE's {,n}
            return atom
        self.pos = match.end()
        if atom.zero_width or atom.ends or self.peek() in ("+", "*", "?", "{"):
            raise _Untranslatable
        least, most = _bounds(match)
        if most > 1 and atom.least == 0:
            raise _Untranslatable  # engines differ in how they leave a loop that can be empty
        count = max(least, 0 if most > _MAX_REPEAT else most, 1)
        if count > _MAX_REPEAT:
            raise _Untranslatable
        return _Part(atom.text + match[0], atom.least * least, atom.size * count)

    def atom(self) -> _Part:
        c = self.peek()
        self.pos += 1
        match c:
            case "(":
                return self.group()
            case "[":
                return self.char_class()
            case "\\":
                return self.escape()
            case ".":
                return _Part("(?s:.)" if self.dotall else r"[^\n]", 1, 2)
            case "^":
                return _Part(r"\A", 0, 1, zero_width=True)
            case "$":
                return self.end()
            case "*" | "+" | "?" | "{":
                raise _Untranslatable
        return _Part(_literal(ord(c)), 1, 1)

    def end(self) -> _Part:
        """``$``: the end, or a newline that is the last character. RE2 must take that newline to see it."""
        if self.depth:
            raise _Untranslatable
        self.takes_newline = True
        return _Part(r"\n?\z", 0, 1, zero_width=True, ends=True)

    def group(self) -> _Part:
        fold, dotall, capturing = self.fold, self.dotall, True
        opening = "("
        if self.peek() == "?":
            name, flags = _NAME.match(self.text, self.pos), _FLAGS.match(self.text, self.pos)
            if name:
                self.pos = name.end()
            elif flags and flags[3] == ":":
                opening, capturing = self.flagged(flags), False
            else:
                raise _Untranslatable
        elif self.peek() == "*":
            raise _Untranslatable
        self.depth += capturing
        inner = self.alternatives()
        self.depth -= capturing
        if self.peek() != ")":
            raise _Untranslatable
        self.pos += 1
        self.fold, self.dotall = fold, dotall
        return _Part(f"{opening}{inner.text})", inner.least, inner.size + 1, ends=inner.ends)

    def flagged(self, flags: re.Match[str]) -> str:
        self.pos = flags.end()
        on, off = flags[1], flags[2] or ""
        self.dotall = (self.dotall or "s" in on) and "s" not in off
        fold = (self.fold or "i" in on) and "i" not in off
        if fold and not self.text.isascii():
            raise _Untranslatable
        changed, self.fold = fold != self.fold, fold
        return "(?:" if not changed else "(?i:" if fold else "(?-i:"

    # --- characters ---------------------------------------------------------------------------------------------------

    def escape(self) -> _Part:
        c = self.peek()
        self.pos += 1
        if c in "dws" and c:
            return self.perl_class(f"[{_CLASS_ESCAPES[c]}]")
        if c in "DWS" and c:
            return self.perl_class(f"[^{_CLASS_ESCAPES[c.lower()]}]")
        match c:
            case "A":
                return _Part(r"\A", 0, 1, zero_width=True)
            case "z":
                return _Part(r"\z", 0, 1, zero_width=True)
            case "Z":
                return self.end()
            case "b":
                return _Part(r"\b", 0, 1, zero_width=True)
        return _Part(_literal(self.code_point(c)), 1, 1)

    def perl_class(self, text: str) -> _Part:
        """``\\w`` and its like are ASCII; RE2 would add what folds to their letters."""
        return _Part(f"(?-i:{text})" if self.fold else text, 1, 2)

    def code_point(self, c: str) -> int:
        """The character that a backslash and ``c`` stand for."""
        if c in _CONTROLS:
            return _CONTROLS[c]
        if c == "x":
            match = re.compile(r"\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2})").match(self.text, self.pos)
            value = int(match[1] or match[2], 16) if match else 0
            if match is None or not 0 < value <= 0x10FFFF or 0xD800 <= value <= 0xDFFF or (self.fold and value > 127):
                raise _Untranslatable
            self.pos = match.end()
            return value
        if not c or c.isalnum() or ord(c) > 127:
            raise _Untranslatable
        return ord(c)

    def char_class(self) -> _Part:
        negated = self.peek() == "^"
        self.pos += negated
        items: list[str] = []
        first = True
        while first or self.peek() != "]":
            items.append(self.class_item(first))
            first = False
        self.pos += 1
        return _Part(f"[{'^' if negated else ''}{''.join(items)}]", 1, 4)

    def class_item(self, first: bool) -> str:
        low = self.class_character(first)
        if isinstance(low, str):
            if self.peek() == "-" and self.text[self.pos + 1 : self.pos + 2] != "]":
                raise _Untranslatable
            return low
        if self.peek() != "-" or self.text[self.pos + 1 : self.pos + 2] in ("]", ""):
            return _literal(low)
        self.pos += 1
        high = self.class_character(False)
        if isinstance(high, str) or high < low:
            raise _Untranslatable
        return f"{_literal(low)}-{_literal(high)}"

    def class_character(self, first: bool) -> int | str:
        """A code point, or the ranges of a class within the class."""
        c = self.peek()
        if not c or (c == "]" and not first):
            raise _Untranslatable
        posix = re.compile(r"\[:(\w+):\]").match(self.text, self.pos)
        if posix and posix[1] in _POSIX and not self.fold:
            self.pos = posix.end()
            return _POSIX[posix[1]]
        if c == "[" and self.text[self.pos + 1 : self.pos + 2] in (":", ".", "="):
            raise _Untranslatable
        self.pos += 1
        if c != "\\":
            return ord(c)
        escaped = self.peek()
        self.pos += 1
        if escaped and escaped in "dws" and not (self.fold and escaped == "w"):
            return _CLASS_ESCAPES[escaped]
        if escaped == "S" and not self.fold:
            return r"\x01-\x08\x0e-\x1f!-\x{10FFFF}"
        if escaped == "D":
            return r"\x01-\/:-\x{10FFFF}"
        return self.code_point(escaped)


def _bounds(match: re.Match[str]) -> tuple[int, int]:
    symbol = match[1]
    if symbol in ("*", "+", "?"):
        return int(symbol == "+"), 1 if symbol == "?" else _MAX_REPEAT + 1
    least = int(match[2])
    most = least if match[3] is None else int(match[4]) if match[4] else _MAX_REPEAT + 1
    if most < least or (match[4] and most > _MAX_REPEAT):
        raise _Untranslatable
    return least, most


def _literal(code: int) -> str:
    c = chr(code)
    if code == 0:
        raise _Untranslatable
    if code < 32 or code == 127:
        return f"\\x{code:02x}"
    if c in _SPECIAL and c != " ":
        return "\\" + c
    return c
