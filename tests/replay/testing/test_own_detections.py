"""The tests of the app's own detections, through the command that CI runs, and its report."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from replay.session import Session
from replay.testing.spec import read_tests
from support import ROOT, SHARED

FOLDER = ROOT / "tests/detections"
ATTACKS = FOLDER / "windows_remote_assistance_spawning_process.yml"
FILES = sorted(FOLDER.glob("*.yml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_detections(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    command = [Path(sys.executable).with_name("replay"), "test", file, "--junit-xml", path, "--workers", "2"]
    done = subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert path.exists(), done.stderr
    cases = list(ET.parse(path).iter("testcase"))  # noqa: S314  # our own
    assert [case.get("name") for case in cases] == [test.name for test in read_tests(file)]
    assert [(case.get("name"), e.text) for case in cases for tag in ("failure", "error") for e in case.iter(tag)] == []
    assert done.returncode == 0, done.stderr
    skipped = [str(e.get("message")) for case in cases for e in case.iter("skipped")]
    if skipped:
        assert not SHARED.is_dir()
        pytest.skip(f"{len(skipped)} of {len(cases)}: {skipped[0]}")


def test_every_shell_of_the_macro_is_tested() -> None:
    definition = Session().knowledge.macro("DA-ESS-RemoteAssistance", "windows_shells", 0).definition
    shells = set(re.findall(r"process_name=([\w.]+)", definition))
    (test,) = [test for test in read_tests(ATTACKS) if test.name == "every shell of windows_shells"]
    assert shells == {row.fields["process_name"] for row in test.expected.rows}
    assert len(shells) == test.expected.count
