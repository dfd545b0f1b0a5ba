"""What holds for the app's .conf files as files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONF_FILES = sorted([*ROOT.glob("default/*.conf"), *ROOT.glob("metadata/*.meta")])
Read = Callable[[str], dict[str, dict[str, str]]]


@pytest.mark.parametrize("path", CONF_FILES, ids=lambda path: path.name)
def test_ksconf_accepts(path: Path) -> None:
    check = [str(Path(sys.executable).parent / "ksconf"), "check", str(path)]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_version_is_the_manifests_everywhere(conf: Read) -> None:
    version = json.loads((ROOT / "app.manifest").read_text())["info"]["id"]["version"]
    app = conf("default/app.conf")
    assert (app["id"]["version"], app["launcher"]["version"]) == (version, version)
    assert f"## {version}\n" in (ROOT / "CHANGELOG.md").read_text()


def test_the_id_is_the_manifests_everywhere(conf: Read) -> None:
    name = json.loads((ROOT / "app.manifest").read_text())["info"]["id"]["name"]
    app = conf("default/app.conf")
    assert (app["id"]["name"], app["package"]["id"]) == (name, name)


def test_a_conf_file_that_splunk_does_not_know_is_reloaded_and_replicated(conf: Read) -> None:
    assert conf("default/app.conf")["triggers"] == {"reload.analyticstories": "simple"}
    assert conf("default/server.conf") == {"shclustering": {"conf_replication_include.analyticstories": "true"}}


def test_all_read_and_administrators_write(conf: Read) -> None:
    assert conf("metadata/default.meta")[""] == {"access": "read : [ * ], write : [ admin, sc_admin ]"}


def test_only_what_other_apps_must_see_is_exported(conf: Read) -> None:
    meta = conf("metadata/default.meta")
    exported = {unquote(name) for name, settings in meta.items() if settings.get("export", "none") != "none"}
    assert exported == {
        "analyticstories",
        "commands",
        "lookups",
        "savedsearches/Endpoint - Windows Remote Assistance Spawning Process - Rule",
        "searchbnf",
        "transforms",
    }
    assert meta["transforms/rba_risk_modifiers"] == {"export": "none"}


def test_an_exported_search_exists(conf: Read) -> None:
    names = {unquote(name).removeprefix("savedsearches/") for name in conf("metadata/default.meta")}
    assert names & set(conf("default/savedsearches.conf"))


def test_the_command_runs_on_splunk_9_and_10(conf: Read) -> None:
    assert conf("default/commands.conf")["rbaenrich"] == {
        "filename": "rbaenrich.py",
        "chunked": "true",
        "python.version": "python3",
        "python.required": "3.9, 3.13",
    }
    assert (ROOT / "bin/rbaenrich.py").is_file()


@pytest.mark.parametrize("name", ["savedsearches", "analyticstories"])
def test_each_key_of_our_own_is_described(conf: Read, name: str) -> None:
    spec = (ROOT / f"README/{name}.conf.spec").read_text()
    described = set(re.findall(r"^([\w.]+) = <", spec, re.MULTILINE))
    used = {key for settings in conf(f"default/{name}.conf").values() for key in settings}
    ours = used if name == "analyticstories" else {key for key in used if key.startswith("action.rbaenrich.")}
    assert ours
    assert ours == described


def test_the_navigation_has_one_default_view() -> None:
    nav = ElementTree.parse(ROOT / "default/data/ui/nav/default.xml").getroot()  # noqa: S314 - our own file
    views = nav.findall("view")
    assert [view.get("name") for view in views if view.get("default") == "true"] == ["remote_assistance"]
    assert (ROOT / "default/data/ui/views/remote_assistance.xml").is_file()
    assert nav.get("search_view") == "search"
