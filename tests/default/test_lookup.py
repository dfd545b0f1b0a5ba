"""The lookup of ATT&CK techniques, and the script that makes it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import mitre_lookup
import pytest

ROOT = Path(__file__).resolve().parents[2]
TACTICS = {
    *("Reconnaissance", "Resource Development", "Initial Access", "Execution", "Persistence"),
    *("Privilege Escalation", "Defense Evasion", "Credential Access", "Discovery", "Lateral Movement"),
    *("Collection", "Command and Control", "Exfiltration", "Impact"),
}


@pytest.fixture(scope="module")
def table() -> list[dict[str, str]]:
    with (ROOT / "lookups/mitre_attack_techniques.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_the_definition_names_the_file(conf: Callable[[str], dict[str, dict[str, str]]]) -> None:
    definition = conf("default/transforms.conf")["mitre_attack_techniques"]
    assert (ROOT / "lookups" / definition["filename"]).is_file()


def test_process_injection(table: list[dict[str, str]]) -> None:
    assert [row for row in table if row["technique_id"] == "T1055"] == [
        {
            "technique_id": "T1055",
            "technique": "Process Injection",
            "tactics": "Defense Evasion|Privilege Escalation",
            "url": "https://attack.mitre.org/techniques/T1055",
        }
    ]


def test_every_row_is_whole_and_every_id_stands_once(table: list[dict[str, str]]) -> None:
    assert len(table) == 835  # ATT&CK Enterprise v18.1, revoked and deprecated ones included
    assert len({row["technique_id"] for row in table}) == len(table)
    for row in table:
        assert tuple(row) == mitre_lookup.COLUMNS
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", row["technique_id"]), row
        assert row["technique"] == row["technique"].strip() != "", row
        assert set(row["tactics"].split("|")) <= TACTICS, row
        assert row["url"].endswith("/techniques/" + row["technique_id"].replace(".", "/")), row


def test_the_notice_travels_with_the_table() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert "lookups/mitre_attack_techniques.csv" in notice
    assert "The MITRE Corporation. This work is reproduced and distributed with the permission of" in notice


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("impact", "Impact"),
        ("defense-evasion", "Defense Evasion"),
        ("command-and-control", "Command and Control"),
    ],
)
def test_tactic_names(slug: str, name: str) -> None:
    assert mitre_lookup.tactic_name(slug) == name


def test_rows_are_ordered_and_keep_the_order_of_tactics() -> None:
    techniques = [
        {"external_id": "T2", "name": "B, b", "tactics": ["persistence", "impact"], "url": "u2"},
        {"external_id": "T1", "name": "A", "tactics": ["execution"], "url": "u1"},
    ]
    assert mitre_lookup.rows(techniques) == [
        ("T1", "A", "Execution", "u1"),
        ("T2", "B, b", "Persistence|Impact", "u2"),
    ]
