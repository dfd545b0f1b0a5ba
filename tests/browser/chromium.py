"""Chromium, and ``replay preview``, in processes of their own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import ROOT

NODE_FOLDER = ROOT / "dev" / "preview"
REPLAY = Path(sys.executable).with_name("replay")


class Browser:
    """A headless Chromium with an empty profile.

    Attributes:
        calls: every command of ``driver.js`` is called by its name.
    """

    def __init__(self) -> None:
        node, chromium = shutil.which("node"), shutil.which("chromium")
        assert node and chromium
        command = [node, str(Path(__file__).with_name("driver.js")), str(NODE_FOLDER), chromium]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, command: str, /, **given: Any) -> Any:
        """Do one thing in the page, and wait until the page has its answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"command": command, **given}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the browser ended at `{command}`"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)


@dataclass
class Preview:
    """A running ``replay preview``.

    Attributes:
        address: that it printed.
        apps, data: that it was given, for ``replay search`` to be given the same.
    """

    process: subprocess.Popen[str]
    address: str
    apps: tuple[Path, ...]
    data: tuple[Path, ...]

    def rows(self, spl: str, earliest: str = "", latest: str = "") -> list[dict[str, Any]]:
        """What ``replay search`` gives for a search."""
        command = [str(REPLAY), "search", spl, *map(str, self.data), "--output", "json", "--tolerate"]
        command += [part for app in self.apps for part in ("--app", str(app))]
        command += ["--earliest", earliest] if earliest else []
        command += ["--latest", latest] if latest else []
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(timeout=30) == 0


def start_preview(data: tuple[Path, ...], apps: tuple[Path, ...] = ()) -> Preview:
    """Start it on a free port, and wait until it has printed its address."""
    command = [str(REPLAY), "preview", *map(str, data), "--port", "0"]
    command += [part for app in apps for part in ("--app", str(app))]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if found := re.search(r"Open (http://\S+)", line):
            return Preview(process, found[1], apps, data)
    raise AssertionError("".join(said))
