"""Macros: found by name and number of arguments, or missed with words that help."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from replay.errors import KnowledgeError
from replay.knowledge import Knowledge

Load = Callable[[dict[str, dict[str, str]]], Knowledge]

CONF = """
[plain]
definition = index=main \\
  OR index=other

[empty]
definition =

[ctime(1)]
args = field
definition = convert ctime($field$)

[pair(1)]
args = a
definition = $a$

[pair(2)]
args = a , b
definition = $a$ $b$
iseval = 1
validation = isnum(a)
errormsg = a is a number

[off]
definition = x
disabled = 1

[undefined]
args =

[few(2)]
args = a
definition = x

[twice(2)]
args = a, a
definition = x
"""


@pytest.fixture
def knowledge(load: Load) -> Knowledge:
    """Three apps: the search's own, one that exports a macro, one that keeps its macro."""
    return load(
        {
            "own": {"default/macros.conf": CONF},
            "cim": {
                "default/macros.conf": "[drop(1)]\nargs = n\ndefinition = rename $n$.* as *\n",
                "metadata/default.meta": "[macros]\nexport = system\n",
            },
            "shy": {"default/macros.conf": "[mine]\ndefinition = x\n"},
        }
    )


FOUND = [
    ("plain", 0, (), "index=main \n  OR index=other", "own"),
    ("empty", 0, (), "", "own"),
    ("ctime", 1, ("field",), "convert ctime($field$)", "own"),
    ("pair", 1, ("a",), "$a$", "own"),
    ("pair", 2, ("a", "b"), "$a$ $b$", "own"),
    ("drop", 1, ("n",), "rename $n$.* as *", "cim"),
]


@pytest.mark.parametrize(("name", "arity", "args", "definition", "app"), FOUND)
def test_a_macro_is_found_by_name_and_arity(
    knowledge: Knowledge, name: str, arity: int, args: tuple[str, ...], definition: str, app: str
) -> None:
    macro = knowledge.macro("own", name, arity)
    assert (macro.name, macro.arity, macro.args, macro.definition, macro.app) == (
        name,
        arity,
        args,
        definition,
        app,
    )


def test_eval_macros_and_validation(knowledge: Knowledge) -> None:
    macro = knowledge.macro("own", "pair", 2)
    assert (macro.iseval, macro.validation, macro.errormsg) == (True, "isnum(a)", "a is a number")
    plain = knowledge.macro("own", "plain", 0)
    assert (plain.iseval, plain.validation, plain.errormsg) == (False, None, None)


def test_a_macro_knows_the_line_of_its_definition(knowledge: Knowledge) -> None:
    assert str(knowledge.macro("own", "ctime", 1).place).endswith("default/macros.conf:11 [ctime(1)] definition")


MISSED = [
    ("ctime", 2, "macro `ctime(2)` is not defined in any app; `ctime(1)` is"),
    ("pair", 0, "macro `pair` is not defined in any app; `pair(1)`, `pair(2)` are"),
    ("plaim", 0, "macro `plaim` is not defined in any app; nearest: `plain`"),
    ("zzzzzzzz", 0, "macro `zzzzzzzz` is not defined in any app"),
    ("off", 0, "macro `off` is disabled"),
    ("mine", 0, "macro `mine` is defined in `shy` but not exported to `own`"),
    ("undefined", 0, "macro `undefined` has no `definition`"),
    ("few", 2, "macro `few(2)` takes 2 but `args` names 1"),
    ("twice", 2, "macro `twice(2)` names an argument twice"),
]


@pytest.mark.parametrize(("name", "arity", "message"), MISSED)
def test_a_macro_that_cannot_be_used_says_why(knowledge: Knowledge, name: str, arity: int, message: str) -> None:
    with pytest.raises(KnowledgeError) as error:
        knowledge.macro("own", name, arity)
    assert error.value.message.startswith(message)
