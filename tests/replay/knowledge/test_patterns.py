"""The patterns in [source::...] and [host::...] stanzas, as props.conf.spec explains them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.errors import KnowledgeError, Place
from replay.knowledge.patterns import matcher

PLACE = Place(file="props.conf", line=7, stanza="source::x")

# (pattern, names that match, names that do not)
CASES = [
    ("WinEventLog:Security", ["WinEventLog:Security"], ["wineventlog:security", "WinEventLog:Security2", ""]),
    ("/var/log/a.log", ["/var/log/a.log"], ["/var/log/axlog"]),
    (".../bar/baz", ["/foo/bar/baz", "/bar/baz"], ["bar/baz", "/bar/baz/x"]),
    (".../bar/*", ["/foo/bar/baz", "/bar/"], ["/bar/baz/x"]),
    ("...a...", ["a", "az", "za", "/x/a/y"], ["z", "A"]),
    ("/logs/*.log", ["/logs/x.log", "/logs/.log"], ["/logs/x/y.log", "/logs/xlog"]),
    ("....(?<!tar.)(gz|bz2)", ["x.gz", "/a/x.bz2"], ["x.tar.gz", "x.tar.bz2", "gz"]),
    ("(a|b).log", ["a.log", "b.log"], ["c.log", "ab.log"]),
    (
        "...WinEventLog:(Security|System)",
        ["WinEventLog:System", "XmlWinEventLog:Security"],
        ["WinEventLog:Setup"],
    ),
    (r"c:\\path_to\\file.txt", [r"c:\path_to\file.txt", r"c:\\path_to\\file.txt"], ["c:/path_to/file.txt"]),
    (r"c:\\logs\\*.txt", [r"c:\logs\a.txt"], [r"c:\logs\a/b.txt"]),
    ("WinEventLog...", ["WinEventLog:Security", "WinEventLog:\nx"], ["XmlWinEventLog"]),
]


@pytest.mark.parametrize(("pattern", "good", "bad"), CASES, ids=[case[0] for case in CASES])
def test_a_pattern_matches_the_whole_name(pattern: str, good: list[str], bad: list[str]) -> None:
    matches = matcher(pattern, ignore_case=False, place=PLACE)
    assert [name for name in good if not matches(name)] == []
    assert [name for name in bad if matches(name)] == []


def test_hosts_match_without_case_unless_the_pattern_says_so() -> None:
    assert matcher("foo", ignore_case=True, place=PLACE)("FOO")
    assert matcher("foo*", ignore_case=True, place=PLACE)("Foobar")
    assert matcher("(?-i)bar", ignore_case=True, place=PLACE)("bar")
    assert not matcher("(?-i)bar", ignore_case=True, place=PLACE)("BAR")


def test_a_pattern_that_is_no_regex_is_an_error_with_its_place() -> None:
    with pytest.raises(KnowledgeError, match=r"props.conf:7 \[source::x\]: the pattern `\(a` is not valid"):
        matcher("(a", ignore_case=False, place=PLACE)


PLAIN = st.text(alphabet="aB1:/_- ", min_size=1, max_size=10)


@given(PLAIN, PLAIN)
def test_a_plain_name_matches_only_itself(pattern: str, name: str) -> None:
    matches = matcher(pattern, ignore_case=False, place=PLACE)
    assert matches(pattern)
    assert matches(name) == (name == pattern)


@given(PLAIN, st.text(max_size=10), PLAIN)
def test_three_dots_are_any_text_and_a_star_any_text_without_slash(before: str, middle: str, after: str) -> None:
    name = before + middle + after
    assert matcher(f"{before}...{after}", ignore_case=False, place=PLACE)(name)
    if "/" not in middle:
        assert matcher(f"{before}*{after}", ignore_case=False, place=PLACE)(name)
    assert not matcher("a*b", ignore_case=False, place=PLACE)(f"a{middle}/b")
