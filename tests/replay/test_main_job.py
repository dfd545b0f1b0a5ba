"""The main job: the shipped search, unchanged, from the app's own files, on the shipped day of Sysmon events.

The expected rows were read off ``dev/datasets/sample_day.toml``, where the day's story is written, by hand.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import ROOT

SAMPLE = ROOT / "dev/datasets/msra-windows-sysmon.log"
DOMAIN = "haldenwerke.example"
HITS = [
    {
        "firstTime": "2024-03-12T10:42:17", "dest": f"HW-WS-014.{DOMAIN}", "user": "b.lindqvist",
        "parent_process_name": "msra.exe", "process_name": "cmd.exe", "original_file_name": "Cmd.Exe",
        "process": r'cmd.exe /c "whoami /all & net group "Domain Computers" /domain > '
                   r'C:\Users\b.lindqvist\AppData\Local\Temp\r.txt 2>&1 < nul"',
        "process_id": "7412", "parent_process_id": "6128",
    },
    {
        "firstTime": "2024-03-12T10:44:02", "dest": f"HW-WS-014.{DOMAIN}", "user": "b.lindqvist",
        "parent_process_name": "msra.exe", "process_name": "powershell.exe", "original_file_name": "PowerShell.EXE",
        "process": 'powershell.exe -nop -w hidden -ep bypass -c "(Get-ADDomain).PDCEmulator; Get-ADComputer -Filter *"',
        "process_id": "8236", "parent_process_id": "6128",
    },
    {
        "firstTime": "2024-03-12T11:07:45", "dest": f"HW-WS-027.{DOMAIN}", "user": "m.okafor",
        "parent_process_name": "MSRA.EXE", "process_name": "CMD.EXE", "original_file_name": "Cmd.Exe",
        "process": r"C:\WINDOWS\SYSWOW64\CMD.EXE /C nltest /domain_trusts /all_trusts",
        "process_id": "3964", "parent_process_id": "5520",
    },
    {
        "firstTime": "2024-03-12T11:16:29", "dest": f"HW-WS-027.{DOMAIN}", "user": "SYSTEM",
        "parent_process_name": "msra.exe", "process_name": "cmd.exe", "original_file_name": "Cmd.Exe",
        "process": r'cmd.exe /c reg add "HKLM\SOFTWARE\Microsoft\Windows Defender\Exclusions\Paths" '
                   r"/v C:\ProgramData /d 0",
        "process_id": "9108", "parent_process_id": "4716",
    },
]  # fmt: skip
RISK = {
    "count": "1", "risk_score": "80", "risk_severity": "high", "annotations.mitre_attack": "T1055",
    "annotations.mitre_attack.mitre_technique": "Process Injection",
    "annotations.mitre_attack.mitre_tactic": ["Defense Evasion", "Privilege Escalation"],
    "annotations.kill_chain_phases": "Exploitation", "annotations.cis20": "CIS 10", "annotations.nist": "DE.CM",
    "analyticstories": "Unusual Processes", "threat_object_type": ["parent_process_name", "process_name"],
}  # fmt: skip


def replay(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "replay", *arguments], capture_output=True, text=True, encoding="utf-8", cwd=ROOT
    )


def by_time(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["firstTime"]))


def test_the_shipped_search_finds_the_attack_and_nothing_else() -> None:
    done = replay("run", str(SAMPLE), "--output", "json", "--expect", "4")
    assert done.returncode == 0, done.stderr
    rows = by_time([json.loads(line) for line in done.stdout.splitlines()])
    assert [{k: row[k] for k in hit} for row, hit in zip(rows, HITS, strict=True)] == HITS
    for row, hit in zip(rows, HITS, strict=True):
        assert {k: row[k] for k in RISK} == RISK
        assert row["lastTime"] == hit["firstTime"]
        assert row["threat_object"] == [hit["parent_process_name"], hit["process_name"]]
        assert row["risk_message"] == (
            f"An instance of {hit['parent_process_name']} spawning {hit['process_name']} was identified on endpoint "
            f"{hit['dest']}, generating behavior not common with msra.exe."
        )
        assert "risk_object" not in row
    assert len({row["risk_hash"] for row in rows}) == 4


def test_what_was_done_is_told_on_standard_error() -> None:
    done = replay("run", str(SAMPLE))
    assert "fillnull_value=null" in done.stderr
    assert "4 results; read 1 files, 317 events, 0 problems in " in done.stderr
    assert "An instance of" in done.stdout
    assert "80" in done.stdout


def test_in_large_logs_events_that_cannot_count_are_passed_over(tmp_path: Path) -> None:
    large = tmp_path / "large.log"
    large.write_bytes(SAMPLE.read_bytes() * 3)
    done = replay("run", str(large), "--expect", "4")
    assert "read 1 files, 951 events (" in done.stderr
    assert " passed over), 0 problems in " in done.stderr


@pytest.mark.parametrize(
    ("definition", "left"),
    [
        ('search NOT dest="hw-ws-014.*"', 2),
        ("search NOT user=SYSTEM", 3),
        ('search NOT (parent_process_name="msra.exe" process="*whoami*")', 3),
        ("search *", 4),
    ],
)
def test_a_site_tunes_with_the_filter_macro(definition: str, left: int) -> None:
    macro = f"windows_remote_assistance_spawning_process_filter={definition}"
    done = replay("run", str(SAMPLE), "--set", macro, "--expect", str(left), "--output", "csv")
    assert done.returncode == 0, done.stderr


def test_the_search_without_enterprise_security_writes_risk_events() -> None:
    name = "Endpoint - Windows Remote Assistance Spawning Process - Risk Events"
    done = replay("run", str(SAMPLE), "--search", name, "--output", "json")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(r["risk_object"], r["risk_object_type"]) for r in rows} == {
        (f"HW-WS-014.{DOMAIN}", "system"), (f"HW-WS-027.{DOMAIN}", "system")
    }  # fmt: skip
    assert {r["search_name"] for r in rows} == {"Endpoint - Windows Remote Assistance Spawning Process - Rule"}
