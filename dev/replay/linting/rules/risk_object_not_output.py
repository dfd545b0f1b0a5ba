"""RL102: a risk or threat object whose field no result has."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.settings import place_of, risk_entries
from replay.registry import nearest

_FIELDS = ("risk_object_field", "threat_object_field")
_SINGLE = "action.risk.param._risk_object"


@search_rule(
    "RL102", "risk-object-not-output", "error",
    title="A risk or threat object field that the search drops",
    why="Without the field there is no risk event for the object: the score is lost, in silence.",
    mend="Keep the field in the results (in `by`, `table`, `fields`, or as values(field) as field), or name another.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.risk.param._risk = [{"risk_object_field": "user", "risk_object_type": "user", "risk_score": 50}]
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest user
action.risk.param._risk = [{"risk_object_field": "user", "risk_object_type": "user", "risk_score": 50}]
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Look at every object of ``_risk``, and at the one of the risk action's older settings."""
    fields = search.output
    for entry in risk_entries(search):
        for key in _FIELDS:
            name = entry.says.get(key)
            if isinstance(name, str) and fields.lacks(name):
                yield Found(entry.place, f"the search does not output `{name}`, its {key}{nearest(name, fields.names)}")
    name = search.text(_SINGLE)
    if name and fields.lacks(name):
        yield Found(place_of(search, _SINGLE), f"the search does not output `{name}`{nearest(name, fields.names)}")
