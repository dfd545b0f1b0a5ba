"""The app is clean by its own linter, and would not be if its searches or settings broke."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from replay.linting.linter import lint
from replay.linting.switches import read_switches
from replay.session import HOME, Session

SHIPPED = ("default", "lookups", "metadata", "bin")


def test_the_app_is_clean() -> None:
    assert lint(Session()) == []


def test_what_rbaenrich_adds_is_what_pyproject_says() -> None:
    session = Session()
    rule = session.default_search()
    session.load([HOME / "dev/datasets/msra-windows-sysmon.log"])
    enriched = set(session.plan_saved(rule).columns)
    before = rule.search.rpartition("| rbaenrich")[0]
    from replay.plan import plan_search

    plain = set(plan_search(before, session.saved_context(rule)).columns)
    declared = read_switches(session.knowledge.apps[session.home]).adds["rbaenrich"]
    assert enriched - plain <= set(declared)


# What somebody might change in savedsearches.conf or macros.conf: text, new text, the rule that finds it.
BREAKS = [
    ("savedsearches", "spawning $process_name$ was", "spawning $proces_name$ was", "RL101"),
    ("savedsearches", "process_name$ on $dest$", "process_name$ on $host_name$", "RL101"),
    ("savedsearches", '"risk_object_field": "dest"', '"risk_object_field": "src"', "RL102"),
    ("savedsearches", "suppress.fields = dest,process_id", "suppress.fields = dest,pid", "RL103"),
    ("savedsearches", 'Processes.dest=\\"$dest$\\"', "Processes.dest=$dest$", "RL104"),
    ("savedsearches", '"risk_score": 80}, {', '"risk_score": 80} {', "RL105"),
    ("savedsearches", '"risk_score": 80', '"risk_score": 180', "RL106"),
    ("savedsearches", "action.rbaenrich.impact = 80", "action.rbaenrich.impact = 70", "RL107"),
    ("savedsearches", '"risk_object_type": "system"', '"risk_object_type": "host"', "RL108"),
    ("savedsearches", '"mitre_attack": ["T1055"]', '"mitre_attack": ["T1955"]', "RL109"),
    ("macros", "fillnull_value=`fillnull_config`", "chunk_size=1000", "RL201"),
    ("savedsearches", "tstats `security_content_summariesonly`", "tstats summariesonly=true", "RL202"),
    ("savedsearches", "parent_process_name=msra.exe `windows", "user=x OR Processes.user=y `windows", "RL203"),
    ("savedsearches", "parent_process_name=msra.exe `windows", "process_path!=x `windows", "RL204"),
    ("savedsearches", "parent_process_name=msra.exe `windows", "process_path=* `windows", "RL205"),
    ("savedsearches", "parent_process_name=msra.exe `windows", "parent_image=msra.exe `windows", "RL207"),
    ("macros", "[windows_shells]", "[windows_shell]", "RL301"),
    ("savedsearches", "| `windows_remote_assistance_spawning_process_filter` \\\n", "", "RL302"),
    ("macros", "definition = search *", 'definition = search NOT dest="HW-*"', "RL303"),
    ("macros", "lookup local=true rba_risk_modifiers", "lookup local=true rba_modifiers", "RL305"),
    ("savedsearches", "| convert timeformat=", "| `rba_risk_modifiers` | convert timeformat=", "RL306"),
    ("savedsearches", "cron_schedule = 0 * * * *", "cron_schedule = 0 * * * * *", "RL401"),
    ("savedsearches", "dispatch.earliest_time = -70m@m", "dispatch.earliest_time = -40m@m", "RL402"),
    ("savedsearches", "dispatch.earliest_time = -70m@m", "dispatch.earliest_time = -24h@h", "RL403"),
    ("savedsearches", "schedule_window = auto", "schedule_window = 0", "RL404"),
]


@pytest.mark.parametrize(("conf", "text", "instead", "code"), BREAKS, ids=[f"{b[3]} {b[2][:30]}" for b in BREAKS])
def test_a_break_is_found(conf: str, text: str, instead: str, code: str, tmp_path: Path) -> None:
    for folder in SHIPPED:
        shutil.copytree(HOME / folder, tmp_path / "app" / folder)
    shutil.copy(HOME / "pyproject.toml", tmp_path / "app")
    path = tmp_path / "app/default" / f"{conf}.conf"
    original = path.read_text(encoding="utf-8")
    assert text in original
    path.write_text(original.replace(text, instead), encoding="utf-8")
    found = lint(Session([tmp_path / "app"]))
    assert code in {one.rule.code for one in found}, json.dumps([one.message for one in found])
