"""Eval expressions, parsed: each line is what a user writes and its meaning with all parentheses.

Source: Search Reference, "eval", "Operators"; Search Manual, "Boolean expressions with logical operators".
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.errors import SearchError
from replay.spl.evals import Binary, Call, EvalExpr, Field, Number, String, Unary, fields_of, parse_eval, parse_whole
from replay.spl.scanner import Scanner


def parse(text: str) -> EvalExpr:
    return parse_whole(Scanner(text), "eval")


def shown(expr: EvalExpr) -> str:
    match expr:
        case Number(text):
            return text
        case String(value):
            return f'"{value}"'
        case Field(name):
            return name if name.isidentifier() else f"'{name}'"
        case Call(name, args):
            return f"{name}({', '.join(map(shown, args))})"
        case Unary(op, operand):
            return f"({op} {shown(operand)})"
        case Binary(op, left, right):
            return f"({shown(left)} {op} {shown(right)})"
    raise AssertionError(expr)


MEANINGS = [
    # precedence, tightest first: unary minus, * / %, + - ., comparison, NOT, AND, OR, XOR
    ("a+b*c", "(a + (b * c))"),
    ("a*b+c", "((a * b) + c)"),
    ("-a*b", "((- a) * b)"),
    ("a-b-c", "((a - b) - c)"),
    ("a/b/c%d", "(((a / b) / c) % d)"),
    ("a.b+c", "((a . b) + c)"),
    ("(a+b)*c", "((a + b) * c)"),
    ("a+b=c*d", "((a + b) = (c * d))"),
    ("NOT a=b", "(NOT (a = b))"),
    ("NOT a=b AND c=d", "((NOT (a = b)) AND (c = d))"),
    ("a=1 AND b=2 OR c=3", "(((a = 1) AND (b = 2)) OR (c = 3))"),
    ("a=1 OR b=2 AND c=3", "((a = 1) OR ((b = 2) AND (c = 3)))"),
    ("a=1 XOR b=2 OR c=3", "((a = 1) XOR ((b = 2) OR (c = 3)))"),
    ("a=1 and b=2 or not c=3", "(((a = 1) AND (b = 2)) OR (NOT (c = 3)))"),
    ("!isnull(x) AND y=1", "((NOT isnull(x)) AND (y = 1))"),
    ("NOT (a=1) AND b=2", "((NOT (a = 1)) AND (b = 2))"),
    ("not(a=1)", "(NOT (a = 1))"),
    ("NOT x IN (1,2)", "(NOT in(x, 1, 2))"),
    # operators
    ("a==b", "(a = b)"),
    ("a!=b", "(a != b)"),
    ("a>=b", "(a >= b)"),
    ('a LIKE "x%"', '(a LIKE "x%")'),
    ('a like "x%"', '(a LIKE "x%")'),
    ('x IN ("a","b")', 'in(x, "a", "b")'),
    ('x in("a")', 'in(x, "a")'),
    ("a=-1", "(a = (- 1))"),
    ("2--3", "(2 - (- 3))"),
    ("a<-1", "(a < (- 1))"),
    ("a*-1", "(a * (- 1))"),
    # values
    ("1 . 2", "(1 . 2)"),
    ('a." ".b', '((a . " ") . b)'),
    (".5+1e3+1.5E-3", "((.5 + 1e3) + 1.5E-3)"),
    (r'"\"q\\ \d"', r'""q\ \d"'),
    ("'Processes.dest'=\"x\"", "('Processes.dest' = \"x\")"),
    ("'a b'.\"c d\"", "('a b' . \"c d\")"),
    ("tags{}", "'tags{}'"),
    ("true", "true"),
    ("nothing", "nothing"),
    # functions, in any case
    ('if(a>1,"b",c)', 'if((a > 1), "b", c)'),
    ('CASE(a=1,"x",true(),"y")', 'case((a = 1), "x", true(), "y")'),
    ('like(a,"x%")', 'like(a, "x%")'),
    ("null()", "null()"),
    ("a\n =\t1", "(a = 1)"),
]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_meaning(text: str, meaning: str) -> None:
    assert shown(parse(text)) == meaning


ERRORS = [
    ("", 1, "needs a value"),
    ("a=", 3, "needs a value"),
    ("a AND", 6, "needs a value"),
    ("=a", 1, "needs a value"),
    ("4624_count", 1, "needs a value"),
    ("a b", 3, "`eval` does not understand"),
    ("a^b", 2, "`eval` does not understand"),
    ("a NOT IN (1)", 3, "`eval` does not understand"),
    ("(a", 1, "`(` is never closed"),
    ("f(a", 2, "`(` is never closed"),
    ("f(a,)", 5, "argument is missing"),
    ("f(,a)", 3, "needs a value"),
    ("f(a b)", 5, "between the arguments"),
    ('1+"x', 3, "never closed"),
    ("1+'x", 3, "never closed"),
    ("a IN 1", 6, "expected `(`"),
    ("(a) b", 5, "`eval` does not understand"),
    ("(a b)", 4, "does not understand"),
]


@pytest.mark.parametrize(("text", "column", "says"), ERRORS)
def test_an_error_names_its_column(text: str, column: int, says: str) -> None:
    with pytest.raises(SearchError) as caught:
        parse(text)
    assert says in caught.value.message
    assert caught.value.place.column == column


def test_an_expression_ends_where_it_cannot_go_on() -> None:
    s = Scanner("a+1, b=2")
    assert shown(parse_eval(s)) == "(a + 1)"
    assert s.rest() == ", b=2"


def test_fields_read() -> None:
    assert fields_of(parse("if(a > 'b.c', upper(d), \"e\") . -f")) == {"a", "b.c", "d", "f"}


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


TEXTS = st.text(max_size=6)
# Within brackets, a quote or a lone bracket in a field name would be taken for the end of something.
NAMES = st.text(alphabet=st.characters(exclude_characters="'\"()\\", exclude_categories=["Cs"]), min_size=1, max_size=6)
LEAVES = (
    st.builds(lambda n: Number(str(n)), st.integers(0, 999) | st.decimals(0, 9, places=2))
    | st.builds(String, TEXTS)
    | st.builds(Field, NAMES)
)
OPERATORS = ["+", "-", ".", "*", "/", "%", "=", "!=", "<", "<=", ">", ">=", "AND", "OR", "XOR", "LIKE"]
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(Binary, st.sampled_from(OPERATORS), inner, inner)
        | st.builds(Unary, st.sampled_from(["-", "NOT"]), inner)
        | st.builds(lambda args: Call("coalesce", tuple(args)), st.lists(inner, max_size=3))
    ),
    max_leaves=8,
)


def written(expr: EvalExpr) -> str:
    match expr:
        case Number(text):
            return text
        case String(value):
            return quoted(value)
        case Field(name):
            return f"'{name}'"
        case Call(name, args):
            return f"{name}({','.join(map(written, args))})"
        case Unary(op, operand):
            return f"({op} {written(operand)})"
        case Binary(op, left, right):
            return f"({written(left)} {op} {written(right)})"
    raise AssertionError(expr)


@given(EXPRESSIONS)
def test_what_is_written_out_is_read_back(expr: EvalExpr) -> None:
    assert shown(parse(written(expr))) == shown(expr)
