"""Custom commands that keep a search waiting: they are ended, and the error says what to do.

Source: commands.conf.spec, ``maxwait``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from replay import external
from replay.engine import Engine
from replay.errors import CommandFailed, ReplayError
from scripted import ECHO, Run, run_script


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a script as a custom command of an app of the test's own."""
    return partial(run_script, tmp_path)


# what keeps a search waiting
HANGING = {
    "no answer to getinfo": "time.sleep(600)",
    "no answer to execute": 'reply({"type": "streaming"})\nread()\ntime.sleep(600)',
    "never reads": 'reply({"type": "streaming"})\ntime.sleep(600)',
    "half an answer": 'reply({"type": "streaming"})\nread()\nprint("chunked 1.0,20,0", flush=True)\ntime.sleep(600)',
    "a child holds the pipe": "import subprocess\nsubprocess.run(['sleep', '600'])",
}


@pytest.mark.parametrize("kind", HANGING)
def test_a_command_that_never_answers_is_ended(kind: str, run: Run) -> None:
    rows = [{"a": "x" * 1000} for _ in range(1000)]  # more than a pipe takes
    with pytest.raises(CommandFailed) as caught:
        run(f"import time\n{HANGING[kind]}", rows, commands={"maxwait": "1"})
    assert caught.value.message.startswith("`cmd`: the command gave no answer for 1 seconds and was ended")
    assert "maxwait" in caught.value.message
    assert "commands.conf" in str(caught.value)


def test_without_maxwait_there_is_a_limit_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "SILENCE", 1)
    with pytest.raises(CommandFailed, match="no answer for 1 seconds"):
        run("import time\ntime.sleep(600)", [{"a": "1"}])


SLOW = """
import time
reply({"type": "streaming"})
for meta, rows in requests():
    head, body = json.dumps({"finished": meta["finished"]}).encode(), b"a\\n1\\n"
    sys.stdout.buffer.write(b"chunked 1.0,%d,%d\\n" % (len(head), len(body)) + head)
    for i in range(len(body)):
        time.sleep(PAUSE)
        sys.stdout.buffer.write(body[i : i + 1])
        sys.stdout.buffer.flush()
"""


def test_each_piece_of_an_answer_gives_more_time(run: Run) -> None:
    """The whole answer takes longer than the limit, each piece does not."""
    assert run(f"PAUSE = 1.5\n{SLOW}", [{"a": "1"}], commands={"maxwait": "5"}) == [{"a": "1"}]


def test_maxwait_0_waits_for_ever(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "SILENCE", 1)
    assert run(f"PAUSE = 1.2\n{SLOW}", [{"a": "1"}], commands={"maxwait": "0"}) == [{"a": "1"}]


def test_what_is_no_maxwait(run: Run) -> None:
    with pytest.raises(CommandFailed, match="maxwait = soon is no number of seconds"):
        run(ECHO, [{"a": "1"}], commands={"maxwait": "soon"})


def test_a_cancelled_search_ends_the_command_at_once(run: Run, tmp_path: Path) -> None:
    """As a cancelled job does: from another thread."""
    script = f"""
    import subprocess, time
    child = subprocess.Popen(["sleep", "600"])
    open({str(tmp_path / "pids")!r}, "w").write(f"{{os.getpid()}} {{child.pid}} ")
    time.sleep(600)
    """
    opened: list[Engine] = []

    def cancel() -> None:
        while not (tmp_path / "pids").exists() or not (tmp_path / "pids").read_text().endswith(" "):
            time.sleep(0.02)
        opened[0].cancel()

    original = Engine.stopping

    def noted(engine: Engine, stop: Callable[[], None]) -> Any:
        opened.append(engine)
        return original(engine, stop)

    canceller = Thread(target=cancel)
    canceller.start()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ReplayError):
        patch.setattr(Engine, "stopping", noted)
        run(script, [{"a": "1"}])
    canceller.join()
    for pid in (tmp_path / "pids").read_text().split():
        assert gone(int(pid))


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has taken note of, too."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):  # before it was opened, or before it was read
            return True
        if state.rpartition(")")[2].split()[0] in "ZX":
            return True
        time.sleep(0.05)
    return False
