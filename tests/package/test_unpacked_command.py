"""The command out of the package, unpacked elsewhere, with nothing but the package's own ``lib/``.

The protocol is version 2 of custom search commands (Splunk, "Custom search command protocol", and the SDK's
``splunklib.searchcommands``): ``chunked 1.0,<metadata bytes>,<body bytes>``, then JSON, then CSV.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

DETECTION = "Endpoint - Windows Remote Assistance Spawning Process - Rule"
PYENV = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions").glob("3*/bin/python3"))
WANTED = ("3.9", "3.13")  # what Splunk 9 and 10 run
HIT = {
    "dest": "host-1",
    "parent_process_name": "msra.exe",
    "process_name": "cmd.exe",
    "process": "cmd /c $x$",
}


def frame(metadata: dict[str, Any], body: str = "") -> bytes:
    """One message of the protocol."""
    header, content = json.dumps(metadata).encode(), body.encode()
    return f"chunked 1.0,{len(header)},{len(content)}\n".encode() + header + content


def replies(output: bytes) -> list[tuple[dict[str, Any], list[dict[str, str]]]]:
    """The messages that a command answered: metadata and rows of each."""
    stream, found = io.BytesIO(output), []
    while line := stream.readline():
        kind, lengths = line.decode().split(" ", 1)
        assert kind == "chunked"
        version, header, body = lengths.split(",")
        assert version == "1.0"
        metadata = json.loads(stream.read(int(header)))
        found.append((metadata, list(csv.DictReader(io.StringIO(stream.read(int(body)).decode())))))
    return found


def pythons() -> list[Any]:
    """The Python below this virtual environment, and each that Splunk runs; a missing one is skipped."""
    cases = [pytest.param(Path(sys.base_prefix, "bin", "python3"), id="this Python")]
    for version in WANTED:
        python = next((path for path in PYENV if path.parts[-3].startswith(f"{version}.")), None)
        missing = pytest.mark.skip(reason=f"no Python {version} on this machine")
        cases.append(pytest.param(python, id=version, marks=() if python else missing))
    return cases


@pytest.fixture(scope="module")
def app(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("etc") / "apps"
    with tarfile.open(package) as tar:
        tar.extractall(folder, filter="data")
    return folder / "DA-ESS-RemoteAssistance"


def run(python: Path, app: Path, arguments: list[str], rows: str) -> list[tuple[dict[str, Any], list[dict[str, str]]]]:
    """Run the command as splunkd does: getinfo, then one chunk of results."""
    info = {
        "action": "getinfo",
        "preview": False,
        "streaming_command_will_restart": False,
        "searchinfo": {
            "args": arguments,
            "raw_args": arguments,
            "app": app.name,
            "dispatch_dir": str(app),
            "earliest_time": "0",
            "latest_time": "0",
            "search": "",
            "sid": "1",
            "splunk_version": "10.0.0",
        },
    }
    done = subprocess.run(
        [str(python), "-E", "-s", "-B", str(app / "bin/rbaenrich.py")],
        input=frame(info) + frame({"action": "execute", "finished": True}, rows),
        capture_output=True,
        cwd=app / "bin",
        env={"PATH": os.environ["PATH"]},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    return replies(done.stdout)


@pytest.mark.parametrize("python", pythons())
def test_the_command_runs_from_the_package_alone(app: Path, python: Path) -> None:
    rows = io.StringIO()
    writer = csv.DictWriter(rows, list(HIT))
    writer.writeheader()
    writer.writerow(HIT)
    (info, _), (metadata, results) = run(python, app, [f"detection={DETECTION}"], rows.getvalue())
    assert info["type"] in ("streaming", "stateful")
    assert metadata["finished"] is True
    assert len(results) == 1
    assert {name: results[0][name] for name in HIT} == HIT
    assert results[0]["risk_score"] == "80"
    assert results[0]["risk_message"] == (
        "An instance of msra.exe spawning cmd.exe was identified on endpoint host-1, "
        "generating behavior not common with msra.exe."
    )
    assert results[0]["annotations.mitre_attack"] == "T1055"


def test_the_library_is_enough_to_import_the_sdk(app: Path) -> None:
    code = "import sys; sys.path[:0] = [sys.argv[1]]; import splunklib.searchcommands; import splunklib as s; "
    code += "from importlib.metadata import version; print(s.__file__, version('splunk-sdk'))"
    python = [sys.executable, "-I", "-S", "-B", "-c", code, str(app / "lib")]
    done = subprocess.run(python, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(app / "lib/splunklib/__init__.py"), "2.1.1"]
