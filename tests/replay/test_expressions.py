"""Eval expressions on rows: coercions, null, and multivalues.

The rules stand below once more, in plain Python (``value_of``); Hypothesis invents rows and expressions and compares.
Source: Search Reference, "eval", "Usage" and "Operators", and "where"; spl-semantics, 6.1 and 6.2.
"""

from __future__ import annotations

import math
import operator
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.context import Context
from replay.engine import Engine
from replay.errors import SearchError
from replay.expressions import EvalCompiler
from replay.knowledge import Knowledge
from replay.relation import Kind, Relation, assign_columns
from replay.spl.evals import Binary, Call, EvalExpr, Field, Number, String, Unary, parse_whole
from replay.spl.scanner import Scanner
from support import Row, RowStore, run_spl, same_row, write_app

ENGINE = Engine()
CTX = Context(ENGINE, Knowledge.load([]), RowStore(ENGINE, []), "app")
KINDS = {"t": Kind.STR, "u": Kind.STR, "n": Kind.NUM, "m": Kind.NUM}

Scalar = str | float | bool | None


def values(expr: EvalExpr, rel: Relation) -> list[Scalar]:
    """What the expression gives on each row."""
    sql = EvalCompiler(rel, CTX).compile(expr).sql
    return [v for (v,) in ENGINE.execute(f"SELECT {sql} FROM ({rel.sql()}) ORDER BY __n")]


def parse(text: str) -> EvalExpr:
    return parse_whole(Scanner(text), "eval")


# --- the rules, row by row --------------------------------------------------------------------------------------------

ARITHMETIC = {"-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": math.fmod}
COMPARE = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def number_in(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text, re.ASCII) else None


def as_number(expr: EvalExpr, row: Row) -> float | None:
    """A number, or a field whose text is one; a quoted literal never is."""
    value = value_of(expr, row)
    if isinstance(expr, String) or value is None or isinstance(value, bool):
        return None
    return number_in(value) if isinstance(value, str) else value


def value_of(expr: EvalExpr, row: Row) -> Scalar:
    match expr:
        case Number(text):
            return float(text)
        case String(value):
            return value
        case Field(name):
            found: Scalar = row.get(name)
            return found
        case Unary("-", operand):
            number = as_number(operand, row)
            return None if number is None else -number
        case Unary("NOT", operand):
            truth = value_of(operand, row)
            return None if truth is None else not truth
        case Binary("AND" | "OR" | "XOR" as op, left, right):
            return three_valued(op, value_of(left, row), value_of(right, row))
        case Binary(op, left, right) if op in COMPARE:
            return compared(op, left, right, row)
        case Binary(op, left, right):
            return calculated(op, as_number(left, row), as_number(right, row))
    raise AssertionError(expr)


def three_valued(op: str, a: Scalar, b: Scalar) -> bool | None:
    decisive = {"AND": False, "OR": True}.get(op)
    if decisive is not None and (a is decisive or b is decisive):
        return decisive
    if a is None or b is None:
        return None
    return a is not b if op == "XOR" else not decisive


def calculated(op: str, a: float | None, b: float | None) -> float | None:
    if a is None or b is None or (op in "/%" and b == 0):
        return None
    return a + b if op == "+" else float(ARITHMETIC[op](a, b))


def compared(op: str, left: EvalExpr, right: EvalExpr, row: Row) -> bool | None:
    """As numbers where both are (a literal in quotes is none), else as text, byte by byte."""
    a, b = value_of(left, row), value_of(right, row)
    if a is None or b is None:
        return None
    x, y = as_number(left, row), as_number(right, row)
    if x is not None and y is not None:
        return bool(COMPARE[op](x, y))
    return bool(COMPARE[op](printed(a).encode(), printed(b).encode()))


def printed(value: Scalar) -> str:
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(value)
    return str(value)


