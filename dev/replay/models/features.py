"""From fields to the numbers that a regression takes: which rows and fields count, categories as columns of 0 and 1.

Source: AI Toolkit, "Using the fit and apply commands" and "About the fit and apply commands": fields that are null
throughout and fields with more than 100 distinct texts are discarded; rows with a null field are left out when a model
is trained and get no prediction; a field that holds text becomes one column for each of its values; columns that
the rows of ``apply`` do not have are 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from replay.context import Context
from replay.models import ModelError
from replay.models.limits import limit
from replay.models.state import real
from replay.relation import ORDER, Expr, Kind, Relation, as_number, as_text, quote


def text_of(e: Expr) -> Expr:
    """The text of a field; the values of a multivalue are joined by newlines, and an empty text is null."""
    text = f"array_to_string({e.sql}, chr(10))" if e.kind is Kind.MV else as_text(e).sql
    return Expr(f"nullif({text}, '')", Kind.STR)


def number_of(e: Expr) -> str:
    """The number that a field holds, as SQL; null for text and for what is not finite."""
    number = as_number(e if e.kind is Kind.NUM else text_of(e)).sql
    return f"CASE WHEN isfinite({number}) THEN {number} END"


class Filled(Struct, frozen=True):
    """How many rows have a value in a field, and how many of these are numbers."""

    values: int
    numbers: int

    @property
    def numeric(self) -> bool:
        """Whether it is a field of numbers."""
        return self.values == self.numbers


def count_filled(rel: Relation, names: Sequence[str], ctx: Context) -> dict[str, Filled]:
    """Count once, over all rows; a field that does not exist is empty."""
    asked = [name for name in names if rel.has(name)]
    listed = [
        f"count({text_of(rel.field(name)).sql}), count({number_of(rel.field(name))})" for name in dict.fromkeys(asked)
    ]
    found = ctx.engine.execute(f"SELECT {', '.join(listed)} FROM ({rel.sql()})")[0] if listed else ()
    counts = {name: Filled(*found[2 * i : 2 * i + 2]) for i, name in enumerate(dict.fromkeys(asked))}
    return {name: counts.get(name, Filled(0, 0)) for name in names}


def drop_empty(rel: Relation, names: Sequence[str], ctx: Context) -> dict[str, Filled]:
    """The fields of these that have values; of the others a warning says that they do not count.

    Raises:
        ModelError: none has, and there are rows.
    """
    filled = count_filled(rel, names, ctx)
    empty = [name for name in names if not filled[name].values]
    if len(empty) == len(names):
        raise ModelError(f"none of the fields to fit or apply a model to has a value: {', '.join(names)}")
    if empty:
        ctx.warn(f"fields without any value do not count in the model: {', '.join(empty)}")
    return {name: found for name, found in filled.items() if found.values}


class Column(Struct, frozen=True):
    """One column of the numbers: a field, or (``value``) whether a field has that text."""

    field: str
    value: str | None = None

    @property
    def name(self) -> str:
        """As models name it."""
        return self.field if self.value is None else f"{self.field}={self.value}"

    def sql(self, rel: Relation) -> str:
        """Its number; null where the field has none."""
        if self.value is None:
            return number_of(rel.field(self.field))
        return f"CASE WHEN {text_of(rel.field(self.field)).sql} = {quote(self.value)} THEN 1.0::DOUBLE ELSE 0 END"


def training_columns(
    rel: Relation, names: Sequence[str], target: str, algorithm: str, ctx: Context
) -> tuple[list[Column], str]:
    """The columns to train on, sorted by name, and the SQL predicate of the rows that count.

    Args:
        rel: the rows; materialized, not none.
        names: the fields.
        target: the field to predict.
        algorithm: for the limits of mlspl.conf.
        ctx: the search.

    Raises:
        ModelError: no field or no row is left.
    """
    used = drop_empty(rel, names, ctx)
    whole = " AND ".join(f"{text_of(rel.field(name)).sql} IS NOT NULL" for name in [*used, target])
    if not ctx.engine.scalar(f"SELECT count(*) FROM {rel.name} WHERE {whole}"):
        raise ModelError(f"no event has a value in every field to train on: {', '.join([*used, target])}")
    most = limit("max_distinct_cat_values", algorithm, ctx)
    columns: list[Column] = []
    for name, filled in used.items():
        if filled.numeric:
            columns.append(Column(name))
            continue
        values = distinct(rel, name, whole, most + 1, ctx)
        if len(values) > most:
            ctx.warn(f"field `{name}` has more than {most} distinct texts: it does not count in the model")
            continue
        columns += [Column(name, value) for value in values]
    if not columns:
        raise ModelError("no field is left to train on: all hold too many distinct texts")
    return sorted(columns, key=lambda c: c.name), whole


def distinct(rel: Relation, name: str, where: str, count: int, ctx: Context) -> list[str]:
    """The texts of a field, sorted; the first ``count`` of them."""
    text = text_of(rel.field(name)).sql
    rows = ctx.engine.execute(f"SELECT DISTINCT {text} FROM {rel.name} WHERE {where} ORDER BY 1 LIMIT {count}")
    return [str(row[0]) for row in rows]


def matrix(rel: Relation, columns: Sequence[Column], target: str, where: str, ctx: Context) -> tuple[Any, list[Any]]:
    """The numbers of the rows that count, and the values of the SQL expression ``target`` beside them.

    Returns:
        an array of shape (rows, columns), and a list of one value for each row.
    """
    import numpy as np

    listed = ", ".join([*(column.sql(rel) for column in columns), target])
    rows = ctx.engine.execute(f"SELECT {listed} FROM {rel.name} WHERE {where} ORDER BY {ORDER}")
    numbers = np.array([row[:-1] for row in rows], dtype=float)
    return numbers, [row[-1] for row in rows]


class Applied(Struct, frozen=True):
    """What a trained model sees of rows.

    Attributes:
        values: SQL of the list of numbers (DOUBLE[]), in the order of the model's columns.
        valid: SQL predicate of the rows that get a prediction.
    """

    values: str
    valid: str


def applied_columns(rel: Relation, features: Sequence[str], columns: Sequence[str], ctx: Context) -> Applied:
    """The columns of a model over other rows.

    A value that training did not see is none of its columns. Text where the model has a number gives no prediction.

    Args:
        rel: the rows; materialized.
        features: the fields that the model was trained on.
        columns: the names of its columns.
        ctx: the search.

    Raises:
        ModelError: no field has a value, or a column belongs to no field.
    """
    found = [_column(name, features) for name in columns]
    filled = drop_empty(rel, features, ctx) if ctx.engine.count(rel) else {}
    numbers = {c.field for c in found if c.value is None}
    unreadable = [name for name in filled if name in numbers and not filled[name].numeric]
    if unreadable:
        ctx.warn(f"rows with text in a field that the model knows as a number get no prediction: {unreadable[0]}")
    valid = [f"{number_of(rel.field(f)) if f in numbers else text_of(rel.field(f)).sql} IS NOT NULL" for f in filled]
    values = ", ".join(f"coalesce({c.sql(rel)}, 0)" if c.field in filled else "0.0::DOUBLE" for c in found)
    return Applied(f"[{values}]", " AND ".join(valid) or "true")


def _column(name: str, features: Sequence[str]) -> Column:
    if name in features:
        return Column(name)
    fields = [f for f in features if name.startswith(f"{f}=")]
    if not fields:
        raise ModelError(f"its column `{name}` belongs to none of its fields")
    field = max(fields, key=len)
    return Column(field, name[len(field) + 1 :])


def weighted(applied: Applied, weights: Sequence[float], constant: float) -> str:
    """SQL of the sum of the columns, each times its weight, and a constant."""
    listed = ", ".join(real(w) for w in weights)
    return f"(list_inner_product({applied.values}, [{listed}]) + {real(constant)})"
