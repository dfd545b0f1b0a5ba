"""SQL macros and functions: each is known when it is called."""

from __future__ import annotations

import re

import pytest
from replay.engine import Engine, EngineError
from replay.sql_functions import macros
from support import ROOT


def test_every_macro_of_the_prelude_is_there() -> None:
    text = (ROOT / "dev/replay/prelude.sql").read_text(encoding="utf-8")
    assert sorted(macros()) == sorted(re.findall(r"CREATE MACRO (\w+)", text))


def test_a_macro_is_known_when_it_is_first_called() -> None:
    """In a branch as in the trunk, and with the macros that it calls."""
    engine = Engine()
    branch = engine.branch()
    assert branch.scalar("SELECT spl_plus('1', '2')") == "3"
    assert engine.scalar("SELECT spl_plus('a', 'b')") == "ab"


def test_a_transaction_that_fails_leaves_the_macros() -> None:
    engine = Engine()
    branch = engine.branch()
    with pytest.raises(EngineError), branch.transaction():
        assert branch.scalar("SELECT spl_plus('1', '2')") == "3"
        branch.execute("SELECT nonsense")
    assert engine.scalar("SELECT spl_plus('1', '2')") == "3"
