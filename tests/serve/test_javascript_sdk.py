"""The unmodified splunk-sdk for JavaScript against the server.

npm fetches it once, into ``.venv-javascript``; ``sdk.js`` beside this file uses it, and says what it saw.
"""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from serve.running import PASSWORD, Start
from support import ROOT

pytestmark = pytest.mark.slow

SDK = "splunk-sdk@2.0.2"
FOLDER = ROOT / ".venv-javascript"
SEEN = {
    "wrongPassword": 401,
    "login": True,
    "product": "enterprise",
    "user": "admin",
    "oneshot": [["1"], ["2"], ["3"]],
    "badSearch": 400,
    "count": 3,
    "page": [["2"], ["3"]],
    "preview": 3,
    "searchlog": True,
    "jobs": True,
    "ttl": 77,
    "cancelled": 404,
    "disabled": 400,
    "dispatched": 1,
    "history": 1,
    "suppressed": False,
    "description": "changed",
    "removed": True,
    "event": {"index": "from_js", "bytes": 13, "host": "h", "source": "s", "sourcetype": "js"},
    "found": [["hello from js", "h", "s", "js"]],
    "logged": 11,
    "macro": [["1"]],
    "apps": True,
    "users": ["admin"],
    "parsed": ["search", "stats"],
    "model": True,
    "document": {"_key": "k", "a": 1, "_user": "nobody"},
    "documents": [],
}


def test_what_the_javascript_sdk_sees(start: Start) -> None:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if not (FOLDER / "node_modules/splunk-sdk").is_dir():
        FOLDER.mkdir(exist_ok=True)
        command = ["npm", "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", SDK]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(FOLDER)
            pytest.skip(f"{SDK} cannot be installed: {done.stderr[-500:]}")
    server = start()
    script = str(ROOT / "tests/serve/sdk.js")
    command = ["node", script, str(FOLDER / "node_modules"), str(server.port), PASSWORD]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == SEEN
    assert server.stop() == 0
