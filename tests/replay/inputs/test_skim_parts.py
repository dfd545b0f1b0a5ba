"""A large file is skimmed by several processes: every line by one of them, and nothing is lost if one fails."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.inputs import skim_parts
from replay.inputs.base import EVENT_LIMIT
from replay.session import Loaded, Session
from support import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one process does it all")

WANTED = "<Event xmlns='x'><System>wanted</System></Event>"
OTHER = "<Event xmlns='x'><System>other</System></Event>"
LINE = st.sampled_from([WANTED, OTHER, OTHER, "", "wanted", "text", "<Event xmlns='x'><System>", "ü\r", "x" * 300])


@given(
    st.lists(LINE, max_size=12), st.sampled_from(["\n", ""]), st.integers(1, 400), st.integers(1, 400),
    st.sampled_from([100, EVENT_LIMIT]),
)  # fmt: skip
def test_each_line_belongs_to_one_part(lines: list[str], end: str, part: int, block: int, longest: int) -> None:
    text = ("\n".join(lines) + end).encode()
    with (
        TemporaryDirectory() as folder,
        patch.object(skim_parts, "BLOCK", block),
        patch.object(skim_parts, "EVENT_LIMIT", longest),
    ):
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
    """Any file is large, for two processes; that this one has threads does not matter to what they do."""
    monkeypatch.setattr(skim_parts, "LARGE", 1)
    monkeypatch.setattr(skim_parts, "PART", 20_000)
    monkeypatch.setattr(skim_parts, "_cores", lambda: 2)
    monkeypatch.setattr(threading, "active_count", lambda: 1)


def load(session: Session, *logs: Path, read: Callable[[int], None] = lambda count: None) -> Loaded:
    texts = frozenset(["wanted"])
    with skim_parts.helpers(map(str, logs), texts) as helpers:
        assert helpers is not None
        return session.load(logs, "lines", texts=texts, on_bytes=read, helpers=helpers)


def wanted(session: Session) -> int:
    return int(session.engine.scalar("SELECT count(*) FROM events WHERE contains(_raw, 'wanted')"))


@pytest.mark.usefixtures("parted")
def test_processes_pass_over_what_one_does(tmp_path: Path) -> None:
    log, read = big(tmp_path / "log"), [0]
    alone = Session().load([log], texts=frozenset(["wanted"]))
    session = Session()
    loaded = load(session, log, read=read.append)
    assert (loaded.events, loaded.passed, loaded.problems) == (2_000, 1_980, []) == (alone.events, alone.passed, [])
    assert session.index.count() == 20
    assert sum(read) >= log.stat().st_size


@pytest.mark.usefixtures("parted")
def test_several_files(tmp_path: Path) -> None:
    """One of them twice, and one that is no XML, which the processes leave alone."""
    logs = [big(tmp_path / name) for name in ("a", "b")]
    lines = tmp_path / "a.txt"
    lines.write_text("2024-03-12T10:00:00Z wanted\n" * 3, encoding="utf-8")
    session = Session()
    loaded = load(session, logs[0], logs[0], lines, logs[1])
    assert (loaded.events, loaded.passed, loaded.problems) == (6_003, 5_940, [])
    assert wanted(session) == 63


@pytest.mark.usefixtures("parted")
def test_nothing_is_lost_where_a_process_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> NoReturn:
        raise OSError("no")

    log = big(tmp_path / "log")
    monkeypatch.setattr(skim_parts, "skimmed", fail)
    session = Session()
    loaded = load(session, log)
    assert (loaded.events, loaded.passed, loaded.problems) == (2_000, 0, [])
    assert wanted(session) == 20


@pytest.mark.usefixtures("parted")
def test_processes_end_with_their_work_whatever_comes_of_it(tmp_path: Path) -> None:
    log = big(tmp_path / "log")
    log.write_text(log.read_text(encoding="utf-8") * 4, encoding="utf-8")  # more than a pipe holds
    with pytest.raises(KeyboardInterrupt), skim_parts.helpers([str(log)], ["o"]) as helpers:
        assert helpers is not None
        numbers = [helper.process for helper in helpers._helpers]
        raise KeyboardInterrupt
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


ABANDONED = """
import sys, time
from replay.inputs import skim_parts
from replay.inputs.base import EVENT_LIMIT
skim_parts.LARGE, skim_parts.PART, skim_parts._cores = 1, 200_000, lambda: 3
with skim_parts.helpers(sys.argv[1:], ["e"]) as helpers:
    print(*(helper.process for helper in helpers._helpers), flush=True)
    time.sleep(60)
"""


def runs(process: str) -> bool:
    try:
        state = Path("/proc", process, "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"  # dead, and not yet asked for by whoever has it now


def test_processes_end_if_whoever_started_them_is_killed(tmp_path: Path) -> None:
    log = big(tmp_path / "log")
    log.write_text(log.read_text(encoding="utf-8") * 8, encoding="utf-8")  # more than their pipes hold
    command = [sys.executable, "-c", ABANDONED, str(log)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "dev")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        started = process.stdout.readline().split()
        process.kill()
    assert len(started) == 3
    deadline = time.monotonic() + 20
    while any(map(runs, started)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(runs, started))


@pytest.mark.usefixtures("parted")
def test_there_are_none_where_they_are_of_no_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = str(big(tmp_path / "log"))
    with skim_parts.helpers([log], None) as nothing_to_look_for:
        assert nothing_to_look_for is None
    with skim_parts.helpers([str(tmp_path / "missing")], ["x"]) as missing:
        assert missing is None
    monkeypatch.setattr(threading, "active_count", lambda: 2)  # a fork would take along what they hold
    with skim_parts.helpers([log], ["x"]) as threads:
        assert threads is None


@pytest.mark.usefixtures("parted")
def test_a_pipe_is_left_to_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read of it once is gone."""
    monkeypatch.setattr(skim_parts, "LARGE", 0)
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.write(write, WANTED.encode())
    with skim_parts.helpers([f"/dev/fd/{read}"], ["x"]) as helpers:
        assert helpers is None
    assert os.read(read, 1_000) == WANTED.encode()
    os.close(read)
    os.close(write)


@pytest.mark.usefixtures("parted")
def test_no_process_can_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> NoReturn:
        raise BlockingIOError("too many processes")

    log = str(big(tmp_path / "log"))
    monkeypatch.setattr(os, "fork", fail)
    with skim_parts.helpers([log], ["x"]) as helpers:
        assert helpers is None


@pytest.mark.usefixtures("parted")
def test_what_a_process_cannot_read_is_read_by_this_one(tmp_path: Path) -> None:
    """Half of a character at the end of a part, a line that goes over several parts, a log in UTF-16."""
    text = big(tmp_path / "log").read_text(encoding="utf-8").replace("other", "ö" * 50)
    for encoding, name in (("utf-8", "long"), ("utf-16", "wide")):
        log = tmp_path / name
        log.write_bytes(text.replace("\n", "", 300).encode(encoding))
        session = Session()
        with skim_parts.helpers([str(log)], ["wanted"]) as helpers:
            loaded = session.load([log], texts=frozenset(["wanted"]), helpers=helpers)
        assert (loaded.events, loaded.problems) == (2_000, []), name
        assert wanted(session) == 20, name
