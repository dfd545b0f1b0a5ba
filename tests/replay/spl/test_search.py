"""The search language, parsed: each line is what a user writes and what it means.

Meaning is written in full: ``&`` and ``|`` with all parentheses, ``~`` for NOT, values in quotes, ``word:"x"`` for free
text. Source: Search Reference, "search"; Search Manual, "Boolean expressions with logical operators".
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.errors import SearchError
from replay.spl.scanner import Scanner
from replay.spl.search import (
    And,
    Compare,
    Not,
    Or,
    SearchExpr,
    Subsearch,
    Text,
    TimeTerm,
    fields_of,
    parse_search,
)


def parse(text: str) -> SearchExpr:
    return parse_search(Scanner(text), lambda s: s.rest())


def shown(expr: SearchExpr) -> str:
    match expr:
        case And(terms):
            return "(" + " & ".join(map(shown, terms)) + ")" if terms else "everything"
        case Or(terms):
            return "(" + " | ".join(map(shown, terms)) + ")"
        case Not(term):
            return "~" + shown(term)
        case Compare(field, op, value, case_sensitive):
            return f'{field}{op}{"CASE" if case_sensitive else ""}"{value}"'
        case Text(value, kind):
            return f'{kind}:"{value}"'
        case TimeTerm(name, value):
            return f"time {name}={value}"
        case Subsearch(body, before=before):
            return f"{before}[{body}]"
    raise AssertionError(expr)


MEANINGS = [
    # nothing, adjacency, precedence
    ("", "everything"),
    ("*", 'word:"*"'),
    ("a=1", 'a="1"'),
    ("a=1 b=2", '(a="1" & b="2")'),
    ("a=1 AND b=2", '(a="1" & b="2")'),
    ("a=1 OR b=2", '(a="1" | b="2")'),
    ("a=1 b=2 OR c=3", '(a="1" & (b="2" | c="3"))'),
    ("a=1 OR b=2 c=3 OR d=4", '((a="1" | b="2") & (c="3" | d="4"))'),
    ("a=1 AND b=2 OR c=3 AND d=4", '(a="1" & (b="2" | c="3") & d="4")'),
    ("(a=1 b=2) OR c=3", '((a="1" & b="2") | c="3")'),
    ("(a=1)(b=2)", '(a="1" & b="2")'),
    ("NOT a=1 b=2", '(~a="1" & b="2")'),
    ("NOT a=1 OR b=2", '(~a="1" | b="2")'),
    ("a=1 NOT b=2 OR c=3", '(a="1" & (~b="2" | c="3"))'),
    ("NOT (a=1 OR b=2)", '~(a="1" | b="2")'),
    ("NOT(a=1)", '~a="1"'),
    ("NOT NOT a=1", '~~a="1"'),
    ('a="1"AND b=2', '(a="1" & b="2")'),
    ('a="1", b="2"', '(a="1" & b="2")'),
    # operators are upper case; as names and values they are ordinary
    ("a and b", '(word:"a" & word:"and" & word:"b")'),
    ("not a", '(word:"not" & word:"a")'),
    ("AND=1", 'AND="1"'),
    ("NOT=1", 'NOT="1"'),
    ('"OR"', 'phrase:"OR"'),
    ('country="IN"', 'country="IN"'),
    # comparisons
    ("a!=1", 'a!="1"'),
    ("a != 1", 'a!="1"'),
    ("a==1", 'a="1"'),
    ("a>=5 b<3 c>1 d<=2", '(a>="5" & b<"3" & c>"1" & d<="2")'),
    ('Processes.process = "*x*"', 'Processes.process="*x*"'),
    ("a= x", 'a="x"'),
    ('"first name"=x', 'first name="x"'),
    ('"a \\"b\\""="x"', 'a "b"="x"'),
    ("name{}.x=*", 'name{}.x="*"'),
    ("tag::host=web", 'tag::host="web"'),
    ("sourcetype::syslog", 'sourcetype="syslog"'),
    ("std::string", 'word:"std::string"'),
    ("host=CASE(LOCALHOST)", 'host=CASE"LOCALHOST"'),
    ("x=TERM(10.0.0.1)", 'x="10.0.0.1"'),
    # lists
    ("a IN (1,2, 3)", '(a="1" | a="2" | a="3")'),
    ('a IN(x,"y z", *w*)', '(a="x" | a="y z" | a="*w*")'),
    ("a IN (x)", 'a="x"'),
    ("NOT a IN (1, 2)", '~(a="1" | a="2")'),
    ("a in (1 2)", '(a="1" | a="2")'),
    ("a=(x OR y) b=1", '((a="x" | a="y") & b="1")'),
    ('a=("x y" OR (z AND w))', '(a="x y" | (a="z" & a="w"))'),
    ("a!=(x OR y)", '(a!="x" | a!="y")'),
    # bare values hold nearly everything
    ("process=*rundll32*javascript*", 'process="*rundll32*javascript*"'),
    ("url=http://x/y?a=b&c=d", 'url="http://x/y?a=b&c=d"'),
    ("a=b!=c", 'a="b!=c"'),
    ("a=b,c", 'a="b,c"'),
    ("a=b, c=d", '(a="b" & c="d")'),
    ("x=*}*", 'x="*}*"'),
    ("user='bob'", "user=\"'bob'\""),
    ("source=WinEventLog:Security", 'source="WinEventLog:Security"'),
    ("x=$token$", 'x="$token$"'),
    ("a=1(b=2)", '(a="1" & b="2")'),
    # backslashes
    (r"process=C:\\Windows\\*", r'process="C:\Windows\*"'),
    (r'process="*\\temp\\*"', r'process="*\temp\*"'),
    (r'process="*\system32\*"', r'process="*\system32\*"'),
    (r"p=*\\\\*", r'p="*\\*"'),
    (r"p=a\d", r'p="a\d"'),
    (r"p=a\"b", 'p="a"b"'),
    (r'p="say \"x\""', 'p="say "x""'),
    (r"p=a\|b", 'p="a|b"'),
    # free text
    ("web error", '(word:"web" & word:"error")'),
    ('"web error"', 'phrase:"web error"'),
    ("-enc it's +x !y", '(word:"-enc" & word:"it\'s" & word:"+x" & word:"!y")'),
    ("TERM(a.b-c) CASE(Foo)", '(TERM:"a.b-c" & CASE:"Foo")'),
    ('TERM("a b")', 'TERM:"a b"'),
    # time
    ("earliest=-1h@h latest=now x=1", '(time earliest=-1h@h & time latest=now & x="1")'),
    ('Earliest = "11/5/2016:20:00:00"', "time earliest=11/5/2016:20:00:00"),
    ("starthoursago=168 endhoursago=1", "(time starthoursago=168 & time endhoursago=1)"),
    # subsearches
    ("a=1 [search b=2 | fields c]", '(a="1" & [search b=2 | fields c])'),
    ("NOT[search x]", "~[search x]"),
    ("NOT [search x [search y]] b=1", '(~[search x [search y]] & b="1")'),
    ("a=[search x | return $y]", '"a"=[search x | return $y]'),
    ("earliest=[search x | return $y]", '"earliest"=[search x | return $y]'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_meaning(text: str, meaning: str) -> None:
    assert shown(parse(text)) == meaning


ERRORS = [
    ("AND a", 1, "AND needs a term before it"),
    ("a=1 OR", 7, "OR needs a term after it"),
    ("a=1 AND", 8, "AND needs a term after it"),
    ("(a=1 OR ) b", 9, "OR needs a term after it"),
    ("(OR a=1)", 2, "OR needs a term before it"),
    ("a=1 AND OR b=1", 9, "OR needs a term before it"),
    ("NOT", 4, "NOT needs a term after it"),
    ("a=1 XOR b=2", 5, "XOR is not supported"),
    ("a IN b", 3, "IN takes a list in parentheses"),
    ("a IN ()", 7, "lists no value"),
    ("a=()", 3, "lists no value"),
    ("a=1 b=", 7, "`b=` needs a value"),
    ("a=1 (b=2", 5, "`(` is never closed"),
    ("a=1 b=2)", 8, "does not continue"),
    ("a=1 [search x", 5, "`[` is never closed"),
    ('a=1 b="x', 7, "never closed"),
    ("= 1", 1, "a search term was expected"),
    ("a=1 ]", 5, "a search term was expected"),
]


@pytest.mark.parametrize(("text", "column", "says"), ERRORS)
def test_an_error_names_its_column(text: str, column: int, says: str) -> None:
    with pytest.raises(SearchError) as caught:
        parse(text)
    assert says in caught.value.message
    assert caught.value.place.column == column


def test_fields_read() -> None:
    assert fields_of(parse("a=1 NOT (b>2 OR c IN (x)) word earliest=-1d")) == {"a", "b", "c", "_raw", "_time"}
    assert fields_of(parse("*")) == set()


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(st.text(min_size=1), st.text())
def test_any_field_and_value_can_be_written_in_quotes(field: str, value: str) -> None:
    expr = parse(f"{quoted('f' + field)}={quoted(value)} after=1")
    assert expr == And((Compare("f" + field, "=", value, column=1), parse_after(expr)))


def parse_after(expr: SearchExpr) -> SearchExpr:
    assert isinstance(expr, And)
    last = expr.terms[1]
    assert isinstance(last, Compare) and (last.field, last.value) == ("after", "1")
    return last


NAMES = st.sampled_from(["a", "b.c", "d{}.e", "first name", "NOT", "_time2"])
VALUES = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)
TERMS = st.builds(Compare, NAMES, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), VALUES) | st.builds(
    lambda v: Text(v, "phrase"), VALUES
)
EXPRESSIONS = st.recursive(
    TERMS,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(lambda ts: And(tuple(ts)), st.lists(inner, min_size=2, max_size=3))
        | st.builds(lambda ts: Or(tuple(ts)), st.lists(inner, min_size=2, max_size=3))
    ),
    max_leaves=8,
)


def written(expr: SearchExpr) -> str:
    match expr:
        case And(terms):
            return "(" + " ".join(map(written, terms)) + ")"
        case Or(terms):
            return "(" + " OR ".join(map(written, terms)) + ")"
        case Not(term):
            return f"NOT {written(term)}"
        case Compare(field, op, value):
            return f"{quoted(field)}{op}{quoted(value)}"
        case Text(value):
            return quoted(value)
    raise AssertionError(expr)


@given(EXPRESSIONS)
def test_what_is_written_out_is_read_back(expr: SearchExpr) -> None:
    assert shown(parse(written(expr))) == shown(expr)
