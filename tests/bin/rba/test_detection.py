"""What savedsearches.conf says about risk, and what is said when it says nonsense."""

from __future__ import annotations

import json

import pytest
from rba.detection import RiskObject, ThreatObject, number_text, read_detection
from rba.errors import RbaError

HOST = {"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 40}
USER = {"risk_object_field": "user", "risk_object_type": "user", "risk_score": "25.5"}
FILE = {"threat_object_field": "process_name", "threat_object_type": "process_name"}
IMPACT, CONFIDENCE = "action.rbaenrich.impact", "action.rbaenrich.confidence"


def settings(risk: object, **more: str) -> dict[str, str]:
    """Settings with this ``_risk``; other names of ``action.risk.param`` as keywords."""
    text = risk if isinstance(risk, str) else json.dumps(risk)
    return {
        "action.risk.param._risk": text,
        **{f"action.risk.param.{key}": value for key, value in more.items()},
    }


def test_risk_and_threat_objects_in_their_order() -> None:
    detection = read_detection("d", settings([HOST, FILE, USER], _risk_message="$dest$"))
    assert detection.risk_objects == (RiskObject("dest", "system", 40), RiskObject("user", "user", 25.5))
    assert detection.threat_objects == (ThreatObject("process_name", "process_name"),)
    assert (detection.message, detection.score, detection.warnings) == ("$dest$", 40, ())


SCORES = [
    # settings, score of the one risk object
    (settings([HOST]), 40),
    (settings([{**HOST, "risk_score": None}], _risk_score="7"), 7),
    ({**settings([HOST]), IMPACT: "80", CONFIDENCE: "100"}, 80),
    ({**settings([HOST]), IMPACT: "35", CONFIDENCE: "70"}, 24.5),
    ({**settings([{"risk_object_field": "dest"}]), IMPACT: "50", CONFIDENCE: "50"}, 25),
    ({**settings([HOST]), IMPACT: "", CONFIDENCE: ""}, 40),
    (settings([{**HOST, "risk_score": 0}], _risk_score="7"), 0),
    (settings([{**HOST, "risk_score": -5}]), -5),
]


@pytest.mark.parametrize(("given", "score"), SCORES)
def test_score(given: dict[str, str], score: float) -> None:
    assert [risk.score for risk in read_detection("d", given).risk_objects] == [score]


def test_scores_that_contradict_each_other_are_warned_about() -> None:
    detection = read_detection("d", {**settings([HOST]), IMPACT: "80", CONFIDENCE: "100"})
    assert [text for text in detection.warnings if "dest 40" in text and "= 80" in text]


def test_a_detection_without_risk_objects_is_warned_about() -> None:
    assert "names no risk object" in read_detection("d", settings([FILE])).warnings[0]


def test_types_default_to_other() -> None:
    detection = read_detection(
        "d", settings([{"risk_object_field": "x", "risk_score": 1}, {"threat_object_field": "y"}])
    )
    assert (detection.risk_objects[0].type, detection.threat_objects[0].type) == ("other", "other")


def test_without_a_message_the_label_speaks_and_without_a_label_the_name() -> None:
    assert read_detection("d", settings([HOST])).message == "d"
    assert read_detection("d", {**settings([HOST]), "action.correlationsearch.label": "L"}).message == "L"


def test_annotations_are_lists_of_texts() -> None:
    given = {
        **settings([HOST]),
        "action.correlationsearch.annotations": '{"cis20": ["CIS 10", 7], "type": "TTP"}',
    }
    assert read_detection("d", given).annotations == {"cis20": ("CIS 10", "7"), "type": ("TTP",)}


BROKEN = [
    # settings, what the error says
    ({}, "_risk is not set"),
    (settings(""), "_risk is not set"),
    (settings("[{"), "_risk is not valid JSON: "),
    (settings("[" * 100_000), "_risk is not valid JSON: "),
    (settings('[{"risk_object_field": "\\ud800", "risk_score": 1}]'), "_risk is not valid JSON: "),
    (settings({}), "must be a JSON list"),
    (settings(["dest"]), "must be a JSON list"),
    (settings([HOST, {}]), "no risk_object_field in entry 2"),
    (settings([{"risk_object_field": 5}]), "no risk_object_field in entry 1"),
    (settings([{"threat_object_field": " "}]), "no threat_object_field in entry 1"),
    (settings([{"risk_object_field": "dest"}]), "no risk_score in entry 1"),
    (settings([{**HOST, "risk_score": "high"}]), "has 'high' where risk_score in entry 1 must be a number"),
    (settings([{**HOST, "risk_score": True}]), "must be a number"),
    (settings([{**HOST, "risk_score": float("nan")}]), "must be a number"),
    (settings([{**HOST, "risk_score": 10**400}]), "must be a number"),
    ({**settings([HOST]), IMPACT: "80"}, f"{IMPACT} is set alone"),
    (
        {**settings([HOST]), IMPACT: "80", CONFIDENCE: "101"},
        f"{CONFIDENCE} is 101: it must lie between 0 and 100",
    ),
    ({**settings([HOST]), IMPACT: "x", CONFIDENCE: "1"}, "must be a number"),
    ({**settings([HOST]), "action.correlationsearch.annotations": "{"}, "annotations is not valid JSON"),
    ({**settings([HOST]), "action.correlationsearch.annotations": "[]"}, "must be a JSON object"),
]


@pytest.mark.parametrize(("given", "said"), BROKEN)
def test_broken_settings(given: dict[str, str], said: str) -> None:
    with pytest.raises(RbaError) as caught:
        read_detection("My Rule", given)
    text = str(caught.value)
    assert text.startswith("[My Rule] action.")
    assert said in text
    assert "Correct it in ES Content Management" in text


@pytest.mark.parametrize(("score", "text"), [(80.0, "80"), (24.5, "24.5"), (0.1 + 0.2, "0.3"), (-5.0, "-5")])
def test_numbers_as_splunk_writes_them(score: float, text: str) -> None:
    assert number_text(score) == text
