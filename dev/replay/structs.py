"""Value classes: msgspec's ``Struct``, which defines a class in a fiftieth of the time that a data class takes.

What a search loads are some 120 of them, so it is a tenth of the start.
"""

from __future__ import annotations

from abc import ABCMeta

from msgspec import Struct, StructMeta


class _Abstract(StructMeta, ABCMeta):
    """What makes classes that are both."""


class AbstractStruct(Struct, frozen=True, metaclass=_Abstract):
    """A frozen ``Struct`` that may have abstract methods."""
