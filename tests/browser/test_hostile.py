"""What an attacker writes into events, what a site tunes away, and an endpoint without parent names, in the browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.chromium import Browser, Preview, start_preview
from browser.test_dashboards import check_all, open_dashboard, span
from support import ROOT, sysmon_event

pytestmark = pytest.mark.browser

EVIL = '<img src=x onerror=alert(1)> " | delete $endpoint$ ` [evil](javascript:alert(1))'
PARTS = ("bin", "default", "lookups", "metadata", "README", "app.manifest")
FILTER = 'search NOT dest="tuned-*"'


def process(number: int, host: str, image: str, parent: str, command: str) -> str:
    """A Sysmon event 1."""
    return sysmon_event(
        1, host, f"10:0{number}:00", ProcessGuid=f"{{00000000-0000-0000-0000-00000000000{number}}}",
        ProcessId=f"410{number}", Image=image, OriginalFileName="Cmd.Exe", CommandLine=command, User="DOM\\eve",
        ParentProcessId="77", ParentImage=parent, ParentCommandLine=parent,
    )  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preview]:
    """The app with a filter of the site's, over events that an attacker wrote."""
    folder = tmp_path_factory.mktemp("hostile")
    app = folder / "DA-ESS-RemoteAssistance"
    app.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, app / part)
    (app / "local").mkdir()
    text = f"[windows_remote_assistance_spawning_process_filter]\ndefinition = {FILTER}\n"
    (app / "local/macros.conf").write_text(text, encoding="utf-8")
    msra, cmd = "C:\\Windows\\System32\\msra.exe", "C:\\Windows\\System32\\cmd.exe"
    events = [
        process(1, "evil-1", cmd, msra, f"cmd.exe /c {EVIL}"), process(2, "tuned-1", cmd, msra, "cmd.exe /c backup"),
        process(3, "blind-1", cmd, "", "cmd.exe /c whoami"),
    ]  # fmt: skip
    log = folder / "events.xml"
    log.write_text("".join(events), encoding="utf-8")
    started = start_preview((log,), (app,))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preview]:
    """One process that nobody looks for."""
    log: Path = tmp_path_factory.mktemp("quiet") / "events.xml"
    log.write_text(process(1, "calm-1", "C:\\a.exe", "C:\\b.exe", "a.exe"), encoding="utf-8")
    started = start_preview((log,))
    yield started
    started.stop()


def test_an_event_is_shown_and_not_obeyed(chrome: Browser, hostile: Preview) -> None:
    address = open_dashboard(chrome, hostile)
    check_all(chrome, hostile, *span(address))
    panels = chrome("panels")
    row = next(row for row in panels["viz_table"]["rows"] if "evil-1" in row)
    assert f"cmd.exe /c {EVIL}" in row
    chrome("click", panel="viz_table", row=panels["viz_table"]["rows"].index(row), column=6)
    assert chrome("evaluate", script="document.querySelectorAll('img[src=\"x\"], a[href^=javascript]').length") == 0
    assert chrome("errors") == []


def test_what_is_tuned_away_and_who_is_blind_is_seen(chrome: Browser, hostile: Preview) -> None:
    open_dashboard(chrome, hostile, "light")
    panels = chrome("panels")
    assert panels["viz_out"]["value"] == "1"
    assert [row[1] for row in panels["viz_kept_out"]["rows"]] == ["tuned-1"]
    assert "tuned-1" not in str(panels["viz_table"]["rows"])
    assert panels["viz_gaps"]["value"] == "1"
    assert panels["viz_coverage"]["rows"][0][:2] == ["blind-1", "blind: no parent names"]


def test_empty_panels_say_so(chrome: Browser, quiet: Preview) -> None:
    address = open_dashboard(chrome, quiet)
    panels = chrome("panels")
    assert panels["viz_detections"]["value"] == "0"
    assert "before you call it quiet" in str(panels["viz_table"]["rows"])
    for name in ("viz_table", "viz_shells", "viz_sides", "viz_kept_out", "viz_by_endpoint"):
        assert len(panels[name]["rows"]) == 1
    assert span(address)
    assert chrome("errors") == []
