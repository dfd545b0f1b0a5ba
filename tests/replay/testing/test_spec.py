"""Files of tests: what they may say, and where an error is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.errors import KnowledgeError
from replay.testing.document import read_document
from replay.testing.new import yaml_text
from replay.testing.spec import find_files, read_tests

WriteLog = Callable[..., Path]
WriteTests = Callable[[str], Path]

GOOD = """\
name: All of it
search: Tools
tests:
  - name: one
    description: with every key
    search: Counts
    attack_data:
      - {data: a.log, source: s, sourcetype: tools, custom_index: winlogs, host: h}
    earliest_time: 2024-05-01T00:00:00Z
    latest_time: now
    macros: {tools_filter: tool=*}
    expected:
      count: 2
      risk_score: 80
      risk_message: said so
      malformed: 1
      rows:
        - {dest: 007, tool: no, args: [a, 0x1F], gone: null, empty: ""}
    not_expected:
      - dest: other
  - name: two
    attack_data: [data: a.log]
"""


def test_every_key(write_log: WriteLog, write_tests: WriteTests, tmp_path: Path) -> None:
    write_log("a.log", {"dest": "h"})
    one, two = read_tests(write_tests(GOOD))
    assert (one.name, one.suite, one.search, one.earliest, one.latest) == (
        "one", "All of it", "Counts", "2024-05-01T00:00:00Z", "now",
    )  # fmt: skip
    log = one.data[0]
    assert (log.path, log.source, log.sourcetype, log.host, log.index) == (
        tmp_path / "a.log", "s", "tools", "h", "winlogs",
    )  # fmt: skip
    assert (one.expected.count, one.expected.malformed) == (2, 1)
    assert one.expected.every is not None
    assert one.expected.every.fields == {"risk_score": "80", "risk_message": "said so"}
    assert one.macros == {"tools_filter": "tool=*"}
    assert [row.fields for row in one.forbidden] == [{"dest": "other"}]
    assert (two.search, two.data[0].index, two.expected.count, two.skipped) == ("Tools", "main", None, "")


def test_values_are_the_text_that_stands_in_the_file(write_log: WriteLog, write_tests: WriteTests) -> None:
    write_log("a.log")
    row = read_tests(write_tests(GOOD))[0].expected.rows[0]
    assert row.fields == {"dest": "007", "tool": "no", "args": ("a", "0x1F"), "gone": None, "empty": ""}


HEAD = "name: x\nsearch: Tools\ntests:\n"
TEST = "  - name: one\n    attack_data: [data: a.log]\n"
WRONG = [
    ("no YAML", "name: [", 1, "not YAML"),
    ("a tab", "name: x\n\tsearch: y\n", 2, "not YAML"),
    ("two documents", "name: x\n---\nname: y\n", 2, "not YAML"),
    ("nothing", "", None, "is empty"),
    ("a list", "- name: x\n", 1, "`key: value` lines"),
    ("an alias", "name: &a x\nsearch: *a\n", 2, "aliases"),
    ("an unknown key of the file", "nam: x\n" + HEAD + TEST, 1, "unknown key `nam`"),
    ("an unknown key of a test", HEAD + TEST + "    expect: 1\n", 6, "nearest: `expected`"),
    ("an unknown key of a log", HEAD + "  - name: one\n    attack_data: [{data: a.log, index: x}]\n", 5, "`index`"),
    ("an unknown key of what is expected", HEAD + TEST + "    expected:\n      row: []\n", 7, "nearest: `rows`"),
    ("a key twice", HEAD + TEST + "    name: two\n", 6, "`name` stands twice"),
    ("no tests", "name: x\n", 1, "`tests` is missing"),
    ("an empty list of tests", "name: x\ntests: []\n", 2, "a file without tests"),
    ("no name", HEAD + "  - attack_data: [data: a.log]\n", 4, "`name` is missing"),
    ("no search", "name: x\ntests:\n" + TEST, 3, "`search` is missing"),
    ("no log", HEAD + "  - name: one\n    attack_data: []\n", 5, "no log"),
    ("a log that is not there", HEAD + "  - name: one\n    attack_data: [data: b.log]\n", 5, "no such log"),
    ("a log on the web", HEAD + "  - name: one\n    attack_data: [data: 'https://x/b.log']\n", 5, "downloaded"),
    ("logs that are no list", HEAD + "  - name: one\n    attack_data: a.log\n", 5, "takes a list"),
    ("a name twice", HEAD + TEST + TEST, 6, "each has a name of its own"),
    ("a count that is none", HEAD + TEST + "    expected: {count: many}\n", 6, "`count` takes a number"),
    ("too many rows", HEAD + TEST + "    expected:\n      rows: [{a: b}]\n      count: 0\n", 8, "cannot hold"),
    ("the risk of no row", HEAD + TEST + "    expected: {count: 0, risk_score: 1}\n", 6, "say nothing"),
    ("a row without fields", HEAD + TEST + "    expected: {rows: [{}]}\n", 6, "a row without a field"),
    ("a row in a row", HEAD + TEST + "    expected: {rows: [{a: {b: c}}]}\n", 6, "`a` takes a text"),
    ("an empty name", HEAD + "  - name:\n    attack_data: [data: a.log]\n", 4, "`name` takes a text"),
]


@pytest.mark.parametrize(("text", "line", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_an_error_names_file_and_line(
    write_log: WriteLog, write_tests: WriteTests, text: str, line: int | None, says: str
) -> None:
    write_log("a.log")
    path = write_tests(text)
    with pytest.raises(KnowledgeError) as raised:
        read_tests(path)
    assert says in raised.value.message
    assert (raised.value.place.file, raised.value.place.line) == (str(path), line)


def test_a_test_whose_logs_may_be_missing_is_skipped_with_the_reason(write_tests: WriteTests) -> None:
    path = write_tests(HEAD + "  - name: one\n    attack_data: [data: b.log]\n    optional_data: on the build server\n")
    assert read_tests(path)[0].skipped.endswith("b.log is not here: on the build server")


def test_folders_are_searched_for_files(tmp_path: Path, write_tests: WriteTests) -> None:
    below = tmp_path / "below"
    below.mkdir()
    first, second = write_tests(HEAD), below / "more.yaml"
    second.write_text(HEAD, encoding="utf-8")
    (below / "notes.txt").write_text("not a test", encoding="utf-8")
    assert find_files([tmp_path, first]) == [second, first]
    for missing, says in ((tmp_path / "nothing.yml", "no such file"), (tmp_path / "empty", "no tests")):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(KnowledgeError, match=says):
            find_files([missing])


@given(value=st.text())
def test_what_the_template_writes_reads_back(value: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "written.yml"
    written = yaml_text(value)
    assert "\n" not in written
    path.write_text(f"field: {written}  # said\nlist: {yaml_text([value, 'a'])}\n", encoding="utf-8", newline="\n")
    document = read_document(path)
    assert document.key("field").value() == value
    if value:
        assert document.key("list").value() == (value, "a")
