"""Imports splunk-sdk without what it loads long before it needs it, if ever.

Half of the time before the command's first reply went into modules for a REST client, recordings of a search,
logging configuration and error reports. While the SDK is imported, a stand-in takes the place of each; it
loads the module when something in it is first used. ``tests/bin/test_sdk_contract.py`` holds the SDK to it.
"""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType

TYPE_CHECKING = False  # typing itself is slow to load
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Modules, and what the SDK takes out of them by ``from ... import``.
DEFERRED: dict[str, tuple[str, ...]] = {
    "splunklib.client": ("Service",),
    "logging.config": ("fileConfig",),
    "shutil": ("make_archive",),
    "gzip": (),
    "tempfile": (),
    "xml.etree.ElementTree": (),
    "traceback": (),
    "ipaddress": (),
}


class StandIn(ModuleType):
    """A module that loads when first used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_load(self.__name__), name)


def import_sdk() -> ModuleType:
    """The module ``splunklib.searchcommands``."""
    here = [_stand_in(name, functions) for name, functions in DEFERRED.items() if name not in sys.modules]
    if "inspect" not in sys.modules:
        here.append(_inspect())
    for module in here:
        sys.modules[module.__name__] = module
    try:
        from splunklib import searchcommands

        sdk: ModuleType = searchcommands
        return sdk
    finally:
        for module in here:
            if sys.modules.get(module.__name__) is module:
                del sys.modules[module.__name__]


def _stand_in(name: str, functions: tuple[str, ...]) -> StandIn:
    module = StandIn(name)
    for function in functions:
        setattr(module, function, _deferred(name, function))
    return module


def _deferred(module: str, function: str) -> Callable[..., Any]:
    return lambda *args, **kwargs: getattr(_load(module), function)(*args, **kwargs)


def _load(name: str) -> ModuleType:
    if isinstance(sys.modules.get(name), StandIn):
        del sys.modules[name]
    __import__(name)
    return sys.modules[name]


def _inspect() -> StandIn:
    """The three functions that the SDK's decorators use, and the rest of ``inspect`` when it is wanted."""
    module = StandIn("inspect")
    module.getmembers = getmembers  # type: ignore[attr-defined]
    module.isclass = lambda value: isinstance(value, type)  # type: ignore[attr-defined]
    module.isfunction = lambda value: isinstance(value, FunctionType)  # type: ignore[attr-defined]
    return module


def getmembers(owner: type, predicate: Callable[[Any], bool]) -> list[tuple[str, Any]]:
    """As ``inspect.getmembers`` does for a class that has no members in its metaclass only."""
    members = [(name, getattr(owner, name, None)) for name in sorted(dir(owner))]
    return [(name, value) for name, value in members if predicate(value)]
