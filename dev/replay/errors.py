"""One tree of errors; every error knows its place.

A place is what a person needs to find the fault: the file, and within it the stanza and key of a .conf file, the
column of a search, or the byte offset of a log. Nothing in this package raises a bare ``ValueError`` at a user.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace


class Place(Struct, frozen=True):
    """Where something is: any part may be unknown.

    Attributes:
        file: path of the file, as the user named it.
        line: 1-based line in ``file``.
        stanza: stanza of a .conf file, without brackets.
        key: setting within the stanza.
        column: 1-based column in the search text.
        byte: 0-based byte offset in a log file.
    """

    file: str | None = None
    line: int | None = None
    stanza: str | None = None
    key: str | None = None
    column: int | None = None
    byte: int | None = None

    def __str__(self) -> str:
        where = self.file or ""
        if self.line is not None:
            where += f":{self.line}"
        parts = [where] if where else []
        if self.stanza is not None:
            parts.append(f"[{self.stanza}]")
        for name in ("key", "column", "byte"):
            value = getattr(self, name)
            if value is not None:
                parts.append(value if name == "key" else f"{name} {value}")
        return " ".join(parts)

    def within(self, outer: Place) -> Place:
        """This place, with the parts it does not know taken from ``outer``."""
        missing = {name: getattr(outer, name) for name in Place.__struct_fields__ if getattr(self, name) is None}
        return replace(self, **missing)


class ReplayError(Exception):
    """Base of all errors shown to a user: what is wrong, where, and what to do.

    Args:
        message: one sentence that says what is wrong and, where it helps, what to do.
        place: where.
    """

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place or Place()

    def __str__(self) -> str:
        where = str(self.place)
        return f"{where}: {self.message}" if where else self.message


class KnowledgeError(ReplayError):
    """An app, or a knowledge object in it, is wrong or missing (conf, macro, lookup, data model, command)."""


class SearchError(ReplayError):
    """A search does not parse, or asks for what does not exist; ``place.column`` points into its text."""


class InputError(ReplayError):
    """A log could not be read at all (missing, unknown format); a single malformed event is not an exception."""


class CommandFailed(ReplayError):
    """A custom search command ended with an error; the message is the command's own."""
