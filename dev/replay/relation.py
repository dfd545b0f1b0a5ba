"""A result set on its way through the pipeline, as SQL.

A ``Relation`` is an ordered list of rows (Splunk results have an order) whose fields have a kind. It is immutable: each
command returns a new one with one more CTE. Field names are case-sensitive in SPL and not in DuckDB, so every field
has a column name of its own; always write ``relation.field(name).sql``, never the field name, into SQL.

The hidden column ``__n`` carries the order: a number, unique within the relation, ascending.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from itertools import count

from msgspec import Struct
from msgspec.structs import replace

ORDER = "__n"


class Kind(Enum):
    """What a value is. A field is NUM, STR or MV; BOOL exists only inside an expression (SR: eval, "Usage").

    NUM is a DOUBLE; STR a VARCHAR that counts as a number where its text looks like one; MV a VARCHAR[] (one element is
    the same as a single value; NULL is a missing field, and a list is never empty).
    """

    NUM = "DOUBLE"
    STR = "VARCHAR"
    MV = "VARCHAR[]"
    BOOL = "BOOLEAN"


class Expr(Struct, frozen=True):
    """A SQL expression and its kind.

    ``literal`` is its value if it is a constant written in the search; ``delimiter`` is what joins the values of a
    multivalue when it is made one text (``nomv``), as ``mvcombine delim=`` and ``stats delim=`` set it.
    """

    sql: str
    kind: Kind
    literal: str | float | None = None
    delimiter: str = "\n"


NULL = Expr("CAST(NULL AS VARCHAR)", Kind.STR)


def quote(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def string(text: str) -> Expr:
    """A constant string."""
    return Expr(quote(text), Kind.STR, text)


def number(value: float) -> Expr:
    """A constant number."""
    return Expr(f"CAST({value!r} AS DOUBLE)", Kind.NUM, value)


def as_text(e: Expr) -> Expr:
    """As STR. A multivalue with one value is that value; one with several has no scalar text: null."""
    match e.kind:
        case Kind.STR:
            return e
        case Kind.NUM:
            return Expr(f"spl_text({e.sql})", Kind.STR)
        case Kind.BOOL:
            return Expr(f"CASE WHEN {e.sql} THEN 'True' WHEN NOT {e.sql} THEN 'False' END", Kind.STR)
        case Kind.MV:
            return Expr(f"spl_single({e.sql})", Kind.STR)


def as_number(e: Expr) -> Expr:
    """As NUM; text that is no number is null, and so is a quoted literal (SR: eval, "Operators")."""
    if e.kind is Kind.NUM:
        return e
    if isinstance(e.literal, str):
        return Expr("CAST(NULL AS DOUBLE)", Kind.NUM)
    return Expr(f"spl_num({as_text(e).sql})", Kind.NUM)


def as_list(e: Expr) -> Expr:
    """As MV; null stays null."""
    if e.kind is Kind.MV:
        return e
    return Expr(f"spl_list({as_text(e).sql})", Kind.MV)


def cast(e: Expr, kind: Kind) -> Expr:
    """As the given field kind."""
    return {Kind.NUM: as_number, Kind.STR: as_text, Kind.MV: as_list}[kind](e)


def common_kind(kinds: Iterable[Kind]) -> Kind:
    """The kind that can hold all of these without loss."""
    found = set(kinds)
    if Kind.MV in found:
        return Kind.MV
    return Kind.NUM if found == {Kind.NUM} else Kind.STR


class Column(Struct, frozen=True):
    """Where a field is found: a column name, already quoted, and the field's kind (``delimiter``: see ``Expr``)."""

    sql: str
    kind: Kind
    delimiter: str = "\n"


_names = count(1)


def fresh_name(prefix: str = "s") -> str:
    """A name for a CTE or table that no other relation of this process has."""
    return f"{prefix}{next(_names)}"


