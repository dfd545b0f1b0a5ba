"""Whatever the settings of a search say, the linter answers with findings."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from replay.linting.linter import lint
from replay.linting.rule import RULES
from replay.linting.schedules import CRON, EARLIEST, LATEST
from replay.linting.settings import SHAPES
from replay.linting.tokens import NOTABLE_TEXTS, RISK_MESSAGE
from replay.session import Session
from support import write_app

KEYS = [
    "search", CRON, EARLIEST, LATEST, *SHAPES, *NOTABLE_TEXTS, RISK_MESSAGE, "actions", "schedule_window",
    "action.risk.param._risk_score", "action.risk.param._risk_object", "action.risk.param._risk_object_type",
    "alert.suppress.fields", "action.rbaenrich.impact", "action.rbaenrich.confidence", "action.email.subject",
]  # fmt: skip
PIECES = [
    *("[", "]", "{", "}", '"', ":", ",", "$", "`", "|", "(", ")", "*", "-", "@", "=", "!=", " ", "1", "rt", "d", "x"),
    *("risk_object_field", "risk_object_type", "risk_score", "mitre_attack", "data_source", "search", "dest", "null"),
    *("| tstats count from datamodel=", "Endpoint.Processes", " where ", " by ", "Processes.dest", "Processes.x"),
    *("| stats count by ", "| lookup ", "| append [", "`a_filter`", "`a(1)`", " OR ", " AND ", "NOT ", "* * * * *"),
    *("| rex ", "\u2028"),
    *('[{"risk_object_field": ["a"], "risk_score": [1]}]', '{"mitre_attack": {"a": 1}}', '[{"search": "$x$"}]'),
]
VALUES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join)
SEARCH = st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=5)


@given(st.lists(SEARCH, min_size=5, max_size=40))
@settings(max_examples=25, deadline=None)
def test_findings_and_no_crash(searches: list[dict[str, str]]) -> None:
    stanzas = {f"S{n}": {"enableSched": "1", **keys} for n, keys in enumerate(searches)}
    macros = {"a_filter": {"definition": "search *"}, "a(1)": {"args": "x", "definition": "$x$"}}
    with tempfile.TemporaryDirectory() as folder:
        app = write_app(Path(folder) / "any", {"savedsearches": stanzas, "macros": macros})
        found = lint(Session([app]))
    known = {rule.code for rule in RULES}
    assert {one.rule.code for one in found} <= known
    assert all(one.place.line is not None for one in found)
