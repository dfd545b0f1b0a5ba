"""The values of FIELDALIAS and LOOKUP settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.errors import KnowledgeError, Place
from replay.knowledge import LookupSpec
from replay.knowledge.specs import parse_aliases, parse_lookup

PLACE = Place(file="props.conf", line=3, stanza="st", key="K")

ALIASES = [
    ("a AS b", [("a", "b", False)]),
    ("a as b c ASNEW d", [("a", "b", False), ("c", "d", True)]),
    ("a AS b, \n  a AS c", [("a", "b", False), ("a", "c", False)]),
    ('"Event.System.Computer" AS dest "a b" AS "c ""d"', None),
    ('"a b" AS "AS"', [("a b", "AS", False)]),
    ("x{}.y AS z", [("x{}.y", "z", False)]),
    ("a b", None),
    ("a AS", None),
    ("a IS b", None),
    ('a AS "b', None),
]


@pytest.mark.parametrize(("text", "expected"), ALIASES)
def test_aliases(text: str, expected: list[tuple[str, str, bool]] | None) -> None:
    if expected is None:
        with pytest.raises(KnowledgeError, match=r"props.conf:3 \[st\] K: "):
            parse_aliases(text, PLACE)
    else:
        assert [(one.source, one.target, one.keep_existing) for one in parse_aliases(text, PLACE)] == expected


LOOKUPS = [
    ("t k", LookupSpec("t", (("k", "k"),), (), True)),
    ("t k AS ev", LookupSpec("t", (("k", "ev"),), (), True)),
    (
        "t k as ev, l OUTPUT a AS b, c",
        LookupSpec("t", (("k", "ev"), ("l", "l")), (("a", "b"), ("c", "c")), True),
    ),
    ("t k OUTPUTNEW a", LookupSpec("t", (("k", "k"),), (("a", "a"),), False)),
    ("t k outputnew\n a as b", LookupSpec("t", (("k", "k"),), (("a", "b"),), False)),
    ('"my t" "k 1" AS "ev 1" OUTPUT "as"', LookupSpec("my t", (("k 1", "ev 1"),), (("as", "as"),), True)),
    ("", None),
    ("t", None),
    ("t OUTPUT a", None),
    ("t k OUTPUT", None),
    ("t k AS", None),
    ("t k AS ev AS x", None),
    ("t k OUTPUT a OUTPUT b", None),
    ('t "k', None),
]


@pytest.mark.parametrize(("text", "expected"), LOOKUPS)
def test_lookups(text: str, expected: LookupSpec | None) -> None:
    if expected is None:
        with pytest.raises(KnowledgeError, match=r"props.conf:3 \[st\] K: "):
            parse_lookup(text, PLACE)
    else:
        assert parse_lookup(text, PLACE) == expected


FIELDS = st.text(min_size=1, max_size=8)


def quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def pairs_text(pairs: list[tuple[str, str]]) -> str:
    return ", ".join(f"{quoted(column)} AS {quoted(field)}" for column, field in pairs)


@given(
    FIELDS,
    st.lists(st.tuples(FIELDS, FIELDS), min_size=1),
    st.lists(st.tuples(FIELDS, FIELDS)),
    st.booleans(),
)
def test_any_names_in_quotes_survive(
    table: str, inputs: list[tuple[str, str]], outputs: list[tuple[str, str]], overwrite: bool
) -> None:
    text = f"{quoted(table)} {pairs_text(inputs)}"
    if outputs:
        text += f" {'OUTPUT' if overwrite else 'OUTPUTNEW'} {pairs_text(outputs)}"
    expected = LookupSpec(table, tuple(inputs), tuple(outputs), overwrite or not outputs)
    assert parse_lookup(text, PLACE) == expected


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_aliases, parse_lookup):
        try:
            parse(text, PLACE)
        except KnowledgeError as error:
            assert error.place == PLACE