class Projected(Struct, frozen=True):
    """``SELECT items FROM source``, row by row.

    Attributes:
        source: the CTE or table.
        items: column -> expression.
    """

    source: str
    items: Mapping[str, str]

    def then(self, items: Mapping[str, str]) -> Projected | None:
        """Both steps as one; None if the second needs what the first computes more than once, or within something."""
        left = {column: sql for column, sql in self.items.items() if column != sql}
        computed = tuple(left)
        both: dict[str, str] = {}
        for column, sql in items.items():
            if sql in left:
                both[column] = left.pop(sql)
            elif self.items.get(sql) == sql or not any(name in sql for name in computed):
                both[column] = sql
            else:
                return None
        return Projected(self.source, both)


class Relation(Struct, frozen=True):
    """Rows in order, as SQL.

    Attributes:
        name: the CTE or table that holds the rows.
        columns: field -> column, in display order.
        ctes: (name, SQL) of every CTE that ``name`` needs, in order of definition.
        projected: how it was made, if no more than columns was computed.
    """

    name: str
    columns: Mapping[str, Column]
    ctes: tuple[tuple[str, str], ...] = ()
    projected: Projected | None = None

    # --- reading ------------------------------------------------------------------------------------------------

    def field(self, name: str) -> Expr:
        """The field as an expression; a field that does not exist is null (SPL has no other notion of it)."""
        column = self.columns.get(name)
        return Expr(column.sql, column.kind, delimiter=column.delimiter) if column else NULL

    def has(self, name: str) -> bool:
        """True if the field is in the schema."""
        return name in self.columns

    def sql(self) -> str:
        """The whole query: every column and ``__n``, not ordered."""
        if not self.ctes:
            return f"SELECT * FROM {self.name}"
        parts = ",\n".join(f"{name} AS NOT MATERIALIZED (\n  {body}\n)" for name, body in self.ctes)
        return f"WITH {parts}\nSELECT * FROM {self.name}"

    # --- building -----------------------------------------------------------------------------------------------

    def derive(self, sql: str, columns: Mapping[str, Column], others: Sequence[Relation] = ()) -> Relation:
        """A relation computed by ``sql``, which may name this relation and ``others``.

        Args:
            sql: a SELECT that gives every column of ``columns`` and ``__n``.
            columns: field -> column of the result.
            others: further relations that ``sql`` names.
        """
        ctes = list(self.ctes)
        for other in others:
            ctes += [cte for cte in other.ctes if cte not in ctes]
        name = fresh_name()
        return Relation(name, dict(columns), (*ctes, (name, sql)))

    def project(
        self,
        items: Mapping[str, Expr],
        *,
        order: str = ORDER,
        tail: str = "",
        others: Sequence[Relation] = (),
    ) -> Relation:
        """``SELECT items, order AS __n FROM this tail``: the general step.

        Args:
            items: field -> expression over this relation (BOOL is not allowed: fields hold none).
            order: SQL of the new ``__n``.
            tail: what follows ``FROM this`` (WHERE, GROUP BY, JOIN …).
            others: further relations that ``tail`` names.
        """
        columns = assign_columns({name: e.kind for name, e in items.items()})
        columns = {name: replace(c, delimiter=items[name].delimiter) for name, c in columns.items()}
        named = {columns[name].sql: e.sql for name, e in items.items()}
        makes_rows = any("unnest(" in sql for sql in named.values())
        if order == ORDER and not (tail or others or makes_rows):
            return self._projected(Projected(self.name, named), columns)
        listed = ", ".join([f"{sql} AS {column}" for column, sql in named.items()] + [f"{order} AS {ORDER}"])
        return self.derive(f"SELECT {listed} FROM {self.name} {tail}".rstrip(), columns, others)

    def _projected(self, step: Projected, columns: Mapping[str, Column]) -> Relation:
        """One more step, together with the one before if it can be: each takes the database time to plan."""
        both = self.projected.then(step.items) if self.projected else None
        step, before = (both, replace(self, ctes=self.ctes[:-1])) if both else (step, self)
        listed = ", ".join([f"{sql} AS {column}" for column, sql in step.items.items()] + [ORDER])
        return replace(before.derive(f"SELECT {listed} FROM {step.source}", columns), projected=step)

    def extend(self, items: Mapping[str, Expr]) -> Relation:
        """All fields, with these added or replaced (a replaced field keeps its place)."""
        merged = {name: self.field(name) for name in self.columns}
        merged.update(items)
        return self.project(merged)

    def filter(self, predicate: str) -> Relation:
        """The rows for which the SQL predicate is true."""
        return self.derive(f"SELECT * FROM {self.name} WHERE {predicate}", self.columns)

    def keep(self, names: Iterable[str]) -> Relation:
        """Only these fields, in this order; one that does not exist becomes an empty column."""
        return self.project({name: self.field(name) for name in names})

    def drop(self, names: Iterable[str]) -> Relation:
        """All fields but these."""
        gone = set(names)
        return self.keep([name for name in self.columns if name not in gone])

    def delimited(self, delimiter: str) -> Relation:
        """The same rows; the values of every multivalue are joined by this text when they are made one (``nomv``)."""
        return replace(self, columns={name: replace(c, delimiter=delimiter) for name, c in self.columns.items()})

    def renumber(self, order_by: str, where: str = "") -> Relation:
        """The same rows, ordered anew by a SQL ORDER BY list."""
        items = {name: self.field(name) for name in self.columns}
        return self.project(items, order=f"row_number() OVER (ORDER BY {order_by})", tail=where)


