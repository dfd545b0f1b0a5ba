"""The .conf format: what a file says, where it says it, and what is no .conf file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.errors import KnowledgeError
from replay.knowledge.conf import ConfFile

# (case, text of the file, {stanza: {key: (value, line)}})
CASES = [
    ("settings of a stanza", "[a]\nx = 1\ny=2\n", {"a": {"x": ("1", 2), "y": ("2", 3)}}),
    ("case of stanzas and keys is kept", "[A]\nKey = V\n", {"A": {"Key": ("V", 2)}}),
    (
        "a value may hold = and [",
        "[a]\nsearch = x=1 | eval y=[z]\n",
        {"a": {"search": ("x=1 | eval y=[z]", 2)}},
    ),
    ("comments and blank lines", "# c\n\n[a]\n  # c = 1\n; c = 2\nx = 1 # v\n", {"a": {"x": ("1 # v", 6)}}),
    (
        "a continued value",
        "[a]\nx = one \\\n  two\\\n\ny = 3\n",
        {"a": {"x": ("one \n  two", 2), "y": ("3", 5)}},
    ),
    (
        "a continued line may look like a stanza",
        "[a]\nx = 1 \\\n[b]\ny = 2\n",
        {"a": {"x": ("1 \n[b]", 2), "y": ("2", 4)}},
    ),
    ("blanks around a value go", "[a]\nx =   1  \n", {"a": {"x": ("1", 2)}}),
    ("an empty value", "[a]\nx =\n", {"a": {"x": ("", 2)}}),
    ("the last of two settings counts", "[a]\nx = 1\nx = 2\n", {"a": {"x": ("2", 3)}}),
    (
        "a stanza given twice is one",
        "[a]\nx = 1\n[b]\n[a]\ny = 2\n",
        {"a": {"x": ("1", 2), "y": ("2", 5)}, "b": {}},
    ),
    ("settings above the first stanza", "x = 1\n[a]\n", {"default": {"x": ("1", 1)}, "a": {}}),
    ("the nameless stanza", "[]\nexport = system\n", {"": {"export": ("system", 2)}}),
    ("brackets in a stanza", "[foo[1]]\nx = 1\n", {"foo[1]": {"x": ("1", 2)}}),
    ("windows line ends", "[a]\r\nx = 1 \\\r\n2\r\n", {"a": {"x": ("1 \n2", 2)}}),
    ("a byte order mark", "\ufeff[a]\nx = 1\n", {"a": {"x": ("1", 2)}}),
    ("separators that are no newline", "[a]\nx = 1\u20282\x0b3\n", {"a": {"x": ("1\u20282\x0b3", 2)}}),
    ("a commented-out long value", "[a]\n#x = 1 \\\n# | y \\\n\nz = 3\n", {"a": {"z": ("3", 5)}}),
    ("an empty file", "", {}),
]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_file_reads_as(tmp_path: Path, text: str, expected: dict[str, dict[str, tuple[str, int]]]) -> None:
    path = tmp_path / "x.conf"
    path.write_bytes(text.encode())
    found = {
        stanza.name: {key: (setting.value, setting.place.line) for key, setting in stanza.settings.items()}
        for stanza in ConfFile(path).stanzas.values()
    }
    assert found == expected


def test_a_file_that_does_not_exist_says_nothing(tmp_path: Path) -> None:
    assert ConfFile(tmp_path / "none.conf").stanzas == {}


BROKEN = [
    (b"[a]\nx = 1\njunk\n", ":3: cannot read the line `junk`"),
    (b"[a]\nx = 1 \\ \n | stats count\n", ":3: cannot read the line `| stats count`"),
    (b"[a]\n# C:\\\n[b]\n", ":2: a comment ends in a backslash before a line that is none"),
    (b"[a\nx = 1\n", ":1: cannot read the line `[a`"),
    (b"[a]\nx = \xff\n", " byte 8: not utf-8 text"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_broken_file_is_an_error_with_its_place(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.conf"
    path.write_bytes(content)
    with pytest.raises(KnowledgeError) as error:
        ConfFile(path).stanzas  # noqa: B018  (reading is what fails)
    assert str(error.value).startswith(f"{path}{message}")


def test_places_read_as_file_line_stanza_key(tmp_path: Path) -> None:
    path = tmp_path / "x.conf"
    path.write_text("\n[a]\nx = 1\n")
    stanza = ConfFile(path).stanzas["a"]
    assert str(stanza.place_of("x")) == f"{path}:3 [a] x"
    assert str(stanza.place_of("y")) == f"{path}:2 [a]"


BOOLEANS = [
    ("1", True),
    ("TRUE", True),
    ("yes", True),
    ("t", True),
    ("0", False),
    ("False", False),
    ("n", False),
]


@pytest.mark.parametrize(("text", "value"), BOOLEANS)
def test_booleans(tmp_path: Path, text: str, value: bool) -> None:
    path = tmp_path / "x.conf"
    path.write_text(f"[a]\nx = {text}\n")
    stanza = ConfFile(path).stanzas["a"]
    assert stanza.flag("x", default=not value) is value
    assert stanza.flag("y", default=True) is True


def test_what_is_neither_boolean_nor_number_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.conf"
    path.write_text("[a]\nx = maybe\n")
    stanza = ConfFile(path).stanzas["a"]
    with pytest.raises(KnowledgeError, match=r"x.conf:2 \[a\] x: `maybe` is not a boolean"):
        stanza.flag("x")
    with pytest.raises(KnowledgeError, match=r"x.conf:2 \[a\] x: `maybe` is not a whole number"):
        stanza.number("x", 1)


NAMES = st.text(alphabet="abcXYZ_.:-", min_size=1, max_size=8)
VALUES = st.text(alphabet='abc =[]"|\\#;\n', max_size=20).map(str.strip).filter(lambda text: not text.endswith("\\"))


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=4))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, conf: dict[str, dict[str, str]]) -> None:
    path = tmp_path_factory.mktemp("conf") / "x.conf"
    lines: list[str] = []
    for stanza, settings in conf.items():
        lines.append(f"[{stanza}]")
        lines += [f"{key} = {value}".replace("\n", "\\\n") for key, value in settings.items()]
    path.write_text("\n".join(lines) + "\n")
    read = {name: dict(stanza.values()) for name, stanza in ConfFile(path).stanzas.items()}
    assert read == conf


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("conf") / "x.conf"
    path.write_bytes(content)
    try:
        stanzas = ConfFile(path).stanzas
    except KnowledgeError as error:
        assert error.place.file == str(path)
    else:
        lines = content.count(b"\n") + 1
        places = [setting.place for stanza in stanzas.values() for setting in stanza.settings.values()]
        assert all(place.line is not None and 1 <= place.line <= lines for place in places)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def nowhere(path: Path) -> None:
    path.symlink_to("no_such_file")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, loop, nowhere])
def test_what_is_there_and_cannot_be_read_is_an_error(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "savedsearches.conf"
    make(path)
    with pytest.raises(KnowledgeError, match="this is no file") as caught:
        _ = ConfFile(path).stanzas
    assert caught.value.place.file == str(path)


def test_what_is_not_there_has_no_stanzas(tmp_path: Path) -> None:
    assert ConfFile(tmp_path / "savedsearches.conf").stanzas == {}
