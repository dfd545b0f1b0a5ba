"""What a killed process leaves in the temporary folder is removed by the next one; what others use is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from replay.engine import Engine
from replay.spilled import PREFIX, Spilled
from support import ROOT

AT_WORK = "from replay.spilled import Spilled; s = Spilled(); print(s.name, flush=True); input()"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def aged(folder: str) -> Path:
    """A folder that was last changed an hour ago."""
    os.utime(folder, (time.time() - 3600,) * 2)
    return Path(folder)


def test_a_killed_process_leaves_nothing_for_long(temporary: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", AT_WORK],
        cwd=ROOT / "dev",
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        folder = aged(process.stdout.readline().strip())
        (folder / "part").write_text("spilled", encoding="utf-8")
        aged(str(folder))
        Spilled()
        assert (folder / "part").exists(), "it is in use"
        process.send_signal(signal.SIGKILL)
    assert folder.exists()
    Spilled()
    assert not folder.exists()


def test_what_is_none_of_ours_stays(temporary: Path) -> None:
    new, other, target = temporary / f"{PREFIX}new", temporary / "other", temporary / "target"
    for folder in (new, other, target):
        folder.mkdir()
    aged(str(other))
    aged(str(target))
    link, file = temporary / f"{PREFIX}link", temporary / f"{PREFIX}file"
    link.symlink_to(target)
    os.utime(link, (0, 0), follow_symlinks=False)
    file.touch()
    os.utime(file, (0, 0))
    Spilled()
    assert {path.name for path in temporary.iterdir()} == {new.name, "other", "target", link.name, file.name}


def test_a_temporary_folder_that_cannot_be_listed_is_used_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> list[str]:
        raise PermissionError(path)

    monkeypatch.setattr(os, "listdir", refuse)
    assert Path(Spilled().name).parent == Path(tempfile.gettempdir())


def test_the_folder_goes_with_its_engine(temporary: Path) -> None:
    engine = Engine()
    engine.connect()
    assert len(list(temporary.iterdir())) == 1
    del engine
    assert list(temporary.iterdir()) == []
