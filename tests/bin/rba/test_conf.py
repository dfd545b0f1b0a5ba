"""Splunk's .conf files: the rules one by one, then ksconf as judge."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ksconf.conf.parser import GLOBAL_STANZA, PARSECONF_LOOSE, parse_conf_string
from rba.conf import Conf, parse, read_app_conf
from rba.errors import RbaError

CASES = [
    # text, stanzas
    ("", {}),
    ("[a]\nx = 1\n", {"a": {"x": "1"}}),
    ("[a]\nx=1", {"a": {"x": "1"}}),
    ("[a]\nx =\n", {"a": {"x": ""}}),
    ("[a]\nx = 1 = 2\n", {"a": {"x": "1 = 2"}}),
    ("[a]\nx = 1\nx = 2\n", {"a": {"x": "2"}}),
    ("[a]\nx = 1\n[b]\n[a]\ny = 2\n", {"a": {"x": "1", "y": "2"}, "b": {}}),
    ("[a]\nX = 1\nx = 2\n", {"a": {"X": "1", "x": "2"}}),
    ("x = 1\n[a]\n", {"default": {"x": "1"}, "a": {}}),
    ("# [no]\n  ; x = 1\n[a]\nx = 1 # no comment\n", {"a": {"x": "1 # no comment"}}),
    ("[a]\nx = one \\\n  two\\\nthree\ny = 1\n", {"a": {"x": "one \n  two\nthree", "y": "1"}}),
    ("[a]\nx = one\\\n# two\n", {"a": {"x": "one\n# two"}}),
    ("[a]\nx = one\\", {"a": {"x": "one"}}),
    ("[a]\r\nx = one\\\r\ntwo\r\n", {"a": {"x": "one\ntwo"}}),
    ("[ESCU - a [b] - Rule]\nx = 1\n", {"ESCU - a [b] - Rule": {"x": "1"}}),
    ("[ü – ☃]\nx = ☃\n", {"ü – ☃": {"x": "☃"}}),
]


@pytest.mark.parametrize(("text", "stanzas"), CASES)
def test_rule(text: str, stanzas: dict[str, dict[str, str]]) -> None:
    conf = Conf()
    parse(text, conf)
    assert conf.stanzas == stanzas


LINES = st.one_of(
    st.sampled_from(["[a]", "[b] ", " [a b]", "[default]", "", "  ", "# c", " ; c = d", "x = 1"]),
    st.builds(
        lambda key, value, end: f"{key} = {value}{end}",
        st.sampled_from(["x", "y", "action.risk.param._risk"]),
        st.text(alphabet="ab=#[]\"'{}$ \té", max_size=8),
        st.sampled_from(["", "\\"]),
    ),
)


@given(st.lists(LINES))
def test_ksconf_reads_the_same(lines: list[str]) -> None:
    """But for blanks at the end of a value, which ksconf keeps, and its name for what no stanza holds."""
    text = "\n".join(lines)
    conf = Conf()
    parse(text, conf)
    expected: dict[str, dict[str, str]] = {}
    for stanza, settings in parse_conf_string(text, profile=PARSECONF_LOOSE).items():
        name = "default" if stanza is GLOBAL_STANZA else stanza
        expected.setdefault(name, {}).update({key.strip(): value.strip() for key, value in settings.items()})
    assert {name: found for name, found in conf.stanzas.items() if found} == {
        name: found for name, found in expected.items() if found
    }


def app(tmp_path: Path, **layers: str) -> str:
    for layer, text in layers.items():
        (tmp_path / layer).mkdir()
        (tmp_path / layer / "savedsearches.conf").write_text(text, encoding="utf-8")
    return str(tmp_path)


def test_local_wins_key_by_key_and_default_fills_the_gaps(tmp_path: Path) -> None:
    folder = app(
        tmp_path,
        default="[default]\nkept = d\ncron = d\n[a]\ncron = a\nscore = 1\n",
        local="\ufeff[default]\ncron = local d\nextra = e\n[a]\nscore = 2\n[b]\n",
    )
    conf = read_app_conf(folder, "savedsearches.conf")
    assert conf.names() == ["a", "b"]
    assert conf.settings("a") == {"kept": "d", "cron": "a", "extra": "e", "score": "2"}
    assert conf.settings("b") == {"kept": "d", "cron": "local d", "extra": "e"}


def test_a_line_that_is_no_setting_is_remembered_with_its_place(tmp_path: Path) -> None:
    conf = read_app_conf(app(tmp_path, default="[a]\nx = 1\\\n 2\noops\n"), "savedsearches.conf")
    assert conf.unread == {"a": [f"{tmp_path}/default/savedsearches.conf:4: oops"]}


def test_an_app_without_the_file_has_no_stanzas(tmp_path: Path) -> None:
    assert read_app_conf(str(tmp_path), "savedsearches.conf").stanzas == {}


def test_a_file_that_is_not_utf_8_is_an_error_that_names_it(tmp_path: Path) -> None:
    folder = app(tmp_path, local="")
    (tmp_path / "local" / "savedsearches.conf").write_bytes(b"[a]\nx = \xff\n")
    with pytest.raises(RbaError, match=r"local.savedsearches\.conf cannot be read"):
        read_app_conf(folder, "savedsearches.conf")
