"""Hidden columns of events that are made ready for the extraction of fields (KV_MODE)."""

from __future__ import annotations

from replay.relation import Relation

TEXT_NAME, HEAD_NAME, VALUES_NAME = "__text", "__head", "__values"
"""The text of XML with numeric character references spelled out; and of an event that was read at once its System, and
the values of the wanted names."""
TEXT, HEAD, VALUES = (f'"{name}"' for name in (TEXT_NAME, HEAD_NAME, VALUES_NAME))
CUT = "__cut:"
"""What stands before the name of an element: System, cut where the element begins and ends."""
_FOUND = "__kv:"


def found_in(name: str) -> str:
    """The column that holds a field as the event has it: what comes after names it more than once."""
    return _FOUND + name


def hidden_columns(rel: Relation) -> list[str]:
    """All of them that there are."""
    own = (TEXT_NAME, HEAD_NAME, VALUES_NAME)
    return [name for name in rel.columns if name in own or name.startswith((_FOUND, CUT))]


def prepared_columns(rel: Relation) -> list[str]:
    """Those of XML that are not computed again when more fields are asked for."""
    return [n for n in hidden_columns(rel) if rel.has(TEXT_NAME) and (n == TEXT_NAME or n.startswith(_FOUND))]
