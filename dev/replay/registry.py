"""Registries that walk a folder: adding a file adds what it claims, and nobody keeps a list."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Things by name, claimed by the modules of one package.

    Args:
        package: dotted name of the package whose modules are imported on first use.
        kind: what the things are, for messages ("search command").
    """

    def __init__(self, package: str, kind: str) -> None:
        self._package = package
        self._kind = kind
        self._things: dict[str, T] = {}
        self._owners: dict[str, str] = {}
        self._begun = self._loaded = False
        self._loading = RLock()

    def claim(self, *names: str) -> Callable[[T], T]:
        """Decorator: the thing answers to these names.

        Raises:
            RuntimeError: another module claims the name already.
        """

        def register(thing: T) -> T:
            owner = getattr(thing, "__module__", "?")
            for name in names:
                if name in self._things:
                    raise RuntimeError(f"{self._kind} `{name}` is claimed by {self._owners[name]} and by {owner}")
                self._things[name] = thing
                self._owners[name] = owner
            return thing

        return register

    def get(self, name: str) -> T | None:
        """The thing of this name, or None."""
        self._load()
        return self._things.get(name)

    def find(self, name: str) -> T | None:
        """As ``get``, importing few modules: that which is called so or, if it claims no such name, those that say it.

        A module claims a name by a text in double quotes, so that one whose source holds no such text need not be
        imported to know that it does not.
        """
        # `from` and `return` cannot name a module
        likely = [name, f"{name}_"], [module for module, text in self._sources.items() if f'"{name}"' in text]
        for modules in likely:
            for module in modules if name not in self._things and not self._loaded else ():
                if module in self._sources:
                    importlib.import_module(f"{self._package}.{module}")
        return self._things.get(name)

    @cached_property
    def _sources(self) -> dict[str, str]:
        """The text of each module."""
        (folder,) = importlib.import_module(self._package).__path__
        files = (path for path in sorted(Path(folder).glob("*.py")) if path.stem != "__init__")
        return {path.stem: path.read_text(encoding="utf-8") for path in files}

    def names(self) -> list[str]:
        """All names, sorted."""
        self._load()
        return sorted(self._things)

    def __iter__(self) -> Iterator[T]:
        self._load()
        return iter(dict.fromkeys(self._things.values()))

    def _load(self) -> None:
        if self._loaded:
            return
        with self._loading:  # another thread waits until all is there; a module that asks while it is loaded does not
            if not self._begun:
                self._begun = True
                package = importlib.import_module(self._package)
                for module in pkgutil.iter_modules(package.__path__):
                    importlib.import_module(f"{self._package}.{module.name}")
                self._loaded = True


def nearest(name: str, known: Iterable[str], limit: int = 3) -> str:
    """`` (nearest: a, b)`` for an error about an unknown name; empty if nothing is near."""
    found = difflib.get_close_matches(name, list(known), n=limit, cutoff=0.6)
    return f" (nearest: {', '.join(found)})" if found else ""
