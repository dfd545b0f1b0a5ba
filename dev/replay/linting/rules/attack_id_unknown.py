"""RL109: an ATT&CK id that does not exist."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.settings import listed
from replay.session import HOME

TABLE = HOME / "lookups" / "mitre_attack_techniques.csv"


@cache
def techniques() -> frozenset[str]:
    """The ids of Enterprise ATT&CK v18.1, revoked and deprecated ones too: the lookup that the home app ships."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return frozenset(row["technique_id"] for row in csv.DictReader(file))


@search_rule(
    "RL109", "attack-id-unknown", "error",
    title="An ATT&CK technique id that does not exist",
    why="Enterprise Security finds no tactic and no name for it: the detection is missing from every ATT&CK matrix.",
    mend="Write the id of a technique of Enterprise ATT&CK v18.1 (T1055, T1055.012). Ids of the mobile and ICS "
    "matrices and of later versions are not in this rule's table: switch it off for them.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.correlationsearch.annotations = {"mitre_attack": ["T1059.999"]}
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.correlationsearch.annotations = {"mitre_attack": ["T1059.003"]}
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Look up each id of the annotation ``mitre_attack``."""
    for one, place in listed(search, "mitre_attack"):
        if str(one) not in techniques():
            yield Found(place, f"`{one}` is no technique of Enterprise ATT&CK v18.1")
