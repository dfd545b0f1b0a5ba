"""RL107: a risk score that impact and confidence do not give."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.settings import ANNOTATIONS, number, parsed, risk_entries


@search_rule(
    "RL107", "risk-score-mismatch", "warning",
    title="A risk score that is not impact * confidence / 100",
    why="Two numbers that say the same drift apart: whoever tunes impact or confidence thinks that the score follows.",
    mend="Set the score to impact * confidence / 100, rounded, or mend impact and confidence.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.risk.param._risk = [{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 80}]
action.correlationsearch.annotations = {"impact": [70], "confidence": [50]}
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.risk.param._risk = [{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 35}]
action.correlationsearch.annotations = {"impact": [70], "confidence": [50]}
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Impact and confidence stand in the settings of rbaenrich, or among the annotations."""
    annotations = parsed(search, ANNOTATIONS)
    impact, confidence = (
        number(search.text(f"action.rbaenrich.{name}") or annotations.get(name)) for name in ("impact", "confidence")
    )
    if impact is None or confidence is None:
        return
    for entry in risk_entries(search):
        score = number(entry.says.get("risk_score"))
        if "risk_object_field" in entry.says and score is not None and abs(score - impact * confidence / 100) >= 1:
            due = f"{impact:g} * {confidence:g} / 100 = {impact * confidence / 100:g}"
            yield Found(entry.place, f"the risk score of `{entry.says['risk_object_field']}` is {score:g}, but {due}")
