"""What SQL may call besides DuckDB's own: the macros of prelude.sql, and functions in Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any

from msgspec import Struct

# What a search text may hold can look like such a call: only names in USER_FUNCTIONS count.
_CALL = re.compile(r"\b((?:py|spl)_[a-z0-9_]+)\(")
_MACRO = re.compile(r"^CREATE MACRO (\w+)\(.*?;$", re.DOTALL | re.MULTILINE)


class UserFunction(Struct, frozen=True):
    """A Python function that SQL may call.

    Attributes:
        function: takes and returns pyarrow arrays of one length (vectorised), or scalars if ``vectorised`` is false.
        parameters: SQL types.
        returns: SQL type.
    """

    function: Callable[..., Any]
    parameters: Sequence[str]
    returns: str
    vectorised: bool = True


USER_FUNCTIONS: dict[str, UserFunction] = {}
"""Every function that SQL may call, by name; names begin with ``py_``. Modules add theirs at import."""


@cache
def macros() -> Mapping[str, str]:
    """Name -> definition of every SQL macro (prelude.sql)."""
    text = Path(__file__).with_name("prelude.sql").read_text(encoding="utf-8")
    return {found[1]: found[0] for found in _MACRO.finditer(text)}


class Definitions:
    """The macros and functions that a database knows. To define all of them takes longer than many a search, so each
    becomes known when it is first called.

    Args:
        execute: runs SQL that defines a macro.
        register: makes a function known.
    """

    def __init__(self, execute: Callable[[str], object], register: Callable[[str, UserFunction], object]) -> None:
        self._execute, self._register = execute, register
        self._known: set[str] = set()
        self._lock = RLock()

    def for_sql(self, sql: str) -> None:
        """Make known what the SQL calls."""
        self.define(_CALL.findall(sql))

    def define(self, names: Iterable[str]) -> None:
        """Make known what has one of these names; names of nothing are none of our business."""
        for name in names:
            if name not in self._known:
                with self._lock:
                    self._define(name)

    def _define(self, name: str) -> None:
        if name in self._known:  # by another thread, meanwhile
            return
        if name in USER_FUNCTIONS:
            self._register(name, USER_FUNCTIONS[name])
        elif name in macros():
            definition = macros()[name]
            self.define(called for called in _CALL.findall(definition) if called != name)
            self._execute(definition)
        else:
            return
        self._known.add(name)
