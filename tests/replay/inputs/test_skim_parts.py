"""A large file is skimmed by several processes: every line by one of them, and nothing is lost if one fails."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay import inputs
from replay.inputs import skim_parts
from replay.session import Session

WANTED = "<Event xmlns='x'><System>wanted</System></Event>"
OTHER = "<Event xmlns='x'><System>other</System></Event>"
LINE = st.sampled_from([WANTED, OTHER, OTHER, "", "wanted", "text", "<Event xmlns='x'><System>", "ü\r", "x" * 300])


@given(st.lists(LINE, max_size=12), st.sampled_from(["\n", ""]), st.integers(1, 400))
def test_each_line_belongs_to_one_part(lines: list[str], end: str, part: int) -> None:
    text = ("\n".join(lines) + end).encode()
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")
        log.write_bytes(text)
        with log.open("rb", buffering=0) as file:
            starts = range(0, len(text), part)
            read = [skim_parts.skimmed(file, start, len(text), part, ["event"]) for start in starts]
    left = b"".join(left for _, left in read)
    events = sum(passed for passed, _ in read)
    assert left == text
    assert events == 0


def test_what_is_appended_to_a_log_is_in_its_last_part(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("a\nb\nc\n", encoding="utf-8")
    with log.open("rb", buffering=0) as file:
        read = [skim_parts.skimmed(file, start, 4, 2, ["x"]) for start in (0, 2)]
    assert read == [(0, b"a\n"), (0, b"b\nc\n")]


def big(log: Path) -> Path:
    head = "<Channel>C</Channel><TimeCreated SystemTime='2024-03-12T10:00:{:02}.000000Z'/><Computer>h</Computer>"
    event = "<Event xmlns='x'><System>{}</System><EventData><Data Name='A'>{}</Data></EventData></Event>\n"
    lines = [event.format(head.format(n % 60), "wanted" if n % 100 == 7 else "other") for n in range(2_000)]
    log.write_text("".join(lines), encoding="utf-8")
    return log


@pytest.fixture
def parted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "LARGE", 1)
    monkeypatch.setattr(skim_parts, "PART", 20_000)


def test_processes_pass_over_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, read = big(tmp_path / "log"), [0]
    alone = Session().load([log], texts=frozenset(["wanted"]))
    monkeypatch.setattr(inputs, "LARGE", 1)
    monkeypatch.setattr(skim_parts, "PART", 20_000)
    session = Session()
    loaded = session.load([log], texts=frozenset(["wanted"]), on_bytes=read.append)
    assert (loaded.events, loaded.passed, loaded.problems) == (2_000, 1_980, []) == (alone.events, alone.passed, [])
    assert session.index.count() == 20
    assert sum(read) >= log.stat().st_size


@pytest.mark.usefixtures("parted")
@pytest.mark.parametrize("python", ["/bin/false", "no such program"])
def test_nothing_is_lost_where_processes_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str) -> None:
    monkeypatch.setattr(sys, "executable", python)
    session = Session()
    loaded = session.load([big(tmp_path / "log")], texts=frozenset(["wanted"]))
    assert (loaded.events, loaded.problems) == (2_000, [])
    assert session.index.count() == 2_000 - loaded.passed >= 20


@pytest.mark.usefixtures("parted")
def test_what_a_process_cannot_read_is_read_by_this_one(tmp_path: Path) -> None:
    """Half of a character at the end of a part, a line that goes over several parts, a log in UTF-16."""
    text = big(tmp_path / "log").read_text(encoding="utf-8").replace("other", "ö" * 50)
    for encoding, name in (("utf-8", "long"), ("utf-16", "wide")):
        log = tmp_path / name
        log.write_bytes(text.replace("\n", "", 300).encode(encoding))
        session = Session()
        loaded = session.load([log], texts=frozenset(["wanted"]))
        assert (loaded.events, loaded.problems) == (2_000, []), name
        rows = session.engine.execute("SELECT count(*) FROM events WHERE contains(_raw, 'wanted')")
        assert rows == [(20,)], name
