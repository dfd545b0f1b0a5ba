"""Detections in the files of installed apps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rba.errors import RbaError
from rba.files import app_folders, find_in_files


def app(folder: Path, name: str, text: str) -> str:
    (folder / name / "default").mkdir(parents=True)
    (folder / name / "default" / "savedsearches.conf").write_text(text)
    return str(folder / name)


def test_apps_to_look_in_each_once(tmp_path: Path) -> None:
    own, extra = app(tmp_path / "etc/apps", "own", ""), app(tmp_path, "extra", "")
    installed = app(tmp_path / "etc/apps", "installed", "")
    environ = {"RBAENRICH_APPS": os.pathsep.join([extra, own]), "SPLUNK_HOME": str(tmp_path)}
    assert app_folders(own, environ) == [own, extra, installed]
    assert app_folders(own, {}) == [own]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RbaError, match="RBAENRICH_APPS names /nowhere"):
        app_folders(str(tmp_path), {"RBAENRICH_APPS": "/nowhere"})


def test_the_app_of_the_search_is_asked_first_then_the_others(tmp_path: Path) -> None:
    folders = [app(tmp_path, "own", "[r]\nx = own\n"), app(tmp_path, "es", "[r]\nx = es\n[s]\nx = s\n")]
    assert find_in_files("r", "es", folders).settings == {"x": "es"}
    assert find_in_files("r", "search", folders).settings == {"x": "own"}
    assert find_in_files("s", "own", folders).settings == {"x": "s"}


def test_lines_that_splunkd_would_pass_over_are_told(tmp_path: Path) -> None:
    found = find_in_files("r", "", [app(tmp_path, "own", "[r]\nx = 1\noops\n[s]\nother oops\n")])
    assert len(found.warnings) == 1
    assert "savedsearches.conf:3: oops" in found.warnings[0]


NEAREST = [
    ("Suspicious Thing - Rule", '"ESCU - Suspicious Thing - Rule"'),
    ("escu - suspicious thing - rule", '"ESCU - Suspicious Thing - Rule"'),
    ("ESCU - Suspicous Thing - Rule", '"ESCU - Suspicious Thing - Rule"'),
    ("zzz", "No name is near it"),
]


@pytest.mark.parametrize(("name", "said"), NEAREST)
def test_an_unknown_name_lists_the_nearest(tmp_path: Path, name: str, said: str) -> None:
    folder = app(tmp_path, "own", "[ESCU - Suspicious Thing - Rule]\n[Other]\n")
    with pytest.raises(RbaError) as caught:
        find_in_files(name, "own", [folder])
    assert f'no saved search "{name}" in the app own' in str(caught.value)
    assert said in str(caught.value)


def test_the_stanza_default_is_no_detection(tmp_path: Path) -> None:
    with pytest.raises(RbaError, match="no saved search"):
        find_in_files("default", "own", [app(tmp_path, "own", "[default]\nx = 1\n")])