NUMBERS = st.sampled_from(["0", "1", "2", "2.5", "10", ".5", "404"])
TEXTS = st.sampled_from(["", "a", "A", "ab", "1", "1.0", "10", "-2.5", "404", "1e1", " 1", "é", "1a"])
ROW = st.fixed_dictionaries(
    {},
    optional={
        "t": TEXTS, "u": TEXTS, "n": st.sampled_from([0.0, 1.0, -2.5, 10.0]), "m": st.sampled_from([1.0, 404.0, 0.25]),
    },
)  # fmt: skip
FIELD = st.sampled_from([*KINDS, "absent"]).map(Field)
ADDENDS = st.builds(Number, NUMBERS) | st.sampled_from(["n", "m"]).map(Field)  # `+` of texts is another matter
NUMERIC = st.recursive(
    ADDENDS | FIELD,
    lambda inner: (
        st.builds(Binary, st.sampled_from(list(ARITHMETIC)), inner, inner)
        | st.builds(lambda a, b: Binary("+", Unary("-", a), b), inner, inner)
        | st.builds(lambda a: Unary("-", a), inner)
    ),
    max_leaves=5,
)
COMPARISON = st.builds(
    Binary, st.sampled_from(list(COMPARE)), NUMERIC | st.builds(String, TEXTS), NUMERIC | st.builds(String, TEXTS)
)
BOOLEAN = st.recursive(
    COMPARISON,
    lambda inner: (
        st.builds(Binary, st.sampled_from(["AND", "OR", "XOR"]), inner, inner)
        | st.builds(lambda a: Unary("NOT", a), inner)
    ),
    max_leaves=4,
)


def same(got: Scalar, expected: Scalar) -> bool:
    if isinstance(got, float) and isinstance(expected, float):
        return math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-12)
    return (number_in(got) if isinstance(got, str) and isinstance(expected, float) else got) == expected


@given(st.lists(ROW, min_size=1, max_size=5), NUMERIC)
def test_arithmetic_is_what_the_rules_say(rows: list[Row], expr: EvalExpr) -> None:
    got = values(expr, ENGINE.load_rows(rows, assign_columns(KINDS)))
    expected = [value_of(expr, row) for row in rows]
    assert all(map(same, got, expected)), (got, expected)


@given(st.lists(ROW, min_size=1, max_size=5), BOOLEAN)
def test_comparisons_and_booleans_are_what_the_rules_say(rows: list[Row], expr: EvalExpr) -> None:
    got = values(expr, ENGINE.load_rows(rows, assign_columns(KINDS)))
    assert got == [value_of(expr, row) for row in rows]


# --- single cases -----------------------------------------------------------------------------------------------------

ROW_OF = {"one": "1", "nine": "9", "text": "abc", "num": "1.50", "empty": "", "mv": ["1", "b", "20"], "single": ["x"]}

# expression, and what a field then holds (None: it is removed); numbers and their text are the same to a reader
VALUES: list[tuple[str, object]] = [
    ("nine + 5.0", 14),
    ('"1" + "2"', "12"),
    ('text + "d"', "abcd"),
    ("one + nine", 10),
    ("text + nine", "abc9"),
    ("one . nine", "19"),
    ("1 . 2", "12"),
    ('6/2 . ""', "3"),
    ('"a" . absent', None),
    ("text * 2", None),
    ("text - 1", None),
    ("absent + 1", None),
    ("one / 0", None),
    ("one % 0", None),
    ("-7 % 3", -1),
    ("7/2", 3.5),
    ("6/2", 3),
    ('"6" * 2', None),
    ("-nine", -9),
    ("-text", None),
    ("+num", 1.5),
    ("num", "1.50"),
    ("0.1 + 0.2", 0.3),
    ("2 * 3 + 4", 10),
    ("2 + 3 * 4", 14),
    ("mv + 1", None),
    ('single . "y"', "xy"),
    ("mv", ["1", "b", "20"]),
    ('empty . "x"', "x"),
    ("1e3", 1000),
    (".5", 0.5),
    ("true", None),
    ('if(true(), "yes", "no")', "yes"),
    ("absent", None),
    ("null()", None),
]


