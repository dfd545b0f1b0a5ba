"""Finds the input formats: whatever a module in ``formats``, ``json_kinds`` or ``containers`` declares.

Nobody keeps a list: a new file in one of these folders is a new format.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType
from typing import TypeVar

from replay.errors import InputError, Place
from replay.inputs.base import Container, Format, JsonKind

_T = TypeVar("_T", Format, JsonKind, Container)


@cache
def formats() -> tuple[Format, ...]:
    """All file formats, ordered by name."""
    from replay.inputs import formats as folder

    return _walk(folder, "FORMAT", Format)


@cache
def json_kinds() -> tuple[JsonKind, ...]:
    """All writers of JSON events, ordered by name."""
    from replay.inputs import json_kinds as folder

    return _walk(folder, "KIND", JsonKind)


@cache
def containers() -> tuple[Container, ...]:
    """All containers, ordered by name."""
    from replay.inputs import containers as folder

    return _walk(folder, "CONTAINER", Container)


def _walk(folder: ModuleType, attribute: str, kind: type[_T]) -> tuple[_T, ...]:
    declared = []
    for info in pkgutil.iter_modules(folder.__path__):
        module = importlib.import_module(f"{folder.__name__}.{info.name}")
        found = getattr(module, attribute, None)
        if not isinstance(found, kind):
            raise InputError(f"this input module declares no {attribute}", Place(file=module.__file__))
        declared.append((info.name, found))
    return unique(declared)


def unique(declared: list[tuple[str, _T]]) -> tuple[_T, ...]:
    """What was declared, as (module, object), ordered by name.

    Raises:
        InputError: if two modules claim one name.
    """
    by_name: dict[str, str] = {}
    for module, found in declared:
        other = by_name.setdefault(found.name.lower(), module)
        if other != module:
            raise InputError(f"two input modules claim the name {found.name}: {other} and {module}")
    return tuple(sorted((found for _, found in declared), key=lambda found: found.name))
