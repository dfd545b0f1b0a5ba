"""Registries walk their folder: what a module claims is found, and no name is claimed twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from replay.commands import COMMANDS
from replay.functions import FUNCTIONS
from replay.registry import Registry, nearest
from replay.report import REPORTS


def test_a_new_file_is_all_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "walked"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from replay.registry import Registry\nTHINGS = Registry('walked', 'thing')\n", encoding="utf-8"
    )
    (package / "one.py").write_text("from walked import THINGS\nTHINGS.claim('b', 'a')(print)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import importlib

    things = importlib.import_module("walked").THINGS
    assert things.names() == ["a", "b"]
    assert things.get("a") is print and things.get("c") is None
    assert list(things) == [print]
    sys.modules.pop("walked.one")
    sys.modules.pop("walked")


def test_two_claims_of_one_name_are_an_error() -> None:
    registry: Registry[object] = Registry("replay.report", "thing")
    registry.claim("x")(test_two_claims_of_one_name_are_an_error)
    with pytest.raises(RuntimeError, match="thing `x` is claimed by"):
        registry.claim("x")(nearest)


def test_near_names_are_offered() -> None:
    assert nearest("statz", ["stats", "tstats", "eval"]) == " (nearest: stats, tstats)"
    assert nearest("zzz", ["stats"]) == ""


def test_the_registries_of_the_engine_are_filled() -> None:
    assert {"search", "where", "eval", "stats", "tstats", "from"} <= set(COMMANDS.names())
    assert {"if", "case", "coalesce", "match", "mvindex", "strftime"} <= set(FUNCTIONS.names())
    assert REPORTS.names() == ["csv", "json", "table"]


def test_each_name_is_found_without_importing_all() -> None:
    script = (
        "from replay.commands import COMMANDS; import sys; print(COMMANDS.find(sys.argv[1]), len(COMMANDS._things))"
    )
    for name in ("kv", "discretize", "return", "rest", "rare", "no_such_command"):
        done = subprocess.run([sys.executable, "-c", script, name], check=True, capture_output=True, text=True)
        found, count = done.stdout.rsplit(" ", 1)
        assert (found != "None") == (COMMANDS.get(name) is not None)
        assert int(count) < len(COMMANDS.names()) - 5


def test_each_name_stands_in_double_quotes_in_the_module_that_claims_it() -> None:
    for name in COMMANDS.names():
        assert f'"{name}"' in COMMANDS._sources[COMMANDS._owners[name].rsplit(".", 1)[1]]