@pytest.mark.parametrize(("expression", "result"), VALUES)
def test_value(expression: str, result: object, tmp_path: Path) -> None:
    app = write_app(tmp_path / "app", {})
    setup = "| makeresults | eval " + ", ".join(
        f'{k}=split("{",".join(v)}", ",")' if isinstance(v, list) else f'{k}="{v}"' for k, v in ROW_OF.items()
    )
    rows, _ = run_spl(f"{setup} | eval r={expression} | fields r | fields - _time", app)
    expected = {} if result is None else {"r": result}
    assert same_row(rows[0], expected), rows


PREDICATES: list[tuple[str, bool]] = [
    # numbers and text
    ("one = 1", True),
    ("one = 1.0", True),
    ("num = 1.5", True),
    ('num = "1.5"', False),
    ('num = "1.50"', True),
    ("nine < 10", True),
    ('nine < "10"', False),
    ("text > 5", True),
    ('text = "ABC"', False),
    ('text = "a*"', False),
    ('"abc" = text', True),
    ("one < nine", True),
    # missing
    ("absent = 1", False),
    ("absent != 1", False),
    ("NOT absent = 1", False),
    ("absent = 1 OR one = 1", True),
    ("absent = 1 AND one = 2", False),
    ("NOT (absent = 1 AND one = 2)", True),
    ("isnull(absent) AND NOT isnull(empty)", True),
    ('empty = ""', True),
    # multivalues: any value
    ('mv = "b"', True),
    ('mv = "c"', False),
    ('mv != "b"', True),
    ('NOT mv = "b"', False),
    ("mv > 10", True),
    ("20 = mv", True),
    ("5 > mv", True),
    ('single != "x"', False),
    # IN
    ("one IN (1, 2)", True),
    ('text IN ("x", "abc")', True),
    ('text IN ("a*")', False),
    ("absent IN (1)", False),
    ("NOT one IN (2, 3)", True),
    # Boolean operators
    ("one = 1 XOR nine = 9", False),
    ("one = 1 XOR nine = 8", True),
    ('one = 2 AND nine = 9 OR text = "abc"', True),
    ('one = 2 AND (nine = 9 OR text = "abc")', False),
    ("!isnull(one)", True),
]


@pytest.mark.parametrize(("predicate", "holds"), PREDICATES)
def test_predicate(predicate: str, holds: bool) -> None:
    kinds = {k: Kind.MV if isinstance(v, list) else Kind.STR for k, v in ROW_OF.items()}
    rel = ENGINE.load_rows([ROW_OF], assign_columns(kinds))  # type: ignore[list-item]
    sql = EvalCompiler(rel, CTX).boolean(parse(predicate)).sql
    assert ENGINE.count(rel.filter(sql)) == int(holds)


ERRORS = [
    ("nosuch(1)", 1, "unknown eval function `nosuch`"),
    ("isnul(x)", 1, "(nearest: isnull"),
    ("1 + (a = b)", 8, "is a Boolean"),
    ("if(a, 1, 2)", 4, "Boolean expression is needed"),
    ("if(a=1, 1)", 1, "takes 3 argument(s), not 2"),
    ("case(a=1)", 1, "pairs"),
    ("NOT a", 5, "Boolean expression is needed"),
    ("a AND b=1", 1, "Boolean expression is needed"),
    ("a=1", 2, "is a Boolean"),
]


@pytest.mark.parametrize(("expression", "column", "says"), ERRORS)
def test_a_wrong_expression_names_its_column(expression: str, column: int, says: str) -> None:
    rel = ENGINE.load_rows([], assign_columns({"a": Kind.STR}))
    with pytest.raises(SearchError) as caught:
        EvalCompiler(rel, CTX).value(parse(expression))
    assert says in caught.value.message
    assert caught.value.place.column == column


def test_a_call_of_any_case_is_the_same_function() -> None:
    assert parse("IF(a=1, 2, 3)") == parse("if(a=1, 2, 3)")
    assert isinstance(parse("IF(a=1, 2, 3)"), Call)
