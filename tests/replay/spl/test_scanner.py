"""The cursor that every parser reads with: quotes, escapes, words, options, brackets, and columns in errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.errors import SearchError
from replay.spl.scanner import Scanner, split_top, unescape

# Search Reference, "search", "Quotes and escaping characters"; spl-semantics, table of 1.2.
UNESCAPED = [
    (r"a\\b", r"a\b"),
    (r"a\\\\b", r"a\\b"),
    (r"\d", r"\d"),
    (r"\"", '"'),
    (r"\|", "|"),
    (r"\*", r"\*"),
    (r"*\\temp\\*", r"*\temp\*"),
    (r"[^\\\\]", r"[^\\]"),
    (r"C:\Windows\System32", r"C:\Windows\System32"),
    (r"\\\\host\\share", r"\\host\share"),
    ("\\", "\\"),
    (r"\\", "\\"),
    (r"\\\"", '\\"'),
    ("", ""),
]


@pytest.mark.parametrize(("written", "meant"), UNESCAPED)
def test_one_level_of_escapes_is_undone(written: str, meant: str) -> None:
    assert unescape(written) == meant


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


@given(st.text())
def test_what_is_escaped_is_read_back(text: str) -> None:
    s = Scanner(f'"{escaped(text)}" rest')
    assert s.quoted() == text
    assert s.value() == "rest"
    assert s.done


@given(st.text(), st.text())
def test_a_separator_within_quotes_does_not_cut(a: str, b: str) -> None:
    text = f'x="{escaped(a)}" | y="{escaped(b)}"'
    parts = [text[start:end] for start, end in split_top(Scanner(text), "|")]
    assert parts == [f'x="{escaped(a)}" ', f' y="{escaped(b)}"']


CUTS = [
    ("a | b|c", "|", ["a ", " b", "c"]),
    ("a [ b | c ] | d", "|", ["a [ b | c ] ", " d"]),
    ("a [ b [ c | d ] | e ] | f", "|", ["a [ b [ c | d ] | e ] ", " f"]),
    ('a "]|" | b', "|", ['a "]|" ', " b"]),
    (r"a \| b | c", "|", [r"a \| b ", " c"]),
    (r'rex "[^\"|]+" | b', "|", [r'rex "[^\"|]+" ', " b"]),
    ("a,b(c,d),e", ",", ["a", "b(c,d)", "e"]),
    ('a,"b,c",d', ",", ["a", '"b,c"', "d"]),
    ("a|(b|c)", "|", ["a", "(b", "c)"]),
    ("", "|", [""]),
    ("a|", "|", ["a", ""]),
]


@pytest.mark.parametrize(("text", "separator", "parts"), CUTS)
def test_a_pipeline_is_cut_outside_quotes_and_brackets(text: str, separator: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in split_top(Scanner(text), separator)] == parts


FIELDS = [
    ("a b c", ["a", "b", "c"]),
    ("a, b,c", ["a", "b", "c"]),
    ('"a b" c', ["a b", "c"]),
    ("'a b' c", ["a b", "c"]),
    ("a.b{}.c d-e _time", ["a.b{}.c", "d-e", "_time"]),
    ("avg(x) count(eval(a>1)) n", ["avg(x)", "count(eval(a>1))", "n"]),
    ("a* *b *", ["a*", "*b", "*"]),
    ('"say \\"x\\""', ['say "x"']),
]


@pytest.mark.parametrize(("text", "names"), FIELDS)
def test_field_lists_take_spaces_commas_and_quotes(text: str, names: list[str]) -> None:
    assert Scanner(text).fields() == names


def test_a_field_list_ends_at_a_stop_word_of_any_case() -> None:
    s = Scanner("a b BY c")
    assert s.fields(stop=("by",)) == ["a", "b"]
    assert s.keyword("by") == "by"
    assert s.fields() == ["c"]


OPTIONS = [
    ("limit=5", {"limit": "5"}),
    ("limit = 5", {"limit": "5"}),
    ('LIMIT="5" mode=x', {"limit": "5", "mode": "x"}),
    ("limit=5 limit=6", {"limit": "6"}),
    ("field limit=5", {}),
]


@pytest.mark.parametrize(("text", "found"), OPTIONS)
def test_options(text: str, found: dict[str, str]) -> None:
    assert Scanner(text).options(("limit", "mode"), "sort") == found


@pytest.mark.parametrize("text", ["t", "T", "true", "TRUE", "1", "yes", "y"])
def test_true_as_splunk_spells_it(text: str) -> None:
    assert Scanner("").boolean(text) is True


@pytest.mark.parametrize("text", ["f", "F", "false", "False", "0", "no", "n"])
def test_false_as_splunk_spells_it(text: str) -> None:
    assert Scanner("").boolean(text) is False


# what is read, how, the column that the error names, and a part of what it says
ERRORS = [
    ('a "b', lambda s: (s.value(), s.value()), 3, "never closed"),
    ("x (a (b)", lambda s: (s.value(), s.bracketed("(")), 3, "never closed"),
    ("x [a [b]", lambda s: (s.value(), s.bracketed("[")), 3, "never closed"),
    ("limit=5 lmit=6", lambda s: s.options(("limit",), "head"), 9, "no option `lmit` (it has: limit)"),
    ("limit=", lambda s: s.options(("limit",), "head"), 7, "a value for `limit`"),
    ("a b", lambda s: (s.value(), s.finish("head")), 3, "`head` does not understand what comes here near `b`"),
    ("'a b", lambda s: s.field(), 1, "never closed"),
    ("maybe", lambda s: s.boolean("maybe"), 1, "`maybe` is not a boolean"),
    ("-1", lambda s: s.integer("-1", "count"), 1, "`count` takes a whole number, not `-1`"),
    ("   ", lambda s: s.value("a table"), 4, "expected a table at the end of the search"),
]


@pytest.mark.parametrize(("text", "read", "column", "says"), ERRORS)
def test_an_error_names_its_column(text: str, read, column: int, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SearchError) as caught:
        read(Scanner(text))
    assert caught.value.place.column == column
    assert says in caught.value.message


def test_columns_of_a_part_count_from_the_start_of_the_whole() -> None:
    whole = Scanner("head 5 [ tail x ]")
    whole.pos = 7
    inside = whole.bracketed("[")
    assert inside.error("no").place.column == 9
