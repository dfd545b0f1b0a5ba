"""Python functions that SQL calls where DuckDB has none: one module per subject.

A function works on one row and is made a vectorised SQL function by ``user_function``. Rows are what they cost: use
one only where SQL cannot do the work (design rule 6).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from replay.sql_functions import USER_FUNCTIONS, UserFunction

_TYPES = {"VARCHAR": "string", "DOUBLE": "float64", "BOOLEAN": "bool_", "BIGINT": "int64"}


class SqlFunction(Struct, frozen=True):
    """A registered function; ``sql`` writes a call of it."""

    name: str

    def sql(self, *arguments: str) -> str:
        """The call, of SQL arguments."""
        return f"{self.name}({', '.join(arguments)})"


def user_function(
    name: str, function: Callable[..., Any], parameters: Sequence[str], returns: str, *, nulls: bool = False
) -> SqlFunction:
    """Register a function of one row's values as a vectorised SQL function.

    Args:
        name: begins with ``py_``.
        function: takes one Python value per parameter, returns one (None is NULL).
        parameters: SQL types.
        returns: SQL type.
        nulls: call it for NULL arguments too; else the result of a row with one is NULL.
    """

    def vectorised(*columns: Any) -> Any:
        rows = zip(*(column.to_pylist() for column in columns), strict=True)
        if nulls:
            results = [function(*row) for row in rows]
        else:
            results = [None if None in row else function(*row) for row in rows]
        return arrow_array(results, returns)

    # DuckDB counts the parameters, which `*columns` hides.
    columns = [inspect.Parameter(f"p{i}", inspect.Parameter.POSITIONAL_ONLY) for i in range(len(parameters))]
    vectorised.__signature__ = inspect.Signature(columns)  # type: ignore[attr-defined]
    USER_FUNCTIONS[name] = UserFunction(vectorised, parameters, returns)
    return SqlFunction(name)


def arrow_array(values: list[Any], sql_type: str) -> Any:
    """A pyarrow array of the SQL type (VARCHAR, DOUBLE, BOOLEAN, BIGINT, and lists of them)."""
    import pyarrow as pa

    depth = sql_type.count("[]")
    kind = getattr(pa, _TYPES[sql_type.replace("[]", "")])()
    for _ in range(depth):
        kind = pa.list_(kind)
    return pa.array(values, kind)


def _sha512(text: str) -> str:
    import hashlib

    return hashlib.sha512(text.encode("utf-8", "surrogatepass")).hexdigest()


def _commands(search: str) -> list[str] | None:
    from replay.errors import SearchError
    from replay.spl.scanner import Scanner, split_top

    s = Scanner(search)
    try:
        parts = split_top(s, "|")
    except SearchError:  # a text that is no search has no commands
        return None
    names = [s.sub(start, end).peek_word("=<>!") for start, end in parts]
    if names and names[0] and not search.lstrip().startswith("|") and names[0].lower() != "search":
        names[0] = "search"
    return [name for name in names if name] or None


sha512_of = user_function("py_sha512", _sha512, ["VARCHAR"], "VARCHAR")
commands_in = user_function("py_commands", _commands, ["VARCHAR"], "VARCHAR[]")
urldecoded = user_function("py_urldecode", unquote, ["VARCHAR"], "VARCHAR")