def assign_columns(kinds: Mapping[str, Kind]) -> dict[str, Column]:
    """A column for every field: its own name, or with ``~2`` where only the case tells two fields apart."""
    taken: set[str] = {ORDER}
    columns: dict[str, Column] = {}
    for name, kind in kinds.items():
        column, n = name or "~", 1  # SQL has no empty names
        while column.lower() in taken:
            n += 1
            column = f"{name}~{n}"
        taken.add(column.lower())
        columns[name] = Column(identifier(column), kind)
    return columns


def columns_as_json(columns: Mapping[str, Column]) -> list[list[str]]:
    """Columns in a form that JSON can hold; ``columns_of_json`` reads it."""
    return [[field, column.sql, column.kind.value] for field, column in columns.items()]


def columns_of_json(listed: Iterable[Sequence[object]]) -> dict[str, Column]:
    """The columns of ``columns_as_json``; raises ValueError if they are none."""
    return {str(field): Column(str(sql), Kind(kind)) for field, sql, kind in listed}


def union(relations: Sequence[Relation], *, reorder: bool = True) -> Relation:
    """All rows of all relations, in their order, fields united; a field missing on one side is null there."""
    kinds: dict[str, list[Kind]] = {}
    for r in relations:
        for name, column in r.columns.items():
            kinds.setdefault(name, []).append(column.kind)
    columns = assign_columns({name: common_kind(found) for name, found in kinds.items()})
    selects = []
    for position, r in enumerate(relations):
        listed = [f"{_typed(r, name, column)} AS {column.sql}" for name, column in columns.items()]
        selects.append(f"SELECT {', '.join([*listed, f'{position} AS __part', ORDER])} FROM {r.name}")
    body = " UNION ALL ".join(selects)
    names = ", ".join(c.sql for c in columns.values())
    order = f"row_number() OVER (ORDER BY __part, {ORDER})" if reorder else ORDER
    listed_names = f"{names}, " if names else ""
    return relations[0].derive(f"SELECT {listed_names}{order} AS {ORDER} FROM ({body})", columns, relations[1:])


def _typed(r: Relation, name: str, column: Column) -> str:
    if not r.has(name):
        return f"CAST(NULL AS {column.kind.value})"
    return cast(r.field(name), column.kind).sql
