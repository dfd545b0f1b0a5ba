"""The filter macro of a search, and filter lines made of what is in its results.

The convention is that of ES Content Updates (splunk/security_content): each search calls, as a command of its own, a
macro ``<name>_filter`` that is shipped as ``search *``.
"""

from __future__ import annotations

import re

from msgspec import Struct

from replay.errors import KnowledgeError
from replay.knowledge import SavedSearch
from replay.predicates import network_of
from replay.spl.macros import calls, strip_comments

EMPTY = "search *"
"""The filter as it is shipped: it keeps every row."""
_PLAIN_FIELD = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)


class FilterCall(Struct, frozen=True):
    """A search cut at its filter macro: ``before | `macro` | after``, as text with macros."""

    macro: str
    before: str
    after: str


def find_filter(saved: SavedSearch, macro: str | None = None) -> FilterCall:
    """Where a search calls its filter macro.

    Args:
        saved: the search.
        macro: the macro's name; None for the one whose name ends in ``_filter``.

    Raises:
        KnowledgeError: it calls none, or several, or not as a command of its own.
        SearchError: a macro call is never closed.
    """
    text = strip_comments(saved.search)
    named = [(text[start + 1 : end - 1].strip(), start, end) for start, end in calls(text, saved.place)]
    found = [call for call in named if (call[0] == macro if macro else call[0].endswith("_filter"))]
    if not found:
        wanted = f"the macro `{macro}`" if macro else "a macro whose name ends in _filter"
        called = ", ".join(f"`{name}`" for name, _, _ in named) or "none"
        raise KnowledgeError(
            f"`{saved.name}` does not call {wanted}; it calls {called}: name one by --macro", saved.place
        )
    if len(found) > 1:
        names = ", ".join(f"`{name}`" for name, _, _ in found)
        several = len({name for name, _, _ in found}) > 1
        why = "name one by --macro" if several else "it can be followed in one place only"
        raise KnowledgeError(f"`{saved.name}` calls several filters ({names}): {why}", saved.place)
    name, start, end = found[0]
    before, after = text[:start].rstrip(), text[end:].lstrip()
    if not before.endswith("|") or (after and not after.startswith("|")):
        raise KnowledgeError(
            f"`{name}` is not a command of its own (… | `{name}` | …), so no filter can take its place", saved.place
        )
    return FilterCall(name, before[:-1], after)


class Line(Struct, frozen=True):
    """A filter that drops the rows in which a field has a value; ``text`` is None where none can, ``note`` says why."""

    text: str | None
    note: str = ""


def filter_line(field: str, value: str) -> Line:
    """The filter line for a value, which may be anything an event can hold.

    ``search`` takes ``*`` as a wildcard that nothing escapes (Search Manual, "Backslashes") and ``10.0.0.0/8`` as all
    addresses in it; then, and for field names that it cannot hold, ``where`` compares literally, in exact case.
    """
    if not value or not all(map(str.isprintable, field + value)):
        return Line(None, "it is empty" if not value else "it holds a line end or other characters that do not print")
    quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if "*" not in value and network_of(value) is None and _PLAIN_FIELD.fullmatch(field):
        return Line(f"search NOT {field}={quoted}")
    if "'" in field or "\\" in field:
        return Line(None, "no search can hold the name of the field")
    note = "for `search` the * would be a wildcard" if "*" in value else "`search` would take it for more than it is"
    return Line(f"where isnull('{field}') OR '{field}'!={quoted}", f"{note}: `where` takes it literally, case included")
