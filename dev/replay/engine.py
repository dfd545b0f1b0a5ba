"""DuckDB. The only file that imports it.

One ``Engine`` is one in-memory database. The SQL macros of prelude.sql, and user-defined functions (PCRE regular
expressions and the like), become known to it when a query first names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from functools import partial
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from replay.errors import ReplayError
from replay.relation import ORDER, Column, Relation, fresh_name, quote
from replay.spilled import Spilled
from replay.sql_functions import Definitions, UserFunction, macros

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT = "1GB"
_CANCELLED = "the search was cancelled"
_FEW = 2_000
Value = str | float | list[str] | None
_Columns = Mapping[str, tuple[str, Sequence[Any]]]
"""Column name -> (SQL type, a value of each row)."""


def _database() -> Any:
    """The database itself. The package around it, which brings Python's own to it, takes four times as long to load."""
    try:
        import _duckdb
    except ImportError:  # it is not part of what DuckDB promises
        import duckdb

        return duckdb
    return _duckdb


class EngineError(ReplayError):
    """The database refused a query; the message is its own."""


class Cancelled(ReplayError):
    """The search was told to stop."""


class Engine:
    """A DuckDB connection that speaks relations.

    Args:
        store: a database file that is kept; only what is created under ``durable`` goes there.
        computed: fields are computed from raw events, as opposed to read from Parquet; see ``pushing``.

    Attributes:
        durable: what to write before the name of a table that outlives the process (nothing without a store).
    """

    def __init__(self, store: Path | None = None, *, computed: bool = True) -> None:
        self._store, self._computed = store, computed
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._prepared: list[str] = []
        self._defined: Definitions | None = None
        self._connecting = RLock()
        self._made: set[str] = set()
        self._reading: set[duckdb.DuckDBPyConnection] = set()
        self._on_cancel: list[Callable[[], None]] = []
        self._cancelled = False
        self._trunk: Engine | None = None
        self.durable = ""
        if store is not None:
            self.durable = "store.main."
            self.connect()

    def connect(self) -> None:
        """Be ready. Without this, the database is started when it is first asked: a process that has logs to read
        meanwhile has other things to do first."""
        with self._connecting:
            if self._connection is None:
                connection = self._connected()
                # A connection of their own: a search that is interrupted leaves what all searches rely on.
                defining = connection.cursor()
                self._defined = Definitions(defining.execute, partial(_register, defining))
                self._connection = connection

    def _connected(self) -> duckdb.DuckDBPyConnection:
        database = _database()
        con = database.connect(":memory:")
        con.execute("SET GLOBAL TimeZone = 'UTC'")
        con.execute("SET enable_progress_bar = false")  # it would stand on standard output, among the results
        # What does not fit goes to disk, so that memory does not grow with the logs.
        self._spilled = Spilled()
        con.execute(f"SET GLOBAL temp_directory = {quote(self._spilled.name)}")
        con.execute(f"SET GLOBAL memory_limit = {quote(MEMORY_LIMIT)}")
        con.execute(_pushing(not self._computed))
        if self._store is not None:
            try:
                con.execute(f"ATTACH {quote(str(self._store))} AS store")
            except database.Error as e:
                raise EngineError(f"{self._store} cannot be opened as the database of a store: {e}") from e
        for sql in self._prepared:
            con.execute(sql)
        opened: duckdb.DuckDBPyConnection = con
        return opened

    @property
    def connected(self) -> bool:
        """The database has been started."""
        return self._connection is not None

    @property
    def _con(self) -> duckdb.DuckDBPyConnection:
        self.connect()
        assert self._connection is not None
        return self._connection

    @property
    def _definitions(self) -> Definitions:
        self.connect()
        assert self._defined is not None
        return self._defined

    def prepare(self, sql: str) -> None:
        """Run a statement now, or when the database is started."""
        with self._connecting:
            if self._connection is None:
                self._prepared.append(sql)
                return
        self.execute(sql)

    @contextmanager
    def pushing(self, push: bool) -> Iterator[None]:
        """While in this context, filters are pushed down to where rows are read, or not.

        Pushing them lets a Parquet file be read in part. But a filter on a field that is computed takes the whole
        computation with it, once for each place that names the field: several times the work, and a plan that takes
        longer than the search of a small log.
        """
        before = self.scalar("SELECT current_setting('disabled_optimizers')")
        everywhere = self._con.cursor()  # which no cancelled search leaves half done
        everywhere.execute(_pushing(push))
        try:
            yield
        finally:
            everywhere.execute(_pushing(not before))

    @property
    def root(self) -> Engine:
        """The engine that this one is a branch of; itself if it is none."""
        return self._trunk or self

    def branch(self) -> Engine:
        """The same database for another thread: a connection must not be used by two at once.

        What the branch materializes is gone when it is closed.
        """
        self.connect()
        twin = copy(self)
        twin._trunk = self.root
        twin._connection = self._con.cursor()
        twin._made, twin._reading, twin._on_cancel, twin._cancelled = set(), set(), [], False
        return twin

    def close(self) -> None:
        """Drop what this branch has materialized, and its connection."""
        for name in sorted(self._made):
            self._con.execute(f"DROP TABLE IF EXISTS {name}")
        self._made.clear()
        if self._connection is not None:
            self._connection.close()

    def keep(self, relation: Relation) -> None:
        """A materialized relation that other branches read, too: it outlives this one."""
        self._made.discard(relation.name)

    def cancel(self) -> None:
        """Stop what runs, from another thread: it raises ``Cancelled``, as does all that is asked later."""
        self._cancelled = True
        for connection in [self._connection, *self._reading]:
            with suppress(_database().ConnectionException):  # its thread has closed it meanwhile
                if connection is not None:
                    connection.interrupt()
        for stop in list(self._on_cancel):
            stop()

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """While in this context, ``cancel`` calls ``stop``, too: for what works outside of the database."""
        self._on_cancel.append(stop)
        try:
            if self._cancelled:
                stop()
            yield
        finally:
            self._on_cancel.remove(stop)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written within is written, or nothing."""
        self._definitions.define(macros())  # what is defined meanwhile may not be seen within
        self.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement; returns all its rows.

        Raises:
            EngineError: with DuckDB's message. It means a fault in the plan, not in the user's data.
        """
        self._definitions.for_sql(sql)
        with self._asking():
            return self._con.execute(sql).fetchall()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """What the database complains of, as errors of ours. It may do so when rows are fetched: not all are computed
        before."""
        if self._cancelled:
            raise Cancelled(_CANCELLED)
        database = _database()
        try:
            yield
        except database.InterruptException as e:
            raise Cancelled(_CANCELLED) from e
        except database.Error as e:
            raise EngineError(f"the database refused the query: {e}") from e

    @contextmanager
    def incoming(self, columns: _Columns) -> Iterator[str]:
        """Rows made in Python, under a name that SQL may read from, in their order.

        What no UTF-8 can hold, half of a surrogate pair, becomes U+FFFD.

        Args:
            columns: column name -> (SQL type, a value of each row).
        """
        name = fresh_name("a")
        few = max((len(values) for _, values in columns.values()), default=0) <= _FEW
        # pyarrow is slow to import, and not worth it for few
        self._bring(partial(self._bring_few, f"TEMP TABLE {name}") if few else partial(self._bring_many, name), columns)
        try:
            yield name
        finally:
            with self._asking():
                self._con.execute(f"DROP TABLE {name}") if few else self._con.unregister(name)

    def _bring(self, bring: Callable[[_Columns], None], columns: _Columns) -> None:
        with self._asking():
            try:
                bring(columns)
            except (UnicodeEncodeError, _database().InvalidInputException):  # half a surrogate pair: JSON can spell it
                bring({n: (kind, [_whole(v) for v in values]) for n, (kind, values) in columns.items()})

    def _bring_few(self, table: str, columns: _Columns) -> None:
        listed = ", ".join(f"unnest(${i}::{kind}[]) AS {n}" for i, (n, (kind, _)) in enumerate(columns.items(), 1))
        self._con.execute(f"CREATE {table} AS SELECT {listed}", [list(v) for _, v in columns.values()])

    def _bring_many(self, name: str, columns: _Columns) -> None:
        import duckdb  # noqa: F401  # so that the database knows Arrow
        import pyarrow as pa

        types = {"DOUBLE": pa.float64(), "VARCHAR": pa.string(), "BIGINT": pa.int64()}
        types["VARCHAR[]"] = pa.list_(pa.string())
        self._con.register(name, pa.table({n: pa.array(v, types[kind]) for n, (kind, v) in columns.items()}))

    @contextmanager
    def reading(self, table: Any) -> Iterator[str]:
        """A pyarrow table, which is not copied, under a name that SQL may read from."""
        import duckdb  # noqa: F401  # so that the database knows Arrow

        name = fresh_name("a")
        self._con.register(name, table)
        try:
            yield name
        finally:
            self._con.unregister(name)

    def materialize(self, relation: Relation) -> Relation:
        """Compute the rows once, into a temporary table: for what reads them several times, or needs the data to
        know its own fields."""
        name = fresh_name("t")
        self._made.add(name)
        self.execute(f"CREATE TABLE {name} AS {relation.sql()}")
        return Relation(name, relation.columns)

    def load_rows(self, rows: Sequence[Mapping[str, Value]], columns: Mapping[str, Column]) -> Relation:
        """Rows made in Python (a lookup table, the output of a custom command) as a relation, in their order."""
        named: dict[str, tuple[str, Sequence[Any]]] = {
            column.sql: (column.kind.value, [row.get(field) for row in rows]) for field, column in columns.items()
        }
        named[ORDER] = ("BIGINT", range(1, len(rows) + 1))
        name = fresh_name("t")
        self._made.add(name)
        if len(rows) <= _FEW:
            self._bring(partial(self._bring_few, f"TABLE {name}"), named)
            return Relation(name, columns)
        with self.incoming({f"c{i}": given for i, given in enumerate(named.values())}) as source:
            listed = ", ".join(f"c{i} AS {column}" for i, column in enumerate(named))
            self.execute(f"CREATE TABLE {name} AS SELECT {listed} FROM {source}")
        return Relation(name, columns)

    def rows(self, relation: Relation, limit: int | None = None) -> Iterator[dict[str, Value]]:
        """The rows in order, as field -> value; a missing field is not in the dict. What the query needs is made ready
        at once, and it is run when the first row is asked for."""
        listed = ", ".join([c.sql for c in relation.columns.values()] or [ORDER])
        tail = f" LIMIT {limit}" if limit is not None else ""
        sql = f"SELECT {listed} FROM ({relation.sql()}) ORDER BY {ORDER}{tail}"
        self._definitions.for_sql(sql)
        return self._rows(sql, list(relation.columns))

    def _rows(self, sql: str, names: Sequence[str]) -> Iterator[dict[str, Value]]:
        # A connection of its own: other queries may run while the rows are being read.
        cursor = self._con.cursor()
        self._reading.add(cursor)
        try:
            with self._asking():
                cursor.execute(sql)
            while batch := self._fetched(cursor):
                for row in batch:
                    yield {n: v for n, v in zip(names, row, strict=False) if v is not None and v != []}
        finally:
            self._reading.discard(cursor)
            cursor.close()

    def _fetched(self, cursor: duckdb.DuckDBPyConnection) -> list[Any]:
        with self._asking():
            return cursor.fetchmany(10_000)

    def scalar(self, sql: str) -> Any:
        """The single value of a query."""
        rows = self.execute(sql)
        return rows[0][0] if rows else None

    def count(self, relation: Relation) -> int:
        """How many rows the relation has."""
        return int(self.scalar(f"SELECT count(*) FROM ({relation.sql()})"))


def _register(connection: duckdb.DuckDBPyConnection, name: str, udf: UserFunction) -> None:
    import duckdb
    from duckdb.func import FunctionNullHandling, PythonUDFType

    connection.create_function(
        name,
        udf.function,
        [duckdb.sqltype(p) for p in udf.parameters],
        duckdb.sqltype(udf.returns),
        type=PythonUDFType.ARROW if udf.vectorised else PythonUDFType.NATIVE,
        null_handling=FunctionNullHandling.SPECIAL,
    )


def _pushing(push: bool) -> str:
    return f"SET GLOBAL disabled_optimizers = '{'' if push else 'filter_pushdown'}'"


def _whole(value: Any) -> Any:
    """The value with U+FFFD for each half of a surrogate pair; two that belong together are one character."""
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value
