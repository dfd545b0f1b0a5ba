"""Drives the command as splunkd does: a process, and the chunked protocol, version 2, on its pipes.

A frame is ``chunked 1.0,<metadata bytes>,<body bytes>`` and a newline, then the metadata (JSON), then the
body (CSV). splunkd sends ``getinfo``, then a frame for each chunk of results; the command answers each. A
command that refuses answers ``getinfo`` with an error and ends.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import splunklib

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "bin" / "rbaenrich.py"
VERSIONS = ("3.9", "3.13")

Rows = Sequence[Sequence[str]]


@cache
def find_python(version: str) -> str | None:
    """A Python of this version: on PATH, or of pyenv. None where the machine has none that runs."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [
        shutil.which(f"python{version}"),
        *sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/python3"))),
    ]
    for candidate in filter(None, candidates):
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([candidate, "-c", code], capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return candidate
    return None


def sdk_alone(folder: Path) -> Path:
    """A folder with the SDK of this environment and nothing else, for the PYTHONPATH of another Python."""
    site = Path(splunklib.__file__).parents[1]
    for part in [site / "splunklib", *site.glob("splunk_sdk-*.dist-info")]:
        (folder / part.name).symlink_to(part, target_is_directory=True)
    return folder


@dataclass
class Reply:
    """What the command answered.

    Attributes:
        code: exit code.
        frames: metadata and body of each frame; the first answers getinfo.
        log: what it wrote to stderr.
    """

    code: int
    frames: list[tuple[dict[str, Any], str]]
    log: str

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Level and text of each message to the user."""
        found = [meta.get("inspector", {}).get("messages", []) for meta, _ in self.frames]
        return [(level, text) for messages in found for level, text in messages]

    @property
    def chunks(self) -> list[list[dict[str, str]]]:
        """The results of each chunk, as field to cell."""
        csv.field_size_limit(2**31 - 1)  # the SDK, which other tests import, lowers it
        tables = [list(csv.reader(io.StringIO(body))) for _, body in self.frames[1:]]
        return [[dict(zip(table[0], row, strict=True)) for row in table[1:]] for table in tables]

    @property
    def results(self) -> list[dict[str, str]]:
        """The results of all chunks."""
        return [result for chunk in self.chunks for result in chunk]


@dataclass
class Driver:
    """Runs the command under one Python."""

    python: str
    environ: Mapping[str, str] = field(default_factory=dict)
    command: Path = COMMAND

    def run(self, args: Sequence[str], *chunks: Rows | str, searchinfo: Mapping[str, str] | None = None) -> Reply:
        """Sends getinfo with the arguments ``args``, then the chunks: rows with their header, or a body."""
        info = {
            "args": list(args),
            "raw_args": list(args),
            "dispatch_dir": "/nonexistent",
            "sid": "1700000000.1",
            "app": "search",
            "owner": "admin",
            "username": "admin",
            "session_key": "",
            "splunkd_uri": "",
            "splunk_version": "9.4.0",
            "search": "%7C%20rbaenrich",
            "command": "rbaenrich",
            "maxresultrows": 50000,
            "earliest_time": "0",
            "latest_time": "0",
            **(searchinfo or {}),
        }
        sent = _frame({"action": "getinfo", "preview": False, "searchinfo": info}, "")
        for number, chunk in enumerate(chunks, 1):
            body = chunk if isinstance(chunk, str) else _csv(chunk)
            sent += _frame({"action": "execute", "finished": number == len(chunks)}, body)
        done = subprocess.run(
            [self.python, "-B", str(self.command)],
            input=sent,
            capture_output=True,
            check=False,
            timeout=120,
            env={"PATH": os.environ["PATH"], **self.environ},
        )
        return Reply(done.returncode, _frames(done.stdout), done.stderr.decode(errors="replace"))


def _csv(rows: Rows) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue()


def _frame(metadata: Mapping[str, Any], body: str) -> bytes:
    meta, data = json.dumps(metadata).encode(), body.encode()
    return f"chunked 1.0,{len(meta)},{len(data)}\n".encode() + meta + data


def _frames(data: bytes) -> list[tuple[dict[str, Any], str]]:
    frames = []
    while data:
        head, _, data = data.partition(b"\n")
        match = re.fullmatch(rb"chunked 1\.0,(\d+),(\d+)", head)
        assert match, f"no frame begins with {head!r}"
        meta, body = int(match[1]), int(match[2])
        assert len(data) >= meta + body, "the last frame is cut short"
        frames.append((json.loads(data[:meta]), data[meta : meta + body].decode()))
        data = data[meta + body :]
    return frames
