"""A pattern means the same on RE2 (DuckDB) and on PCRE2, whichever ran; and what only PCRE2 holds runs there."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from replay import re2, regexes
from replay.engine import Engine
from replay.errors import Place, SearchError
from replay.relation import quote
from replay.udf import pcre

# Letters that fold in odd ways (K, ſ), what PCRE and RE2 count as white space differently (\v), newlines, UTF-8 of
# every length, backslashes.
ALPHABET = "abABkKsS01_ -.,\\\n\r\t\v\f/:é\u017f\u212a\u00a0€😀"
TEXTS = (
    st.text("ab1 ,\n", max_size=8)
    | st.text(ALPHABET, max_size=12)
    | st.text(max_size=8).map(lambda t: t.replace("\0", ""))
)

ATOMS = st.sampled_from(
    [
        *"abkKsS01_- ,/:é€", ".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\.", r"\\", r"\n", r"\t", r"\x61",
        r"\x{e9}", r"\x{41}", r"\-", "[ab]", "[^ab]", "[a-z]", "[^a-z0-9]", r"[\w.]", r"[\s,]", r"[^\s]",
        r"[\d\-]", r"[^\\]", "[]a]", r"[^\n]", "[[:alpha:]]", "[[:space:]x]", r"[\S]", r"[\D]", r"[a\-c]", "[a-]",
        r"[\x41-\x43]", r"[\/:]", "[k-s]",
    ]
)  # fmt: skip
QUANTIFIERS = st.sampled_from(["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}", "{1001}"])
ASSERTIONS = st.sampled_from([r"\b", "^", "$", r"\A", r"\z", r"\Z"])


def _grouped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    opening = st.sampled_from(["(", "(?:", "(?<n>", "(?P<n>", "(?i:", "(?s:", "(?-i:"])
    piece = st.builds(lambda o, body, q: f"{o}{body}){q}", opening, inner, QUANTIFIERS)
    return st.lists(piece | inner, min_size=1, max_size=3).map("".join) | st.builds("{}|{}".format, inner, inner)


BODIES = st.recursive(
    st.lists(st.builds(str.__add__, ATOMS, QUANTIFIERS) | ASSERTIONS, min_size=1, max_size=3).map("".join),
    _grouped,
    max_leaves=4,
)
PATTERNS = st.builds(str.__add__, st.sampled_from(["", "", "(?i)", "(?s)", "(?is)"]), BODIES)


@cache
def engine() -> Engine:
    return Engine()


def values(sql: str, texts: list[str]) -> list[object]:
    """What an SQL expression over ``t`` gives for each text."""
    rows = ", ".join(f"({i}, {quote(t)})" for i, t in enumerate(texts))
    return [v for (v,) in engine().execute(f"SELECT {sql} FROM (VALUES {rows}) AS x(i, t) ORDER BY i")]


@settings(deadline=None, max_examples=400)
@given(pattern=PATTERNS, texts=st.lists(TEXTS, min_size=1, max_size=6))
def test_both_engines_agree(pattern: str, texts: list[str]) -> None:
    try:
        regex = regexes.regex(pattern)
    except SearchError:
        return  # two groups of one name, a look-alike of a quantifier, …: not a pattern at all
    only_pcre = replace(regex, re2=None)
    asked: list[Callable[[regexes.Regex], str]] = [partial(regexes.matches, "t")]
    for group in range(regex.groups + 1):
        asked += [partial(_first, group), partial(_all, group)]
    asked += [lambda r: regexes.replace_all("t", r, r"<\1$&\\>"), lambda r: regexes.replace_one("t", r, r"[\0]", 1)]
    for ask in asked:
        assert values(ask(regex), texts) == values(ask(only_pcre), texts), (pattern, ask(regex))


def _first(group: int, regex: regexes.Regex) -> str:
    return regexes.first_match("t", regex, group)


def _all(group: int, regex: regexes.Regex) -> str:
    return regexes.all_matches("t", regex, group)


def test_the_test_above_compares_something() -> None:
    assert re2.translate(r"(?i)^.*\\(?<file>[^\\]+\.exe)\s+-enc$") is not None


@pytest.mark.parametrize(
    ("pattern", "translated"),
    [
        (r"(?<a>\d+)\s", r"([0-9]+)[\t-\r ]"),
        (r"a.c", r"a[^\n]c"),
        (r"(?s)a.c", r"a(?s:.)c"),
        (r"^cmd\.exe$", r"\Acmd\.exe\n?\z"),
        (r"(?i)\w", r"(?i)(?-i:[0-9A-Za-z_])"),
        (r"[^\]a-]", r"[^\]a\-]"),
    ],
)
def test_translations(pattern: str, translated: str) -> None:
    found = re2.translate(pattern)
    assert found is not None
    assert found.pattern == translated


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?<!\d)1", r"(?=a)", r"(a)\1", r"a++", r"(?>a)", r"a\Kb", r"(?(1)a|b)", r"(?R)", r"\p{L}", r"\h", r"\R",
        r"(?m)^a", r"(?x) a", r"(a*)*", r"(a$)b", r"(a|b$)", r"\Qa.b\E", r"\012", r"[\b]", r"a{1001}", r"(?i)é",
        r"a{,3}", r"\B", r"(?#note)a", r"(*UTF)a", r"(?|(a)|(b))",
    ],
)  # fmt: skip
def test_only_pcre_holds(pattern: str) -> None:
    assert re2.translate(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "text", "matched"),
    [
        (r"(?<!\d)10\.\d+", "110.1", False),
        (r"(\w)\1", "abba", True),
        (r"a++a", "aaa", False),
        (r"x\Ky", "xy", True),
        (r"\x{20AC}", "€", True),
        (r"^\w+$", "abc\n", True),
        (r"\w", "é", False),
        (r"(?m)^b$", "a\nb\nc", True),
    ],
)
def test_pcre_semantics(pattern: str, text: str, matched: bool) -> None:
    assert values(regexes.matches("t", pattern), [text]) == [matched]


@pytest.mark.parametrize(
    "sql", [regexes.matches("t", "a"), regexes.matches("t", "(?=a)"), regexes.first_match("t", "(?=a).", 0)]
)
def test_null_stays_null(sql: str) -> None:
    assert engine().scalar(f"SELECT {sql} FROM (SELECT CAST(NULL AS VARCHAR) AS t)") is None


def test_an_invalid_pattern_says_what_pcre2_says_and_where() -> None:
    with pytest.raises(SearchError) as raised:
        regexes.regex("(?<name>a", Place(column=7))
    assert "missing closing parenthesis, at offset 9" in raised.value.message
    assert raised.value.place.column == 7


def test_a_runaway_pattern_does_not_match_and_warns_once() -> None:
    warnings: list[str] = []
    regex = regexes.regex(r"^(?:a+)+(?!x)$", warn=warnings.append)
    assert values(regexes.matches("t", regex), ["a" * 40 + "b", "a" * 41 + "b", "aaa"]) == [False, False, True]
    assert len(warnings) == 1
    assert "match limit" in warnings[0]


def test_a_long_text_that_overflows_the_jit_stack_still_matches() -> None:
    assert values(regexes.matches("t", r"^(?:a|b)*?c(?!d)"), ["ab" * 10_000 + "c"]) == [True]


def test_group_names_are_in_order() -> None:
    assert regexes.group_names(r"(?P<b>x)(y)(?<a>z)") == ["b", "a"]


def test_an_unknown_group_is_an_error() -> None:
    with pytest.raises(SearchError, match="no group `x`"):
        regexes.first_match("t", "(?<a>b)", "x")


@pytest.mark.parametrize(
    ("replacement", "result"), [(r"\1\0", "bab"), ("$1", "$1"), (r"\\", "\\"), (r"\d", r"\d"), (r"\9", ""), ("", "")]
)
def test_replacements(replacement: str, result: str) -> None:
    for pattern in ("a(b)", "(?=a)a(b)"):
        assert values(regexes.replace_all("t", pattern, replacement), ["ab"]) == [result]


def test_all_matches_of_two_groups_stay_in_step() -> None:
    for pattern in (r"(\w)=(\d)?;", r"(?=.)(\w)=(\d)?;"):
        assert values(regexes.all_matches("t", pattern, 2), ["a=1;b=;c=3;"]) == [["1", "", "3"]]


def test_limits_and_offsets() -> None:
    assert values(regexes.all_matches("t", r"\d", 0, 2), ["1 2 3"]) == [["1", "2"]]
    assert values(regexes.offsets("t", r"(?<d>\d+)", 0), ["a 12 3"]) == ["d=2-3&d=5-5"]


def test_patterns_compile_once() -> None:
    assert pcre.compiled("(?=once)") is pcre.compiled("(?=once)")
