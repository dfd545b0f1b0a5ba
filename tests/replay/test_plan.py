"""Pipelines: which command begins, how they are cut, how deep they nest, and what they read from the events."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from replay.commands import EVERYTHING, Needs
from replay.context import Context
from replay.engine import Engine
from replay.errors import Place, ReplayError
from replay.knowledge import Knowledge
from replay.plan import Parser, expand_macros, needs_of, plan_search
from support import RowStore, run_spl, write_app

ROWS = [{"_time": "1", "a": "x", "_raw": "one makeresults"}, {"_time": "2", "a": "y", "_raw": "two"}]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    saved = {"loop": {"search": "| savedsearch loop"}, "round": {"search": "| from savedsearch:round"}}
    return write_app(tmp_path / "app", {"savedsearches": saved, "macros": {"m": {"definition": "a=x"}}})


@pytest.fixture
def ctx(app: Path) -> Context:
    engine = Engine()
    return Context(engine, Knowledge.load([app]), RowStore(engine, ROWS), "app", place=Place(file="s.conf"))


BEGINNINGS = [
    ("a=x | table a", ["x"]),
    ("search a=x | table a", ["x"]),
    ("| search a=x | table a", ["x"]),
    ("SEARCH a=x | TABLE a", ["x"]),
    ("search=x OR a=y | table a", ["y"]),
    ("table | table a", []),
    ("stats=5 OR a=x | table a", ["x"]),
    ("`m` | table a", ["x"]),
    ("makeresults | eval a=1 | table a", ["1"]),
    ('a="x | y" OR a=y | table a', ["y"]),
    ("a=x\n| table a\n", ["x"]),
]


@pytest.mark.parametrize(("spl", "values"), BEGINNINGS)
def test_the_first_command(spl: str, values: list[str], app: Path) -> None:
    rows, _ = run_spl(spl, app, ROWS)
    assert [str(row.get("a")).removesuffix(".0") for row in rows] == values


ERRORS = [
    ("", None, "the search is empty"),
    ("a=x | | table a", 7, "a command is missing between two pipes"),
    ("a=x |", 6, "a command is missing between two pipes"),
    ("a=x | tabel a", 7, "unknown search command `tabel` (nearest: table"),
    ("| stats count", None, "`stats` cannot be the first command"),
    ("a=x | makeresults", None, "must be the first command"),
    ("a=x [search a=y", 5, "`[` is never closed"),
    ("a=x [ ]", 7, "a subsearch [ ] is empty"),
    ("a=x | reverse extra", 15, "`reverse` does not understand"),
    ("| savedsearch loop", None, "names itself"),
    ("| from savedsearch:round", None, "names itself"),
]


@pytest.mark.parametrize(("spl", "column", "says"), ERRORS)
def test_a_wrong_pipeline_says_where(spl: str, column: int | None, says: str, ctx: Context) -> None:
    with pytest.raises(ReplayError) as caught:
        plan_search(spl, ctx)
    assert says in caught.value.message
    if column is not None:
        assert (caught.value.place.file, caught.value.place.column) == ("s.conf", column)


def nested(depth: int) -> str:
    return "search a=x" if depth == 0 else f"search a=x [{nested(depth - 1)} | fields a]"


def test_subsearches_nest_eight_deep_and_no_deeper(ctx: Context) -> None:
    assert ctx.engine.count(plan_search(nested(8), ctx)) == 1
    with pytest.raises(ReplayError, match="deeper than 8"):
        plan_search(nested(9), ctx)


def test_a_replaced_macro_stands_for_the_one_of_the_app(ctx: Context) -> None:
    assert expand_macros("`m`", ctx) == "a=x"
    assert expand_macros("`m`", replace(ctx, macros={"m": "a=y"})) == "a=y"


NEEDS = [
    ("a=1 | stats count", set()),
    ("a=1 | stats sum(b) by c", {"b", "c"}),
    ("a=1 | eval x=b+1 | stats sum(x) by c", {"b", "c"}),
    ("a=1 | where d>1 | table b", {"b", "d"}),
    ("a=1 | search e=1 NOT f=2 | stats count by g", {"e", "f", "g"}),
    ("a=1 | table x.*", {"x.*"}),
]


@pytest.mark.parametrize(("spl", "names"), NEEDS)
def test_only_what_is_read_is_needed(spl: str, names: set[str], ctx: Context) -> None:
    _, *others = Parser(ctx).search(spl).commands
    needs = needs_of(others)
    assert not needs.everything
    assert {n for n in needs.names if not n.startswith("_")} == names


@pytest.mark.parametrize("spl", ["a=1", "a=1 | head 1", "a=1 | search [search b=1] | stats count", "a=1 | eval {b}=1"])
def test_everything_is_needed_where_it_cannot_be_told(spl: str, ctx: Context) -> None:
    _, *others = Parser(ctx).search(spl).commands
    assert needs_of(others).everything


def test_needs_add_up() -> None:
    assert Needs.of("a") | Needs.of("b") == Needs.of("a", "b")
    assert (Needs.of("a") | EVERYTHING).everything


# the app's command, what a search writes -> whether the app's command is meant
NAMES = [
    ("touches", "touches", True),
    ("kv", "kv", False),
    ("bucket", "bucket _time span=1h", False),
    ("rare", "rare a", False),
    ("stats", "stats count", False),
    ("Stats", "Stats count", False),
    ("fit", "fit anything at all", True),
    ("sendemail", "sendemail to=a", True),
]


@pytest.mark.parametrize(("name", "text", "custom"), NAMES, ids=[name for name, *_ in NAMES])
def test_whose_command_is_meant_does_not_depend_on_what_was_loaded_before(
    name: str, text: str, custom: bool, tmp_path: Path
) -> None:
    folder = write_app(tmp_path / "naming", {"commands": {name: {"filename": "it.py", "chunked": "true"}}})
    (folder / "bin").mkdir()
    (folder / "bin/it.py").touch()
    script = (
        "import sys; from pathlib import Path; from replay.commands import COMMANDS\n"
        "from replay.external import External\n"
        "from replay.session import Session; from replay.errors import Place; from replay.plan import Parser\n"
        "session = Session([Path(sys.argv[1])])\n"
        "parser = Parser(session.context(session.home, Place()))\n"
        "for again in range(2):\n"
        "    command = parser.search(f'| makeresults | {sys.argv[2]}').commands[-1]\n"
        "    print(isinstance(command, External))\n"
        "    COMMANDS.names()\n"
    )
    done = subprocess.run([sys.executable, "-c", script, folder, text], check=True, capture_output=True, text=True)
    assert done.stdout.split() == [str(custom)] * 2


def test_the_toolkit_does_not_take_the_place_of_what_is_done_of_it(tmp_path: Path) -> None:
    folder = write_app(tmp_path / "Splunk_ML_Toolkit", {"commands": {"summary": {"filename": "it.py"}}})
    knowledge = Knowledge.load([folder])
    engine = Engine()
    ctx = Context(engine, knowledge, RowStore(engine, []), "Splunk_ML_Toolkit")
    (folder / "bin").mkdir()
    (folder / "bin/it.py").touch()
    assert type(Parser(ctx).search("| summary m").commands[0]).name == "summary"
