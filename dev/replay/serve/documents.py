"""The documents of the KV store: JSON objects by app, collection and key.

Source: Splunk developer guide, "Use the Splunk App Key Value Store"; REST API Reference Manual, "KV store endpoint
descriptions". Queries are those of the KV store: ``{"a": 1, "b": {"$gt": 2}, "$or": […]}``.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import RLock
from typing import Any

from replay.serve.errors import Refused
from replay.serve.kept import damaged

Document = dict[str, Any]
MOST_CONDITIONS = 1000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
  app TEXT, collection TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (app, collection, key)
) WITHOUT ROWID
"""


class Documents:
    """All collections.

    Args:
        file: the database, or None to keep all in memory.

    Raises:
        InputError: the file is damaged.
    """

    def __init__(self, file: Path | None) -> None:
        self._lock = RLock()
        self._db = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
        try:
            for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", _SCHEMA):
                self._db.execute(statement)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise damaged(file or Path(), error) from error

    def all(self, app: str, collection: str) -> list[Document]:
        """Every document of a collection, by key."""
        sql = "SELECT body FROM documents WHERE app = ? AND collection = ? ORDER BY key"
        with self._lock:
            return [json.loads(body) for (body,) in self._db.execute(sql, (app, collection))]

    def get(self, app: str, collection: str, key: str) -> Document | None:
        """One document."""
        sql = "SELECT body FROM documents WHERE app = ? AND collection = ? AND key = ?"
        with self._lock:
            row = self._db.execute(sql, (app, collection, key)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, app: str, collection: str, documents: Iterable[Document], *, alone: bool = False) -> None:
        """Insert or replace documents, all or none; each has its ``_key``. With ``alone``, the others go."""
        rows = [(app, collection, one["_key"], json.dumps(one)) for one in documents]
        with self._lock:
            self._db.execute("BEGIN")
            if alone:
                self._db.execute("DELETE FROM documents WHERE app = ? AND collection = ?", (app, collection))
            self._db.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)", rows)
            self._db.execute("COMMIT")

    def remove(self, app: str, collection: str, keys: Iterable[str] | None) -> None:
        """Delete documents; None is all of the collection."""
        with self._lock:
            if keys is None:
                self._db.execute("DELETE FROM documents WHERE app = ? AND collection = ?", (app, collection))
            else:
                sql = "DELETE FROM documents WHERE app = ? AND collection = ? AND key = ?"
                self._db.executemany(sql, [(app, collection, key) for key in keys])

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def meets(document: Mapping[str, Any], query: Any) -> bool:
    """Whether a document satisfies a query.

    Raises:
        Refused: the query is none.
    """
    if not isinstance(query, dict) or len(query) > MOST_CONDITIONS:
        raise Refused(400, "A query is a JSON object")
    return all(_condition(document, key, wanted) for key, wanted in query.items())


def _condition(document: Mapping[str, Any], key: str, wanted: Any) -> bool:
    if key in ("$and", "$or"):
        if not isinstance(wanted, list):
            raise Refused(400, f"{key} takes a list")
        return (all if key == "$and" else any)(meets(document, one) for one in wanted)
    if key == "$not":
        return not meets(document, wanted)
    if key.startswith("$"):
        raise Refused(400, f"The operator {key[:30]} is unknown")
    value = _reach(document, key)
    if isinstance(wanted, dict) and any(name.startswith("$") for name in wanted):
        return all(_operator(name)(value, operand) for name, operand in wanted.items())
    return bool(value == wanted)


def _reach(document: Any, path: str) -> Any:
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(value: Any, operand: Any) -> bool:
        try:
            return value is not None and bool(test(value, operand))
        except TypeError:
            return False

    return compare


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": _compare(lambda a, b: a > b),
    "$gte": _compare(lambda a, b: a >= b),
    "$lt": _compare(lambda a, b: a < b),
    "$lte": _compare(lambda a, b: a <= b),
    "$ne": lambda a, b: bool(a != b),
    "$eq": lambda a, b: bool(a == b),
    "$in": _compare(lambda a, b: a in b),
    "$exists": lambda a, b: (a is not None) == bool(b),
}


def _operator(name: str) -> Callable[[Any, Any], bool]:
    if name not in _OPERATORS:
        raise Refused(400, f"The operator {name[:30]} is unknown (known: {', '.join(_OPERATORS)})")
    return _OPERATORS[name]


def ordered(documents: list[Document], sort: str) -> list[Document]:
    """Documents by ``sort``: ``a:1,b:-1`` (1 upwards, -1 downwards); those without the field come first.

    Raises:
        Refused: it is not written so.
    """
    for part in reversed([one.strip() for one in sort.split(",") if one.strip()]):
        found = re.fullmatch(r"([^:]+?)(?::(-?1))?", part)
        if found is None:
            raise Refused(400, f"Invalid sort '{part[:50]}': write it as field:1 or field:-1")
        documents = sorted(documents, key=lambda d: _rank(_reach(d, found[1])), reverse=found[2] == "-1")
    return documents


def _rank(value: Any) -> tuple[int, float, str]:
    if value is None:
        return 0, 0.0, ""
    if isinstance(value, (int, float)):
        return 1, float(value), ""
    return 2, 0.0, str(value)


def projected(document: Document, fields: str) -> Document:
    """The fields that ``a,b`` names, or all but those that ``a:0`` names; ``_key`` stays unless it is named so."""
    names = [one.strip() for one in fields.split(",") if one.strip()]
    if not names:
        return document
    without = {one.partition(":")[0] for one in names if one.endswith(":0")}
    if len(without) == len(names):
        return {key: value for key, value in document.items() if key not in without}
    wanted = {one.partition(":")[0] for one in names} - without | ({"_key"} - without)
    return {key: value for key, value in document.items() if key in wanted}
