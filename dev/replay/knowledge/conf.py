"""One .conf (or .meta) file: its stanzas and settings, each with the line where it stands.

The rules of the format (Admin Manual, "How to edit a configuration file") are those of ksconf's parser, which
this module drives one logical line at a time, because ksconf alone does not tell line numbers:

1. A comment stands on its own line, first character ``#`` (or ``;``). Whether one that ends in a backslash
   swallows the next line is documented nowhere, so only a comment or a blank line may follow it.
2. A backslash as the very last character of a line continues the value; the newline stays part of it.
3. The case of stanzas and keys is kept; a key given twice in a stanza keeps its last value; a stanza given
   twice is one stanza.
4. Settings above the first stanza belong to ``[default]``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from re import compile as regex
from typing import NamedTuple

from ksconf.conf.parser import ConfParserException, cont_handler, detect_by_bom, splitup_kvpairs
from msgspec import Struct, field

from replay.errors import KnowledgeError, Place

DEFAULT = "default"
_HEADER = regex(r"\s*\[(.*)\]\s*")
_TRUE = frozenset({"1", "true", "t", "yes", "y"})
_FALSE = frozenset({"0", "false", "f", "no", "n"})


def boolean(text: str, place: Place) -> bool:
    """A Splunk boolean: 1/0, true/false, yes/no and their initials, in any case.

    Raises:
        KnowledgeError: the text is none of these.
    """
    value = text.strip().lower()
    if value in _TRUE or value in _FALSE:
        return value in _TRUE
    raise KnowledgeError(f"`{text}` is not a boolean; write true or false", place)


class Setting(NamedTuple):
    """One ``key = value`` of a stanza: its text without outer blanks, and where it stands."""

    value: str
    file: str
    line: int
    stanza: str
    key: str

    @property
    def place(self) -> Place:
        """Where it stands; made when asked for, because an app can have 100,000 settings."""
        return Place(self.file, self.line, self.stanza, self.key)


class Stanza(Struct, frozen=True):
    """A stanza and its settings, from one file or merged over several; ``place`` is its first header."""

    name: str
    place: Place
    settings: dict[str, Setting] = field(default_factory=dict)

    def text(self, key: str, default: str = "") -> str:
        """The value of ``key``, or ``default`` where it is not set."""
        found = self.settings.get(key)
        return default if found is None else found.value

    def place_of(self, key: str) -> Place:
        """Where ``key`` stands, or the stanza itself where it is not set."""
        found = self.settings.get(key)
        return self.place if found is None else found.place

    def flag(self, key: str, default: bool = False) -> bool:
        """``key`` as a Splunk boolean (1/0, true/false, yes/no and their initials, any case).

        Raises:
            KnowledgeError: the value is none of these.
        """
        value = self.text(key)
        return boolean(value, self.place_of(key)) if value else default

    def number(self, key: str, default: int) -> int:
        """``key`` as a whole number.

        Raises:
            KnowledgeError: the value is not one.
        """
        value = self.text(key)
        if not value:
            return default
        try:
            return int(value)
        except ValueError:
            raise KnowledgeError(f"`{value}` is not a whole number", self.place_of(key)) from None

    def values(self) -> Mapping[str, str]:
        """The settings as plain text, without places."""
        return {key: setting.value for key, setting in self.settings.items()}

    @property
    def disabled(self) -> bool:
        """Whether the stanza says ``disabled = 1``."""
        return self.flag("disabled")


class ConfFile:
    """A .conf or .meta file, read when it is first asked for and then kept.

    Args:
        path: the file; one that does not exist has no stanzas.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def stanzas(self) -> Mapping[str, Stanza]:
        """Stanza name -> stanza, in file order, ``[default]`` among them and not yet applied to the others.

        Raises:
            KnowledgeError: the file cannot be read or is not UTF-8, or a line of it is neither stanza, setting nor
                comment.
        """
        file = str(self.path)
        found: dict[str, Stanza] = {}
        current: Stanza | None = None
        for number, line in _logical_lines(self._text()):
            header = _HEADER.fullmatch(line)
            if header:
                name = header[1]
                current = found.setdefault(name, Stanza(name, Place(file, number, name)))
                continue
            for key, value in _pairs(line, file, number):
                if current is None:
                    current = found.setdefault(DEFAULT, Stanza(DEFAULT, Place(file, number, DEFAULT)))
                current.settings[key] = Setting(value, file, number, current.name, key)
        return found

    def _text(self) -> str:
        if not os.path.lexists(self.path):
            return ""
        if not self.path.is_file():
            says = "this is no file: it is a folder, a pipe, or a link that leads nowhere"
            raise KnowledgeError(says, Place(file=str(self.path)))
        try:
            encoding = detect_by_bom(self.path)
            return self.path.read_text(encoding=encoding)
        except OSError as error:
            says = f"the file cannot be read: {error.strerror or error}"
            raise KnowledgeError(says, Place(file=str(self.path))) from error
        except UnicodeDecodeError as error:
            place = Place(file=str(self.path), byte=error.start)
            raise KnowledgeError(f"not {encoding} text; save the file as UTF-8", place) from error


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their continuations joined, each with the number of its first physical line."""
    last = 0

    def counted() -> Iterator[str]:
        nonlocal last
        for last, line in enumerate(text.split("\n"), start=1):  # noqa: B007  (the outer function reads it)
            yield line.rstrip("\r")

    first = 1
    for line in cont_handler(counted()):
        yield first, line
        first = last + 1


def _pairs(line: str, file: str, number: int) -> list[tuple[str, str]]:
    """The settings of one logical line: none for a comment or a blank line, else one."""
    try:
        pairs = list(splitup_kvpairs([line], strict=True))
        if not pairs and any(part.strip()[:1] not in ("", "#", ";") for part in line.split("\n")):
            hint = "end the comment without it, or start the next line with #"
            raise KnowledgeError(
                f"a comment ends in a backslash before a line that is none; {hint}", Place(file, number)
            )
    except ConfParserException:
        shown = line if len(line) <= 60 else line[:57] + "..."
        hint = "write `key = value`, a [stanza], or start the line with # to make it a comment"
        place = Place(file, number)
        raise KnowledgeError(f"cannot read the line `{shown.strip()}`: {hint}", place) from None
    return [(key.strip(), value.strip()) for key, value in pairs]
