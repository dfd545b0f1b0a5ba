"""The page's JavaScript is made with npm, once; what is missing is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from replay.errors import ReplayError
from replay.preview.bundle import FOLDER, bundle


def sources(folder: Path) -> Path:
    (folder / "src").mkdir(parents=True)
    for name in ("package.json", "package-lock.json", "build.js", "src/page.jsx"):
        (folder / name).write_text("{}", encoding="utf-8")
    return folder


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, version: str = "v22.1.0", npm: str = "") -> Path:
    """A node and an npm that write down how they were called."""
    folder.mkdir()
    log = folder / "log"
    for name, does in (("node", f"echo {version}"), ("npm", f'echo "$@" >> {log}; mkdir -p node_modules dist; {npm}')):
        (folder / name).write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return log


def test_what_is_up_to_date_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = programs(tmp_path / "bin", monkeypatch)
    folder, said = sources(tmp_path / "preview"), list[str]()
    for _ in range(2):
        assert bundle(said.append, folder) == folder / "dist"
    calls = log.read_text(encoding="utf-8").splitlines()
    assert [call.split()[0] for call in calls] == ["ci", "run"]
    assert "--ignore-scripts" in calls[0]
    (folder / "src/page.jsx").write_text("changed", encoding="utf-8")
    bundle(said.append, folder)
    assert [call.split()[0] for call in log.read_text(encoding="utf-8").splitlines()] == ["ci", "run", "run"]


def test_without_node_it_says_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReplayError, match=r"`node` is not installed: .* Node.js 20 or later with npm"):
        bundle(print, sources(tmp_path / "preview"))


def test_an_old_node_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path / "bin", monkeypatch, version="v18.19.0")
    with pytest.raises(ReplayError, match=r"node is 18\.19\.0: Node\.js 20 or later is needed"):
        bundle(print, sources(tmp_path / "preview"))


def test_what_npm_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path / "bin", monkeypatch, npm="echo no network >&2; exit 3")
    with pytest.raises(ReplayError, match=r"`npm ci .*` failed \(3\): no network"):
        bundle(print, sources(tmp_path / "preview"))


def test_the_lock_file_names_no_addresses_and_every_digest() -> None:
    lock = (FOLDER / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == lock.count('"node_modules/')
