"""Where a search calls its filter, and filter lines made of what events hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from replay.context import Context
from replay.engine import Engine
from replay.errors import KnowledgeError, Place
from replay.knowledge import Knowledge, SavedSearch
from replay.plan import Parser, plan_onto
from replay.relation import Kind, assign_columns
from replay.spl.scanner import Scanner
from replay.tuning.filters import FilterCall, filter_line, find_filter
from support import RowStore, write_app


def saved(search: str) -> SavedSearch:
    """A saved search with this text."""
    return SavedSearch("Tools", "app", search, {}, False, Place("savedsearches.conf", 3), None, None)


FOUND = [
    ("at the end", "search a=1 | `tools_filter`", FilterCall("tools_filter", "search a=1 ", "")),
    ("in the middle", "a | `x`\n| `t_filter` | head 1", FilterCall("t_filter", "a | `x`\n", "| head 1")),
    ("not in quotes", 'a="`y_filter`" | `t_filter`', FilterCall("t_filter", 'a="`y_filter`" ', "")),
    ("not in a comment", "a ```| `y_filter` ``` | `t_filter`", FilterCall("t_filter", f"a {' ' * 19} ", "")),
]


@pytest.mark.parametrize(("search", "call"), [f[1:] for f in FOUND], ids=[f[0] for f in FOUND])
def test_the_filter_of_a_search(search: str, call: FilterCall) -> None:
    assert find_filter(saved(search)) == call


def test_another_name() -> None:
    both = saved("a | `keep` | `tools_filter`")
    assert find_filter(both, "keep") == FilterCall("keep", "a ", "| `tools_filter`")


WRONG = [
    (
        "none",
        "a | `other`",
        None,
        "does not call a macro whose name ends in _filter; it calls `other`: name one by --macro",
    ),
    ("none of that name", "a | `t_filter`", "keep", "does not call the macro `keep`; it calls `t_filter`"),
    ("several", "a | `a_filter` | `b_filter`", None, "calls several filters (`a_filter`, `b_filter`): name one"),
    ("the same twice", "a | `a_filter` | append [b | `a_filter`]", None, "followed in one place only"),
    ("first of all", "`a_filter` | head 1", None, "not a command of its own"),
    ("within a command", "search a=1 `a_filter`", None, "not a command of its own"),
    ("with more behind it", "a | `a_filter` b=1", None, "not a command of its own"),
    ("in a subsearch", "a [search b | `a_filter`]", None, "not a command of its own"),
]


@pytest.mark.parametrize(("search", "macro", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_search_without_a_filter_to_replace(search: str, macro: str | None, says: str) -> None:
    with pytest.raises(KnowledgeError) as raised:
        find_filter(saved(search), macro)
    assert says in raised.value.message
    assert raised.value.place == Place("savedsearches.conf", 3)


LINES = [
    ("dest", "HW-1", 'search NOT dest="HW-1"'),
    ("process", 'cmd "x"', r'search NOT process="cmd \"x\""'),
    ("path", "C:\\a\\", r'search NOT path="C:\\a\\"'),
    ("All_Risk.dest", "`x` | $y$", 'search NOT All_Risk.dest="`x` | $y$"'),
    ("process", "a*", "where isnull('process') OR 'process'!=\"a*\""),
    ("dest", "10.0.0.0/8", "where isnull('dest') OR 'dest'!=\"10.0.0.0/8\""),
    ("a b", "x", "where isnull('a b') OR 'a b'!=\"x\""),
    ("it's", "x", None),
    ("dest", "a\nb", None),
    ("dest", "a\u202eb", None),
    ("dest", "", None),
]


@pytest.mark.parametrize(("field", "value", "text"), LINES)
def test_the_line_for_a_value(field: str, value: str, text: str | None) -> None:
    line = filter_line(field, value)
    assert line.text == text
    assert (line.note == "") == (text is not None and text.startswith("search"))


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """A search over given rows."""
    folder: Path = tmp_path_factory.mktemp("apps") / "app"
    engine = Engine()
    return Context(engine, Knowledge.load([write_app(folder, {})]), RowStore(engine, []), "app")


@given(value=st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1))
@example(value='*"\\*')
@example(value='\\" | delete *')
@example(value="10.1.2.3/8")
@example(value="TERM(a) OR b=*")
@example(value="007")
def test_a_line_drops_its_value_and_nothing_else(context: Context, value: str) -> None:
    line = filter_line("f", value)
    if line.text is None:
        assert not value.isprintable()
        return
    others = [value + "x", "x" + value, value.replace("*", "star") + "y", "10.1.2.3", "", " "]
    rows = [{"f": value}, *({"f": other} for other in others if other != value), {"g": "no f"}]
    relation = context.engine.load_rows(rows, assign_columns({"f": Kind.STR, "g": Kind.STR}))
    commands = Parser(context).pipeline(Scanner(line.text), generates=False).commands
    kept = list(context.engine.rows(plan_onto(relation, commands, context)))
    assert kept == rows[1:]
