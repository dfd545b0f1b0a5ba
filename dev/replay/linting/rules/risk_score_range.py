"""RL106: a risk score outside 1 to 100."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.settings import RISK, number, place_of, risk_entries

_SINGLE = "action.risk.param._risk_score"


@search_rule(
    "RL106", "risk-score-range", "error",
    title="A risk score outside 1 to 100",
    why="A score of 0 adds nothing to the risk of the object, so that no risk rule ever sees it; one above 100 drowns "
    "all others and raises an incident by itself.",
    mend="Score from 1 to 100: impact * confidence / 100. A search that is not to add risk needs no risk object.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.risk.param._risk = [{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 0}]
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.risk.param._risk = [{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 50}]
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Each risk object's score; the action's own where there is no ``_risk``, or where an object has none."""
    for entry in risk_entries(search):
        if "risk_object_field" not in entry.says:
            continue
        given = entry.says.get("risk_score", search.text(_SINGLE))
        score = number(given)
        if score is None or not 1 <= score <= 100:
            says = "is not set" if given in ("", None) else f"is `{given}`"
            yield Found(entry.place, f"the risk score of `{entry.says['risk_object_field']}` {says}")
    single = number(search.text(_SINGLE)) if search.text(_SINGLE) and not search.text(RISK) else 1.0
    if single is None or not 1 <= single <= 100:
        yield Found(place_of(search, _SINGLE), f"the risk score is `{search.text(_SINGLE)}`")
