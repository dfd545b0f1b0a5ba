"""Field transforms of transforms.conf."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from replay.errors import KnowledgeError
from replay.knowledge import Knowledge

Load = Callable[[dict[str, dict[str, str]]], Knowledge]

CONF = r"""
[by_regex]
REGEX = <Data Name='([^']+)'>([^<]*)
FORMAT = $1::$2
MV_ADD = true
CLEAN_KEYS = false

[by_delims]
SOURCE_KEY = message
DELIMS = "|;", "="
KEEP_EMPTY_VALS = 1

[by_fields]
DELIMS = "\t"
FIELDS = "first name", second, third

[a_lookup]
filename = a.csv

[bad_delims]
DELIMS = |
"""


@pytest.fixture
def knowledge(load: Load) -> Knowledge:
    return load({"A": {"default/transforms.conf": CONF}})


def test_a_regex_transform(knowledge: Knowledge) -> None:
    one = knowledge.transform("A", "by_regex")
    assert (one.regex, one.format, one.source_key) == ("<Data Name='([^']+)'>([^<]*)", "$1::$2", "_raw")
    assert (one.mv_add, one.clean_keys, one.keep_empty_vals, one.delims, one.fields) == (
        True,
        False,
        False,
        None,
        (),
    )


def test_delimiters(knowledge: Knowledge) -> None:
    one = knowledge.transform("A", "by_delims")
    assert (one.delims, one.source_key, one.fields, one.regex) == (("|;", "="), "message", (), None)
    assert (one.mv_add, one.clean_keys, one.keep_empty_vals) == (False, True, True)
    named = knowledge.transform("A", "by_fields")
    assert (named.delims, named.fields) == (("\t",), ("first name", "second", "third"))


MISSED = [
    ("by_regexp", "transform `by_regexp` is not defined in any app; nearest: `by_regex`"),
    ("a_lookup", "transform `a_lookup` has neither REGEX nor DELIMS"),
    ("bad_delims", "cannot read DELIMS `|`"),
]


@pytest.mark.parametrize(("name", "message"), MISSED)
def test_a_transform_that_cannot_be_used_says_why(knowledge: Knowledge, name: str, message: str) -> None:
    with pytest.raises(KnowledgeError) as error:
        knowledge.transform("A", name)
    assert error.value.message.startswith(message)
