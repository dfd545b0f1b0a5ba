"""Relations: ordered rows as SQL, with field names that only their case may tell apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay.engine import Engine, EngineError, Value
from replay.relation import (
    NULL,
    Expr,
    Kind,
    Relation,
    as_list,
    as_number,
    as_text,
    assign_columns,
    common_kind,
    number,
    quote,
    string,
    union,
)

ENGINE = Engine()
Rows = list[dict[str, Value]]


def load(rows: Rows, **kinds: Kind) -> Relation:
    return ENGINE.load_rows(rows, assign_columns(kinds))


def rows(rel: Relation) -> Rows:
    return list(ENGINE.rows(rel))


def test_fields_keep_names_that_differ_by_case() -> None:
    rel = load([{"User": "N", "user": "n"}], User=Kind.STR, user=Kind.STR).extend({"USER": string("!")})
    assert rows(rel) == [{"User": "N", "user": "n", "USER": "!"}]
    assert rows(rel.keep(["USER", "user"])) == [{"USER": "!", "user": "n"}]


NAME = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)


@given(
    st.dictionaries(
        NAME, st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4), min_size=1, max_size=5
    )
)
def test_any_name_and_any_text_can_be_held(row: dict[str, Value]) -> None:
    rel = load([row], **dict.fromkeys(row, Kind.STR)).filter("true").extend({"new": string("x")})
    assert rows(rel) == [{**row, "new": "x"}]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_a_quoted_text_is_that_text(text: str) -> None:
    assert ENGINE.scalar(f"SELECT {quote(text)}") == text


def test_a_field_that_does_not_exist_is_null() -> None:
    rel = load([{"a": "1"}], a=Kind.STR)
    assert rel.field("b") is NULL
    assert rows(rel.keep(["b", "a"])) == [{"a": "1"}]
    assert list(rel.keep(["b", "a"]).columns) == ["b", "a"]


def test_a_replaced_field_keeps_its_place_and_a_new_one_comes_last() -> None:
    rel = load([{"a": "1", "b": "2"}], a=Kind.STR, b=Kind.STR)
    assert list(rel.extend({"c": number(1), "a": number(2)}).columns) == ["a", "b", "c"]


def test_order_survives_filters_and_is_renewed_on_request() -> None:
    rel = load([{"a": a} for a in "cab"], a=Kind.STR)
    assert [r["a"] for r in rows(rel.filter(f"{rel.field('a').sql} <> 'a'"))] == ["c", "b"]
    assert [r["a"] for r in rows(rel.renumber(rel.field("a").sql))] == ["a", "b", "c"]


def test_a_union_keeps_order_and_fills_up_with_missing_fields() -> None:
    one = load([{"a": "1", "m": ["x", "y"]}], a=Kind.STR, m=Kind.MV)
    two = load([{"b": 2.0, "m": "z"}, {"b": 3.0}], b=Kind.NUM, m=Kind.STR)
    assert rows(union([one, two])) == [{"a": "1", "m": ["x", "y"]}, {"m": ["z"], "b": 2.0}, {"b": 3.0}]


FIELDS = st.sampled_from(["a", "A", "b", "c"])
STEP = st.one_of(
    st.tuples(st.just("eval"), FIELDS, FIELDS, FIELDS),
    st.tuples(st.just("copy"), FIELDS, FIELDS),
    st.tuples(st.just("keep"), st.lists(FIELDS, min_size=1, unique=True)),
    st.tuples(st.just("swap"), FIELDS, FIELDS),
    st.tuples(st.just("filter"), FIELDS),
)


def stepped(rel: Relation, step: tuple[Any, ...]) -> Relation:
    match step:
        case "eval", target, one, other:
            return rel.extend({target: Expr(f"{rel.field(one).sql} || {rel.field(other).sql} || '+'", Kind.STR)})
        case "copy", target, source:
            return rel.extend({target: rel.field(source)})
        case "swap", one, other:
            names = {one: other, other: one}
            return rel.project({names.get(name, name): rel.field(name) for name in rel.columns})
        case "filter", name:
            return rel.filter(f"{rel.field(name).sql} IS NOT NULL")
        case _:
            return rel.keep(step[1])


def stepped_row(row: dict[str, str | None], step: tuple[Any, ...]) -> dict[str, str | None] | None:
    match step:
        case "eval", target, one, other:
            both = row.get(one), row.get(other)
            return {**row, target: None if None in both else f"{both[0]}{both[1]}+"}
        case "copy", target, source:
            return {**row, target: row.get(source)}
        case "swap", one, other:
            names = {one: other, other: one}
            return {names.get(name, name): value for name, value in row.items()}
        case "filter", name:
            return row if row.get(name) is not None else None
        case _:
            return {name: row.get(name) for name in step[1]}


@settings(deadline=None)
@given(st.lists(STEP, max_size=8))
def test_steps_that_are_taken_together_give_what_they_give_one_by_one(steps: list[tuple[Any, ...]]) -> None:
    before: list[dict[str, str | None]] = [{"a": "1", "A": "2", "b": "3"}, {"a": "4", "A": None, "b": "5"}]
    rel = load([{n: v for n, v in row.items() if v is not None} for row in before], a=Kind.STR, A=Kind.STR, b=Kind.STR)
    after = before
    for step in steps:
        rel = stepped(rel, step)
        after = [row for row in (stepped_row(row, step) for row in after) if row is not None]
    assert rows(rel) == [{name: value for name, value in row.items() if value is not None} for row in after]


def test_a_step_that_makes_rows_makes_them_even_if_its_field_is_dropped() -> None:
    rel = load([{"a": "1"}], a=Kind.STR).extend({"b": Expr("unnest(['x', 'y'])", Kind.STR)})
    assert rows(rel.keep(["a"])) == [{"a": "1"}, {"a": "1"}]


CONVERSIONS: list[tuple[Callable[[Expr], Expr], Expr, Value]] = [
    (as_text, number(3.0), "3"),
    (as_text, number(2.5), "2.5"),
    (as_text, number(-0.0), "0"),
    (as_text, number(1e15), "1000000000000000"),
    (as_text, Expr("true", Kind.BOOL), "True"),
    (as_text, Expr("['a']", Kind.MV), "a"),
    (as_text, Expr("['a', 'b']", Kind.MV), None),
    (as_number, Expr("'12'", Kind.STR), 12.0),
    (as_number, Expr("'-1.5e3'", Kind.STR), -1500.0),
    (as_number, Expr("' 1'", Kind.STR), None),
    (as_number, Expr("'1x'", Kind.STR), None),
    (as_number, Expr("'nan'", Kind.STR), None),
    (as_number, Expr("'inf'", Kind.STR), None),
    (as_number, Expr("''", Kind.STR), None),
    (as_number, string("12"), None),
    (as_list, Expr("'a'", Kind.STR), ["a"]),
    (as_list, NULL, None),
]


@pytest.mark.parametrize(("convert", "e", "expected"), CONVERSIONS)
def test_conversions(convert: Callable[[Expr], Expr], e: Expr, expected: Value) -> None:
    assert ENGINE.scalar(f"SELECT {convert(e).sql}") == expected


@pytest.mark.parametrize(
    ("kinds", "common"),
    [
        ([Kind.NUM, Kind.NUM], Kind.NUM),
        ([Kind.NUM, Kind.STR], Kind.STR),
        ([Kind.NUM, Kind.MV], Kind.MV),
        ([], Kind.STR),
    ],
)
def test_the_kind_that_holds_all(kinds: list[Kind], common: Kind) -> None:
    assert common_kind(kinds) is common


def test_a_fault_in_sql_is_an_error_of_ours() -> None:
    with pytest.raises(EngineError, match="the database refused"):
        ENGINE.execute("SELECT nonsense")


def test_rows_can_be_read_while_other_queries_run() -> None:
    rel = load([{"a": str(i)} for i in range(3)], a=Kind.STR)
    assert [(row["a"], ENGINE.count(rel)) for row in ENGINE.rows(rel)] == [("0", 3), ("1", 3), ("2", 3)]
