"""Macro expansion: text in, text out, before anything is parsed.

Source: macros.conf.spec (stanza names, ``$arg$``, ``iseval``, ``validation``, no expansion inside quotes) and
limits.conf.spec (``max_macro_depth`` = 100).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from msgspec import Struct

from replay.errors import Place, SearchError
from replay.spl.scanner import Scanner, skip_quoted, split_top

MAX_DEPTH = 100


class MacroDefinition(Protocol):
    """What expansion needs of a macro; ``replay.knowledge.Macro`` is one."""

    args: tuple[str, ...]
    definition: str
    iseval: bool
    validation: str | None
    errormsg: str | None
    place: Place


Lookup = Callable[[str, int], MacroDefinition]
"""(name, number of arguments) -> macro; raises KnowledgeError if there is none."""
Evaluate = Callable[[str], "str | bool | None"]
"""Value of an eval expression without fields: what ``iseval`` and ``validation`` need."""


def strip_comments(text: str) -> str:
    """Blank out ```` ```comments``` ````; columns stay as they were. Inside quotes nothing is a comment."""
    out: list[str] = []
    i = 0
    while i < len(text):
        if text[i] == '"':
            j = skip_quoted(text, i, len(text))
            out.append(text[i:j])
        elif text.startswith("```", i):
            j = text.find("```", i + 3)
            if j < 0:
                raise SearchError("a comment (```) is never closed", Place(column=i + 1))
            j += 3
            out.append("".join(c if c == "\n" else " " for c in text[i:j]))
        else:
            j = i + 1
            out.append(text[i])
        i = j
    return "".join(out)


def expand(text: str, lookup: Lookup, evaluate: Evaluate, place: Place | None = None, depth: int = 0) -> str:
    """Replace every macro call in ``text``, nested ones included.

    Args:
        text: a search, or a macro definition.
        lookup: finds a macro by name and number of arguments.
        evaluate: computes an eval expression without fields.
        place: where the text stands, for errors.

    Raises:
        SearchError: a call is malformed, fails its validation, or nests deeper than 100.
        KnowledgeError: from ``lookup``.
    """
    if depth > MAX_DEPTH:
        raise SearchError(f"macros nest deeper than {MAX_DEPTH}: one of them calls itself", place)
    return "".join(piece.text for piece in pieces(text, lookup, evaluate, place, depth))


class Piece(Struct, frozen=True):
    """A part of an expanded text, and where it comes from.

    Attributes:
        text: as expanded.
        start, end: what it was in the text before.
        call: it is what a macro call became; else it stood there itself.
    """

    text: str
    start: int
    end: int
    call: bool


def pieces(
    text: str, lookup: Lookup, evaluate: Evaluate, place: Place | None = None, depth: int = 0
) -> Iterator[Piece]:
    """The expanded text (see ``expand``), in pieces that tell where each of its characters comes from."""
    text = strip_comments(text)
    done = 0
    for start, end in calls(text, place):
        yield Piece(text[done:start], done, start, False)
        expanded = _expand_call(text, start, end - 1, lookup, evaluate, place or Place(), depth)
        yield Piece(expanded, start, end, True)
        done = end
    yield Piece(text[done:], done, len(text), False)


def calls(text: str, place: Place | None = None) -> Iterator[tuple[int, int]]:
    """(start, end) of every macro call that stands in ``text`` itself, its backticks included.

    Args:
        text: a search without comments (see ``strip_comments``).
        place: where it stands, for errors.

    Raises:
        SearchError: a call is never closed.
    """
    i = 0
    while i < len(text):
        if text[i] == '"':
            i = skip_quoted(text, i, len(text))
        elif text[i] == "\\":
            i += 2
        elif text[i] == "`":
            end = _closing_backtick(text, i, place) + 1
            yield i, end
            i = end
        else:
            i += 1


def _closing_backtick(text: str, start: int, place: Place | None) -> int:
    """Index of the backtick that ends the call opened at ``start``; one inside a quoted argument does not count."""
    i = start + 1
    while i < len(text) and text[i] != "`":
        i = skip_quoted(text, i, len(text)) if text[i] == '"' else i + 1
    if i >= len(text):
        raise SearchError("a macro call (`) is never closed", Place(column=start + 1).within(place or Place()))
    return i


def _expand_call(text: str, start: int, end: int, lookup: Lookup, evaluate: Evaluate, place: Place, depth: int) -> str:
    s = Scanner(text, start + 1, end, place)
    name = s.peek_word().strip()
    s.pos += len(name)
    if not name:
        raise s.error("a macro call (`…`) without a name")
    arguments: list[tuple[str | None, str]] = []
    if s.peek() == "(":
        inner = s.bracketed("(")
        if not inner.done:
            arguments = [_argument(inner.sub(a, b)) for a, b in split_top(inner, ",")]
    s.finish(f"macro {name}")
    macro = lookup(name, len(arguments))
    values = _bind(macro, name, arguments, s)
    if macro.validation:
        _validate(macro, name, substitute(macro.validation, values), evaluate, s)
    definition = substitute(macro.definition, values)
    if macro.iseval:
        result = evaluate(definition)
        if not isinstance(result, str):
            raise SearchError(f"macro `{name}` has iseval = true but its definition gives no string", macro.place)
        definition = result
    return expand(definition, lookup, evaluate, macro.place, depth + 1)


def _argument(s: Scanner) -> tuple[str | None, str]:
    """One argument as (name or None, text); quotes around the whole argument are taken off."""
    named = None
    word = s.peek_word("=")
    after = s.pos + len(word)
    if word.isidentifier() and s.text[after : after + 1] == "=" and s.text[after + 1 : after + 2] != "=":
        named = word
        s.pos = after + 1
    text = s.rest().strip()
    if len(text) >= 2 and text[0] == text[-1] == '"' and skip_quoted(text, 0, len(text)) == len(text):
        text = text[1:-1]
    return named, text


def _bind(macro: MacroDefinition, name: str, arguments: list[tuple[str | None, str]], s: Scanner) -> dict[str, str]:
    """Argument values by name. ``k=v`` names an argument only where the macro has one called ``k``."""
    values: dict[str, str] = {}
    for position, (named, text) in enumerate(arguments):
        if named is None:
            key, value = macro.args[position], text
        elif named in macro.args:
            key, value = named, text
        else:
            key, value = macro.args[position], f"{named}={text}"
        if key in values:
            raise s.error(f"macro `{name}` is given its argument `{key}` twice")
        values[key] = value
    return values


def substitute(text: str, values: dict[str, str]) -> str:
    """Replace ``$name$`` by its value, everywhere, quotes included; one pass, values are not expanded again."""
    out: list[str] = []
    i = 0
    while True:
        start = text.find("$", i)
        end = text.find("$", start + 1) if start >= 0 else -1
        if end < 0:
            out.append(text[i:])
            return "".join(out)
        name = text[start + 1 : end]
        if name in values:
            out.append(text[i:start] + values[name])
            i = end + 1
        else:
            out.append(text[i:end])
            i = end


def _validate(macro: MacroDefinition, name: str, expression: str, evaluate: Evaluate, s: Scanner) -> None:
    """Splunk: a Boolean must be true; a string is the error; null passes where the expression is a string one."""
    result = evaluate(expression)
    if isinstance(result, str):
        raise s.error(f"macro `{name}`: {result}")
    if result is False:
        raise s.error(f"macro `{name}`: {macro.errormsg or 'its validation ' + expression + ' is false'}")
