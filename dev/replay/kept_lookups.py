"""Lookup files that searches wrote, where they outlive the process: in the database of a server with a store.

Each is a table there, with a row in ``written_lookups`` that says what its columns are. Only one thread at a time may
be here: ``lookup_table`` holds its lock.
"""

from __future__ import annotations

import json

from replay.engine import Engine
from replay.relation import Relation, columns_as_json, columns_of_json, identifier, quote


def keep(engine: Engine, file: str, rel: Relation) -> None:
    """Keep the rows of a file, instead of those that were kept of it before. Without a store, do nothing.

    Args:
        engine: the database, or a branch of it.
        file: ``<app>/<name of the file>``.
        rel: its rows, materialized.

    Raises:
        EngineError: they could not be written; what was kept before is still there.
    """
    if not engine.durable:
        return
    table = _table(engine, file)
    columns = quote(json.dumps(columns_as_json(rel.columns)))
    with engine.transaction():
        engine.execute(f"CREATE TABLE IF NOT EXISTS {_register(engine)} (file VARCHAR, columns VARCHAR)")
        engine.execute(f"DROP TABLE IF EXISTS {table}")
        engine.execute(f"CREATE TABLE {table} AS {rel.sql()}")
        engine.execute(f"DELETE FROM {_register(engine)} WHERE file = {quote(file)}")
        engine.execute(f"INSERT INTO {_register(engine)} VALUES ({quote(file)}, {columns})")


def kept(engine: Engine, file: str) -> Relation | None:
    """The rows of a file as a search wrote them, copied, so that a later ``keep`` does not change them; None if there
    are none. For the arguments see ``keep``.
    """
    if not engine.durable:
        return None
    there = f"SELECT 1 FROM duckdb_tables() WHERE {quote(engine.durable)} = database_name || '.' || schema_name || '.'"
    if not engine.execute(f"{there} AND table_name = {quote(_REGISTER)}"):
        return None
    found = engine.execute(f"SELECT columns FROM {_register(engine)} WHERE file = {quote(file)}")
    if not found:
        return None
    rel = engine.materialize(Relation(_table(engine, file), columns_of_json(json.loads(found[0][0]))))
    engine.keep(rel)
    return rel


_REGISTER = "written_lookups"


def _register(engine: Engine) -> str:
    return engine.durable + _REGISTER


def _table(engine: Engine, file: str) -> str:
    """Names of tables are not case-sensitive, those of files are."""
    from hashlib import sha256  # it brings OpenSSL, and most searches keep no lookup

    return engine.durable + identifier(f"lookup {file} {sha256(file.encode()).hexdigest()[:16]}")
