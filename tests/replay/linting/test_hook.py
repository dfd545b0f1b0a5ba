"""The hook that pre-commit reads: what it names is there. That it runs was tried with ``pre-commit try-repo``."""

from __future__ import annotations

import os
import subprocess

import yaml
from support import ROOT


def test_the_hook_starts_a_script_that_is_there() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["id"], hook["language"], hook["pass_filenames"]) == ("replay-lint", "script", False)
    script = ROOT / hook["entry"]
    assert os.access(script, os.X_OK)
    subprocess.run(["sh", "-n", script], check=True)
    assert 'exec "$venv/bin/replay" lint "$@"' in script.read_text(encoding="utf-8")
    assert hook["args"] == ["--app", "."]
