"""Macros are text: found by name and number of arguments, replaced before anything is parsed, never inside quotes.

Source: macros.conf.spec; limits.conf.spec, max_macro_depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.context import Context
from replay.engine import Engine
from replay.errors import KnowledgeError, Place, ReplayError, SearchError
from replay.evaluate import evaluate_constant
from replay.knowledge import Knowledge
from replay.spl.macros import MAX_DEPTH, expand, strip_comments, substitute
from support import RowStore

PLACE = Place(file="macros.conf", stanza="m")


@dataclass
class Macro:
    definition: str
    args: tuple[str, ...] = ()
    iseval: bool = False
    validation: str | None = None
    errormsg: str | None = None
    place: Place = PLACE


MACROS = {
    ("plain", 0): Macro("index=main"),
    ("overload", 0): Macro("none"),
    ("overload", 1): Macro("one($a$)", ("a",)),
    ("overload", 2): Macro("two($a$,$b$)", ("a", "b")),
    ("quoted", 1): Macro('x="$a$" y=$a$', ("a",)),
    ("outer", 1): Macro("[ search `overload($a$)` ]", ("a",)),
    ("tail", 0): Macro("| stats count"),
    ("commented", 0): Macro("a ```why``` b"),
    ("upper", 1): Macro('upper("$a$")', ("a",), iseval=True),
    ("number", 0): Macro("1+1", iseval=True),
    ("truth", 0): Macro("1=1", iseval=True),
    ("positive", 1): Macro("n>$n$", ("n",), validation="$n$ > 0", errormsg="n must be positive"),
    ("textual", 1): Macro("ok", ("n",), validation='case($n$ < 0, "too small")'),
    ("doubtful", 1): Macro("ok", ("n",), validation="$n$ > 0", errormsg="n is no number"),
    ("dash", 1): Macro("$my-arg_1$", ("my-arg_1",)),
    ("endless", 0): Macro("a `endless`"),
    ("swap", 2): Macro("$a$ $b$", ("a", "b")),
}


def lookup(name: str, arity: int) -> Macro:
    if (name, arity) not in MACROS:
        raise KnowledgeError(f"macro `{name}` with {arity} arguments is not defined")
    return MACROS[name, arity]


@pytest.fixture(scope="module")
def ctx() -> Context:
    engine = Engine()
    return Context(engine, Knowledge.load([]), RowStore(engine, []), "app")


def expanded(text: str, ctx: Context) -> str:
    return expand(text, lookup, lambda expression: evaluate_constant(expression, ctx))


EXPANSIONS = [
    ("`plain` x", "index=main x"),
    ("`plain()`", "index=main"),
    ("a`plain`b", "aindex=mainb"),
    ("`overload`", "none"),
    ("`overload(x)`", "one(x)"),
    ("`overload(x, y)`", "two(x,y)"),
    ('`overload("x, y")`', "one(x, y)"),
    ('`overload("x, y", z)`', "two(x, y,z)"),
    ("`overload(f(x, y))`", "one(f(x, y))"),
    ("`overload(b=1, a=2)`", "two(2,1)"),
    ("`overload(a=1)`", "one(1)"),
    ("`overload(c=1)`", "one(c=1)"),
    ("`overload(a==1)`", "one(a==1)"),
    ('`quoted("Web Server")`', 'x="Web Server" y=Web Server'),
    ('`quoted(Bare)` `quoted("Bare")`', 'x="Bare" y=Bare x="Bare" y=Bare'),
    ("`outer(x)`", "[ search one(x) ]"),
    ("index=a [ search `plain` ]", "index=a [ search index=main ]"),
    ("index=a `tail`", "index=a | stats count"),
    ('x="`plain`" y', 'x="`plain`" y'),
    (r'x="\"`plain`\"" `plain`', r'x="\"`plain`\"" index=main'),
    (r"x=\` y", r"x=\` y"),
    ("`commented`", "a           b"),
    ("`upper(abc)`", "ABC"),
    ("`number`", "2"),
    ("`positive(3)`", "n>3"),
    ("`textual(3)`", "ok"),
    ("`dash(v)`", "v"),
    ("`swap($b$, x)`", "$b$ x"),
    ("no macro here", "no macro here"),
]


@pytest.mark.parametrize(("text", "result"), EXPANSIONS)
def test_expansion(text: str, result: str, ctx: Context) -> None:
    assert expanded(text, ctx) == result


FAILURES = [
    ("x `plain", SearchError, "never closed"),
    ("x `nosuch`", KnowledgeError, "`nosuch` with 0 arguments is not defined"),
    ("`plain(1)`", KnowledgeError, "`plain` with 1 arguments"),
    ("x `` y", SearchError, "without a name"),
    ("`plain` `(a)`", SearchError, "without a name"),
    ("`plain extra`", SearchError, "macro plain"),
    ("`overload(a=1, a=2)`", SearchError, "its argument `a` twice"),
    ("`overload(x, a=2)`", SearchError, "its argument `a` twice"),
    ("`endless`", SearchError, f"deeper than {MAX_DEPTH}"),
    ("`positive(0)`", SearchError, "n must be positive"),
    ("`textual(-1)`", SearchError, "too small"),
    ("`doubtful(x)`", SearchError, "n is no number"),
    ("`truth`", SearchError, "gives no string"),
    ("a ```never closed", SearchError, "comment"),
]


@pytest.mark.parametrize(("text", "error", "says"), FAILURES)
def test_a_wrong_call_is_refused(text: str, error: type[ReplayError], says: str, ctx: Context) -> None:
    with pytest.raises(error) as caught:
        expanded(text, ctx)
    assert says in caught.value.message


def test_the_error_of_a_nested_call_names_the_macro_that_holds_it(ctx: Context) -> None:
    with pytest.raises(SearchError) as caught:
        expand(
            "`top`",
            lambda name, arity: Macro("x `broken") if name == "top" else lookup(name, arity),
            lambda expression: evaluate_constant(expression, ctx),
        )
    assert (caught.value.place.stanza, caught.value.place.column) == ("m", 3)


@pytest.mark.parametrize("depth", [1, MAX_DEPTH])
def test_macros_may_nest_a_hundred_deep(depth: int) -> None:
    def chain(name: str, arity: int) -> Macro:
        n = int(name[1:])
        return Macro("end" if n == depth else f"`m{n + 1}`")

    assert expand("`m1`", chain, lambda expression: None) == "end"


def test_a_hundred_and_one_is_too_deep() -> None:
    with pytest.raises(SearchError, match="nest deeper than 100"):
        expand("`m1`", lambda name, arity: Macro(f"`m{int(name[1:]) + 1}`"), lambda expression: None)


def test_arguments_are_put_in_once() -> None:
    assert substitute("$a$ $b$ $c$ $", {"a": "$b$", "b": "2"}) == "$b$ 2 $c$ $"


@given(st.text(alphabet="ab$ "))
def test_without_arguments_nothing_is_put_in(text: str) -> None:
    assert substitute(text, {}) == text


COMMENTS = [
    ("a ```b``` c", "a         c"),
    ("a ```b\nc``` d", "a     \n     d"),
    ('x="```no```" y', 'x="```no```" y'),
    ('a ``` "quote ``` b', "a                b"),
    ("a", "a"),
]


@pytest.mark.parametrize(("text", "result"), COMMENTS)
def test_comments_become_blanks_of_the_same_length(text: str, result: str) -> None:
    assert strip_comments(text) == result
    assert len(result) == len(text)


@given(st.text(alphabet='ab`"\\\n |'))
def test_columns_survive_comments(text: str) -> None:
    try:
        assert len(strip_comments(text)) == len(text)
    except SearchError as error:
        assert "never closed" in error.message
