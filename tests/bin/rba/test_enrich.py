"""Results in, results with risk out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rba.attack import Technique
from rba.detection import read_detection
from rba.enrich import Enricher, risk_hash

TECHNIQUES = {"T1055": Technique("Process Injection", ("Defense Evasion", "Privilege Escalation"))}
ANNOTATIONS = {
    "analytic_story": ["Unusual Processes"],
    "cis20": ["CIS 10"],
    "nist": ["DE.CM"],
    "mitre_attack": ["T1055", "T9999"],
    "kill_chain_phases": ["Exploitation"],
    "data_source": ["Sysmon"],
}


def risk(field: str, score: float, type_: str = "system") -> dict[str, object]:
    return {"risk_object_field": field, "risk_object_type": type_, "risk_score": score}


def threat(field: str) -> dict[str, object]:
    return {"threat_object_field": field, "threat_object_type": field}


def enricher(
    *entries: object, message: str = "$process$ on $dest$", output: str = "annotate", prefix: str = ""
) -> Enricher:
    settings = {
        "action.risk.param._risk": json.dumps(entries),
        "action.risk.param._risk_message": message,
        "action.correlationsearch.annotations": json.dumps(ANNOTATIONS),
    }
    return Enricher(read_detection("My Rule", settings), TECHNIQUES, output, prefix)


def run(subject: Enricher, *rows: Sequence[str]) -> list[dict[str, str]]:
    """The results that come out, as field to cell; every row must have a cell for every field."""
    out = list(subject.stream(iter([list(row) for row in rows])))
    assert all(len(row) == len(out[0]) for row in out)
    assert len(set(out[0])) == len(out[0])
    return [dict(zip(out[0], row, strict=True)) for row in out[1:]]


def test_annotate_adds_these_fields_and_no_risk_object() -> None:
    subject = enricher(risk("dest", 80), threat("process"))
    (result,) = run(subject, ["dest", "process"], ["PC1", "cmd.exe"])
    digest = hashlib.sha256(b"7:My Rule3:PC16:system14:cmd.exe on PC1").hexdigest()
    assert result == {
        "dest": "PC1",
        "process": "cmd.exe",
        "risk_score": "80",
        "risk_severity": "high",
        "risk_message": "cmd.exe on PC1",
        "risk_hash": digest,
        "threat_object": "cmd.exe",
        "__mv_threat_object": "",
        "threat_object_type": "process",
        "__mv_threat_object_type": "",
        "risk_modifier_reason": "",
        "__mv_risk_modifier_reason": "",
        "annotations.mitre_attack": "T1055\nT9999",
        "__mv_annotations.mitre_attack": "$T1055$;$T9999$",
        "annotations.mitre_attack.mitre_technique": "Process Injection",
        "annotations.mitre_attack.mitre_tactic": "Defense Evasion\nPrivilege Escalation",
        "__mv_annotations.mitre_attack.mitre_tactic": "$Defense Evasion$;$Privilege Escalation$",
        "annotations.kill_chain_phases": "Exploitation",
        "annotations.cis20": "CIS 10",
        "annotations.nist": "DE.CM",
        "analyticstories": "Unusual Processes",
    }
    assert subject.take_warnings() == []


def test_several_risk_objects_annotate_the_highest_score() -> None:
    (result,) = run(enricher(risk("dest", 20), risk("user", 90)), ["dest", "user", "process"], ["PC1", "bob", "x"])
    assert (result["risk_score"], result["risk_severity"]) == ("90", "critical")


def test_events_are_one_result_for_each_risk_object() -> None:
    subject = enricher(risk("dest", 20), risk("user", 90, "user"), output="events")
    results = run(subject, ["dest", "user", "process"], ["PC1", "bob", "x"])
    told = ["risk_object", "risk_object_type", "risk_score", "risk_severity", "search_name", "source", "user"]
    assert [[result[field] for field in told] for result in results] == [
        ["PC1", "system", "20", "info", "My Rule", "My Rule", "bob"],
        ["bob", "user", "90", "critical", "My Rule", "My Rule", "bob"],
    ]
    assert len({result["risk_hash"] for result in results}) == 2


def test_a_multivalue_risk_object_gives_an_event_for_each_value() -> None:
    subject = enricher(risk("dest", 20), output="events")
    results = run(subject, ["dest", "__mv_dest", "process"], ["a\nb", "$a$;$b$", "x"])
    assert [result["risk_object"] for result in results] == ["a", "b"]
    assert [result["risk_message"] for result in results] == ["x on a, b"] * 2
    assert [result["__mv_dest"] for result in results] == ["$a$;$b$"] * 2


def test_with_one_risk_object_both_outputs_agree_on_the_hash() -> None:
    rows = (["dest", "process"], ["PC1", "x"])
    (annotated,) = run(enricher(risk("dest", 20)), *rows)
    (event,) = run(enricher(risk("dest", 20), output="events"), *rows)
    assert annotated["risk_hash"] == event["risk_hash"]


EMPTY = ["", "-", "unknown", "null", "NULL", "Unknown"]


@pytest.mark.parametrize("value", EMPTY)
@pytest.mark.parametrize("output", ["annotate", "events"])
def test_a_result_without_risk_object_is_passed_on_and_warned_about_once(value: str, output: str) -> None:
    subject = enricher(risk("dest", 20), threat("dest"), output=output)
    results = run(subject, ["dest", "process", "kept"], [value, "x", "1"], ["PC1", "x", "2"], [value, "x", "3"])
    assert [result["kept"] for result in results] == ["1", "2", "3"]
    assert [result["risk_message"] for result in results] == ["x on unknown", "x on PC1", "x on unknown"]
    assert [result["threat_object"] for result in results] == ["", "PC1", ""]
    assert [result.get("risk_object", "-") for result in results] in (["-"] * 3, ["", "PC1", ""])
    warnings = subject.take_warnings()
    assert len(warnings) == (1 if output == "annotate" else 2)
    assert "Missing or empty in some results: dest." in warnings[0]
    run(subject, ["dest", "process"], [value, "x"])
    assert subject.take_warnings() == []


def test_a_field_that_no_result_has_is_unknown() -> None:
    subject = enricher(risk("dest", 20), message="$user$ on $dest$")
    (result,) = run(subject, ["dest"], ["PC1"])
    assert result["risk_message"] == "unknown on PC1"
    assert "results: user." in subject.take_warnings()[0]


def test_a_detection_without_risk_object_loses_no_event() -> None:
    (result,) = run(enricher(threat("process"), output="events"), ["dest", "process"], ["PC1", "x"])
    assert (result["risk_object"], result["risk_score"]) == ("", "0")


def test_values_are_data_in_messages() -> None:
    (result,) = run(enricher(risk("dest", 20)), ["dest", "process"], ["$process$", "$$ %s {0}"])
    assert result["risk_message"] == "$$ %s {0} on $process$"


def test_threat_objects_and_their_types_are_parallel() -> None:
    subject = enricher(risk("dest", 20), threat("a"), threat("b"), threat("c"))
    (result,) = run(subject, ["dest", "a", "__mv_a", "b", "c"], ["PC1", "1\n2", "$1$;$2$", "", "3"])
    assert result["__mv_threat_object"] == "$1$;$2$;$3$"
    assert result["__mv_threat_object_type"] == "$a$;$a$;$c$"


def test_a_prefix_is_put_before_every_added_field_and_no_other() -> None:
    subject = enricher(risk("dest", 20), threat("process"), prefix="rba_")
    (result,) = run(subject, ["dest", "process", "risk_score"], ["PC1", "x", "mine"])
    assert result["risk_score"] == "mine"
    added = set(result) - {"dest", "process", "risk_score"}
    assert {name.removeprefix("__mv_").startswith("rba_") for name in added} == {True}
    assert subject.take_warnings() == []


def test_fields_that_would_be_covered_are_kept_under_another_name() -> None:
    subject = enricher(risk("dest", 20))
    header = ["dest", "process", "risk_score", "orig_risk_score", "analyticstories", "__mv_analyticstories"]
    (result,) = run(subject, header, ["PC1", "x", "1", "2", "a\nb", "$a$;$b$"])
    assert (result["risk_score"], result["orig_risk_score"], result["orig_orig_risk_score"]) == (
        "20",
        "2",
        "1",
    )
    assert (result["orig_analyticstories"], result["__mv_orig_analyticstories"]) == ("a\nb", "$a$;$b$")
    assert "risk_score to orig_orig_risk_score" in subject.take_warnings()[0]


BAD_ROWS = [
    (["PC1"], {"dest": "PC1", "process": "", "kept": ""}, "fewer cells"),
    ([], {"dest": "", "process": "", "kept": ""}, "fewer cells"),
    (["PC1", "x", "1", "extra"], {"dest": "PC1", "process": "x", "kept": "1"}, "more cells"),
]


@pytest.mark.parametrize(("row", "expected", "said"), BAD_ROWS)
def test_a_bad_record_is_passed_on_with_a_warning(row: list[str], expected: dict[str, str], said: str) -> None:
    subject = enricher(risk("dest", 20))
    good = ["PC2", "y", "2"]
    results = run(subject, ["dest", "process", "kept"], good, row, good)
    assert [result["dest"] for result in results] == ["PC2", expected["dest"], "PC2"]
    assert {field: results[1][field] for field in expected} == expected
    assert said in "".join(subject.take_warnings())


def test_a_multivalue_that_cannot_be_read_is_passed_on_as_it_came() -> None:
    subject = enricher(risk("dest", 20))
    (result,) = run(subject, ["dest", "__mv_dest", "process"], ["a\nb", "a;b", "x"])
    assert (result["dest"], result["__mv_dest"]) == ("a\nb", "a;b")
    assert result["risk_message"] == "x on a\nb"
    assert "in dest:" in subject.take_warnings()[0]


@pytest.mark.parametrize("rows", [[], [["dest", "process"]]])
def test_a_chunk_without_results_stays_without(rows: list[list[str]]) -> None:
    assert list(enricher(risk("dest", 20)).stream(iter(rows))) == []


def test_results_of_any_number_come_out_in_order() -> None:
    """More distinct ones than are remembered, each twice."""
    rows = [[f"PC{number // 2}", "x", str(number)] for number in range(12_000)]
    results = run(enricher(risk("dest", 20)), ["dest", "process", "kept"], *rows)
    assert [(result["kept"], result["risk_message"]) for result in results] == [
        (number, f"x on {dest}") for dest, _, number in rows
    ]


def test_the_hash_tells_its_parts_apart() -> None:
    digest = risk_hash("d")
    assert digest([("a", "b")], "m") != digest([("ab", "")], "m")
    assert digest([("a", "b")], "m") != digest([], "abm")
    assert digest([("a", "b")], "m") != risk_hash("d1")([("a", "b")], "m")


CELLS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5)


@given(
    header=st.lists(
        st.sampled_from(["dest", "__mv_dest", "user", "process", "risk_score", "x"]), unique=True, min_size=1
    ),
    rows=st.lists(st.lists(CELLS, max_size=7), min_size=1),
    output=st.sampled_from(["annotate", "events"]),
)
def test_whatever_comes_in_comes_out_untouched_and_in_order(
    header: list[str], rows: list[list[str]], output: str
) -> None:
    subject = enricher(risk("dest", 20), threat("user"), output=output)
    out = list(subject.stream(iter([header, *rows])))
    width = len(header)
    kept = [row[:width] for row in out[1:]]
    if output == "events":  # a row stands there once for each value of dest, side by side
        kept = [row for index, row in enumerate(kept) if index == 0 or row != kept[index - 1]]
    expected = [(row + [""] * width)[:width] for row in rows]
    if output == "events":
        expected = [row for index, row in enumerate(expected) if index == 0 or row != expected[index - 1]]
    assert kept == expected
