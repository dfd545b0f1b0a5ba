"""Unmodified contentctl, the tester of ES Content Updates, tests detections against the server: no Docker, no Splunk.

It runs in a virtual environment of its own (``.venv-contentctl``), which is made when the test is first run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from serve.running import PASSWORD, start_server
from support import ROOT, SHARED

pytestmark = pytest.mark.slow

CONTENTCTL = "contentctl==5.6.2"
VENV = ROOT / ".venv-contentctl"
TREE = SHARED / "contentctl/tree"
FOLDERS = ("baselines", "dashboards", "investigations", "lookups", "playbooks", "removed")
"""Those that contentctl wants to see, even empty."""
PROCESSES = "detections/endpoint/windows_remote_assistance_spawning_process.yml"
TRAFFIC = "detections/network/windows_remote_assistance_connecting_out.yml"
ATTACK = (ROOT / "dev/datasets/msra-windows-sysmon.log").read_text(encoding="utf-8")

SECOND_DETECTION = r"""
name: Windows Remote Assistance Connecting Out
id: 6d1f1f4c-9b5e-4d0a-8a43-1d0e6f2f7c11
version: 1
date: '2024-12-10'
author: the tests
status: production
type: TTP
description: Remote Assistance that opens a connection of its own.
data_source: [Sysmon EventID 3]
search: '| tstats `security_content_summariesonly` count min(_time) as firstTime max(_time) as lastTime from
  datamodel=Network_Traffic.All_Traffic where All_Traffic.app="*\\msra.exe" by All_Traffic.app All_Traffic.dest
  All_Traffic.dest_port All_Traffic.src All_Traffic.dvc | `drop_dm_object_name(All_Traffic)`
  | `security_content_ctime(firstTime)` | `security_content_ctime(lastTime)`
  | `windows_remote_assistance_connecting_out_filter`'
how_to_implement: Collect network connections with the program that makes them.
known_false_positives: Help that was asked for.
references: [https://attack.mitre.org/techniques/T1055/]
drilldown_searches:
- name: View the detection results for - "$src$"
  search: '%original_detection_search% | search  src = "$src$"'
  earliest_offset: $info_min_time$
  latest_offset: $info_max_time$
- name: View risk events for the last 7 days for - "$src$"
  search: '| from datamodel Risk.All_Risk | search normalized_risk_object IN ("$src$") starthoursago=168'
  earliest_offset: $info_min_time$
  latest_offset: $info_max_time$
tags:
  analytic_story: [Unusual Processes]
  asset_type: Endpoint
  mitre_attack_id: [T1055]
  product: [Splunk Enterprise, Splunk Enterprise Security, Splunk Cloud]
  security_domain: network
tests:
- name: True Positive Test
  attack_data:
  - data: attack.log
    source: XmlWinEventLog:Microsoft-Windows-Sysmon/Operational
    sourcetype: xmlwineventlog
rba:
  message: $app$ of $src$ connected to $dest$.
  risk_objects:
  - {field: src, type: system, score: 40}
  threat_objects:
  - {field: dest, type: ip_address}
"""


def contentctl(tree: Path, *arguments: str) -> tuple[int, str]:
    """Run it in the tree; exit status and output."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tree), "TERM": "dumb", "COLUMNS": "200"}
    command = [str(VENV / "bin/contentctl"), *arguments]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=600, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content tree with two detections and a log with an attack, and contentctl ready to run."""
    if not TREE.is_dir():
        pytest.skip(f"no {TREE}: the content tree is not part of the project")
    if not (VENV / "bin/contentctl").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        done = subprocess.run(
            [VENV / "bin/pip", "install", "-q", CONTENTCTL], capture_output=True, text=True, check=False
        )
        if done.returncode:
            shutil.rmtree(VENV)
            pytest.skip(f"contentctl cannot be installed: {done.stderr[-500:]}")
    folder = tmp_path_factory.mktemp("contentctl") / "tree"
    subprocess.run(["cp", "-r", TREE, folder], check=True)
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    (folder / "attack.log").write_text(ATTACK, encoding="utf-8")
    (folder / "detections/network").mkdir()
    write(folder / TRAFFIC, SECOND_DETECTION, folder)
    write(folder / PROCESSES, (folder / PROCESSES).read_text(encoding="utf-8"), folder)
    third = (folder / "data_sources/sysmon_eventid_1.yml").read_text(encoding="utf-8")
    third = third.replace("EventID 1", "EventID 3").replace("b375f4d1-d7ca", "c375f4d1-d7ca")
    (folder / "data_sources/sysmon_eventid_3.yml").write_text(third, encoding="utf-8")
    return folder


def write(path: Path, detection: str, folder: Path) -> None:
    """A detection whose attack data is the log in the folder."""
    lines = [
        f"  - data: {folder / 'attack.log'}" if line.startswith("  - data:") else line
        for line in detection.splitlines()
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_contentctl_passes_with_the_attack_and_fails_without_it(tree: Path, tmp_path: Path) -> None:
    status, output = contentctl(tree, "build")
    assert status == 0, output[-3000:]
    server = start_server(tmp_path, "--app", str(tree / "dist/DA-ESS-ContentUpdate"))
    where = f"127.0.0.1,admin,{PASSWORD},8000,{server.hec.rpartition(':')[2]},{server.port}"

    def tested(*files: str) -> tuple[int, str, dict[str, Any]]:
        status, output = contentctl(
            tree, "test_servers", "--server-info", where, "mode:selected", "--mode.files", *files
        )
        text = (tree / "test_results/summary.yml").read_text(encoding="utf-8")
        keys = ("total_pass", "total_fail", "total_tested_detections")
        counted = {key: int(text.split(f"{key}: ", 1)[1].split("\n", 1)[0]) for key in keys}
        return status, output, counted

    try:
        status, output, counted = tested(PROCESSES, TRAFFIC)
        assert counted == {"total_pass": 2, "total_fail": 0, "total_tested_detections": 2}, output[-3000:]
        assert status == 0, output[-3000:]
        assert server.search("search index=contentctl_testing_index | stats count") == [{"count": "0"}]

        (tree / "attack.log").write_text(re.sub("(?i)msra.exe", "notepad.exe", ATTACK), encoding="utf-8")
        status, output, counted = tested(PROCESSES)
        assert counted == {"total_pass": 0, "total_fail": 1, "total_tested_detections": 1}, output[-3000:]
        assert status != 0
    finally:
        assert server.stop() == 0
