"""RL108: a risk object type that Enterprise Security does not know."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.settings import place_of, risk_entries

TYPES = ("system", "user", "other")
_SINGLE = "action.risk.param._risk_object_type"


@search_rule(
    "RL108", "risk-object-type", "warning",
    title="A risk object type other than system, user, other",
    why="Enterprise Security looks assets up for `system` and identities for `user`. Under any other type the object "
    "keeps a score of its own, apart from the one of the same host or user, and is never enriched.",
    mend="Write system for hosts and addresses, user for accounts, other for the rest.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.risk.param._risk = [{"risk_object_field": "dest", "risk_object_type": "host", "risk_score": 50}]
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.risk.param._risk = [{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 50}]
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Types are compared as written: they are lower case."""
    for entry in risk_entries(search):
        kind = entry.says.get("risk_object_type")
        if "risk_object_field" in entry.says and kind is not None and kind not in TYPES:
            yield Found(entry.place, f"`{kind}` is no type of risk object")
    single = search.text(_SINGLE)
    if single and single not in TYPES:
        yield Found(place_of(search, _SINGLE), f"`{single}` is no type of risk object")
