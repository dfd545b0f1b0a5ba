"""The package: what is in it, that it can be built again to the same bytes, and that its judges are heard."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import package_checks
import pytest

# Whether ruff takes it for our own would hang on whether the folder build/ is there.
import build  # isort: skip

APP = "DA-ESS-RemoteAssistance"
PACKAGE_PYTHON = build.ROOT / ".venv-package/bin/python"
OWN_FILES = {
    *("app.manifest", "CHANGELOG.md", "LICENSE", "NOTICE", "README.md"),
    *("README/analyticstories.conf.spec", "README/savedsearches.conf.spec"),
    *("default/analyticstories.conf", "default/app.conf", "default/commands.conf", "default/macros.conf"),
    *(
        "default/collections.conf",
        "default/savedsearches.conf",
        "default/searchbnf.conf",
        "default/server.conf",
        "default/transforms.conf",
    ),
    *("default/data/ui/nav/default.xml", "default/data/ui/views/remote_assistance.xml"),
    *("metadata/default.meta", "lookups/mitre_attack_techniques.csv"),
    *("static/appIcon.png", "static/appIcon_2x.png", "static/appIconAlt.png", "static/appIconAlt_2x.png"),
    *("bin/rbaenrich.py", "bin/rbaenrich_command.py", "bin/deferred.py"),
}


@pytest.fixture(scope="module")
def entries(package: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(package) as tar:
        return tar.getmembers()


def test_built_again_elsewhere_the_bytes_are_the_same(package: Path, tmp_path: Path) -> None:
    again = build.build(tmp_path)
    assert again.name == package.name == f"{APP}-1.0.0.tgz"
    assert again.read_bytes() == package.read_bytes()


def test_the_package_holds_what_is_named_and_nothing_else(entries: list[tarfile.TarInfo]) -> None:
    files = {entry.name.removeprefix(f"{APP}/") for entry in entries if entry.isfile()}
    library = {name for name in files if name.startswith("lib/")}
    parts = {f"bin/rba/{path.name}" for path in (build.ROOT / "bin/rba").glob("*.py")}
    assert parts
    assert files - library == OWN_FILES | parts
    assert library == set(build.vendored_sdk())


def test_the_library_is_what_a_streaming_command_needs(entries: list[tarfile.TarInfo]) -> None:
    library = {entry.name.removeprefix(f"{APP}/lib/") for entry in entries if entry.name.startswith(f"{APP}/lib/")}
    assert {"splunklib/searchcommands/streaming_command.py", "splunk_sdk-2.1.1.dist-info/METADATA"} <= library
    assert not library & {
        "splunklib/results.py",
        "splunklib/modularinput",
        "splunklib/six.py",
        "deprecation.py",
    }


def test_nothing_of_the_building_machine_is_in_the_package(entries: list[tarfile.TarInfo]) -> None:
    assert [entry.name for entry in entries] == sorted(entry.name for entry in entries)
    assert {(entry.uid, entry.gid, entry.uname, entry.gname) for entry in entries} == {(0, 0, "", "")}
    assert {entry.mtime for entry in entries} == {build.commit_time()}
    assert {entry.mode for entry in entries if entry.isdir()} == {0o755}
    assert {entry.mode for entry in entries if not entry.isdir()} == {0o644}
    assert all(entry.isfile() or entry.isdir() for entry in entries)


def test_no_dotfile_and_no_compiled_python(entries: list[tarfile.TarInfo]) -> None:
    parts = {part for entry in entries for part in entry.name.split("/")}
    assert not [part for part in parts if part.startswith(".") or part.endswith((".pyc", "__pycache__"))]


def app_tree(folder: Path) -> Path:
    """The smallest tree in which every pattern of ``SHIPPED`` names a file."""
    for name in OWN_FILES | {"bin/rba/__init__.py"}:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return folder


def test_a_file_that_nothing_names_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "ROOT", app_tree(tmp_path))
    (tmp_path / "bin/__pycache__").mkdir()
    (tmp_path / "bin/__pycache__/rbaenrich.cpython-39.pyc").write_text("")
    assert {path.as_posix() for path in build.shipped_files()} == OWN_FILES | {"bin/rba/__init__.py"}
    (tmp_path / "bin/tool.sh").write_text("")
    with pytest.raises(build.BuildError, match=r"SHIPPED.*bin/tool\.sh"):
        build.shipped_files()


def test_a_missing_file_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "ROOT", app_tree(tmp_path))
    (tmp_path / "NOTICE").unlink()
    with pytest.raises(build.BuildError, match="NOTICE"):
        build.shipped_files()


def test_another_sdk_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "SDK_DIGEST", "0" * 64)
    with pytest.raises(build.BuildError, match=r"splunk-sdk 2\.1\.1"):
        build.vendored_sdk()


def test_without_git_the_time_must_be_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    with pytest.raises(build.BuildError, match="SOURCE_DATE_EPOCH"):
        build.commit_time()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1644192000")
    assert build.commit_time() == 1644192000


def report(*results: tuple[str, str]) -> dict[str, Any]:
    """An AppInspect report: result and name of each check."""
    checks = [{"result": result, "name": name, "messages": [{"message": "why"}]} for result, name in results]
    return {"reports": [{"groups": [{"checks": checks}]}]}


APPINSPECT_CASES = [
    ([("success", "a"), ("not_applicable", "b")], []),
    ([("success", "a"), ("warning", "check_python_sdk_version")], []),
    ([("success", "a"), ("warning", "c")], ["warning: c: why"]),
    ([("success", "a"), ("failure", "check_python_sdk_version")], ["failure: check_python_sdk_version: why"]),
    ([("success", "a"), ("error", "c")], ["error: c: why"]),
    ([("success", "a"), ("future_failure", "c")], ["future_failure: c: why"]),
    ([("success", "a"), ("skipped", "c")], ["skipped: c: why"]),
    ([], ["no check ran"]),
]


@pytest.mark.parametrize(("results", "refusals"), APPINSPECT_CASES)
def test_what_appinspect_says_is_heard(results: list[tuple[str, str]], refusals: list[str]) -> None:
    assert package_checks.appinspect_refusals(report(*results)) == refusals


SLIM_CASES = [
    ("slim validate: [INFO] App validation complete", False),
    ('slim validate: [WARNING] Skipping validation for dynamic dependency "Splunk_SA_CIM"', False),
    (
        "[WARNING] commands.conf: Undefined setting in commands.conf, stanza [rbaenrich]: python.required",
        False,
    ),
    ("[WARNING] commands.conf: Undefined setting in commands.conf, stanza [rbaenrich]: chunky", True),
    ("slim validate: [ERROR] Missing info", True),
]


@pytest.mark.parametrize(("line", "refused"), SLIM_CASES)
def test_what_slim_says_is_heard(line: str, refused: bool) -> None:
    assert package_checks.slim_refusals(f"first\n{line}\n") == ([line] if refused else [])


@pytest.mark.skipif(
    not PACKAGE_PYTHON.exists(), reason="slim and AppInspect are in .venv-package, which `make package` makes"
)
def test_slim_and_appinspect_pass_the_package(tmp_path: Path) -> None:
    recipe = [str(PACKAGE_PYTHON), str(build.ROOT / "dev/build.py"), "--output", str(tmp_path)]
    done = subprocess.run(recipe, capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads((tmp_path / "appinspect.json").read_text())["summary"]
    assert (summary["error"], summary["failure"], summary["future_failure"]) == (0, 0, 0)
    assert summary["success"] > 90
