"""Registries that walk a folder: adding a file adds what it claims, and nobody keeps a list."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterable, Iterator
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

    def own(self, name: str) -> T | None:
        """The thing of this name if a module is called so, too; else None. Imports no other module."""
        if name not in self._things and name.isidentifier():
            for module in (name, f"{name}_"):  # `from` and `return` cannot name a module
                if importlib.util.find_spec(f"{self._package}.{module}"):
                    importlib.import_module(f"{self._package}.{module}")
        return self._things.get(name)

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
