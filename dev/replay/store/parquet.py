"""The Parquet files of a store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from replay.engine import Engine
from replay.relation import quote


def rows_of(files: Iterable[Path]) -> str:
    """A SQL table: the rows of these files."""
    return f"read_parquet([{', '.join(quote(str(file)) for file in files)}])"


def write(
    engine: Engine, sql: str, path: Path, *, row_group: int, compression: str, ordered: bool = True
) -> dict[str, int]:  # fmt: skip
    """Write what a SELECT gives to a file.

    Args:
        engine: the database.
        sql: the SELECT.
        path: the file.
        row_group: how many rows the writer gathers. Few cost little memory and let all cores read the file; very
            few make it slow to read.
        compression: ``zstd`` for what is read seldom, ``snappy`` for what is read often.
        ordered: keep the order of the rows, which takes longer.

    Returns:
        How many rows have no value, by column, as ``identifier`` writes it.
    """
    options = f"FORMAT parquet, COMPRESSION {compression}, ROW_GROUP_SIZE {row_group}"
    if not ordered:  # else DuckDB chooses how to keep the order; told to, it takes a slower way
        options += ", PRESERVE_ORDER false"
    if compression == "zstd":
        # Raw events take more time, and no less room, at higher levels; each is another, so a dictionary is no use.
        options += ", COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT 64"
    written = engine.execute(f"COPY ({sql}) TO {quote(str(path))} ({options}, RETURN_STATS)")
    return {column: int(found["null_count"]) for row in written for column, found in row[4].items()}
