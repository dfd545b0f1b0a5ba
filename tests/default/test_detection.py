"""The detection: what it searches, what risk and notable it raises, when it runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

Read = Callable[[str], dict[str, dict[str, str]]]
NAME = "Endpoint - Windows Remote Assistance Spawning Process"
SEARCH = """
| tstats `security_content_summariesonly` count min(_time) as firstTime max(_time) as lastTime
from datamodel=Endpoint.Processes where Processes.parent_process_name=msra.exe `windows_shells`
by Processes.dest Processes.user Processes.parent_process_name Processes.process_name
Processes.original_file_name Processes.process Processes.process_id Processes.parent_process_id
| `drop_dm_object_name(Processes)`
| `security_content_ctime(firstTime)`
| `security_content_ctime(lastTime)`
| `windows_remote_assistance_spawning_process_filter`
"""
OUTPUT_FIELDS = {
    *("dest", "user", "parent_process_name", "process_name", "original_file_name", "process", "process_id"),
    *("parent_process_id", "count", "firstTime", "lastTime"),
}
# ES adds these to each finding: the time range that the search had covered.
ES_FIELDS = {"info_min_time", "info_max_time"}


def one_line(spl: str) -> str:
    """A search without the line breaks that a person put into it."""
    return " ".join(spl.split())


def tokens(text: str) -> set[str]:
    """The names of the ``$field$`` tokens."""
    return set(re.findall(r"\$([^$\s]+)\$", text))


def risk(rule: dict[str, str]) -> list[dict[str, Any]]:
    """The risk and threat objects."""
    parsed: list[dict[str, Any]] = json.loads(rule["action.risk.param._risk"])
    return parsed


def drilldowns(rule: dict[str, str]) -> list[dict[str, str]]:
    """The drilldown searches."""
    parsed: list[dict[str, str]] = json.loads(rule["action.notable.param.drilldown_searches"])
    return parsed


def test_the_search_is_the_published_one_and_only_enriched(rule: dict[str, str]) -> None:
    modifiers = f'eval rba_modifier_detection="{NAME} - Rule" | `rba_risk_modifiers`'
    assert one_line(rule["search"]) == f'{one_line(SEARCH)} | {modifiers} | rbaenrich detection="{NAME} - Rule"'


def test_the_search_for_sites_without_es_is_the_same(conf: Read, rule: dict[str, str]) -> None:
    events = conf("default/savedsearches.conf")[f"{NAME} - Risk Events"]
    ending = " output=events | collect index=`remote_assistance_risk_index`"
    assert one_line(events["search"]) == one_line(rule["search"]) + ending
    schedule = ("disabled", "enableSched", "cron_schedule", "dispatch.earliest_time", "dispatch.latest_time")
    assert [events[key] for key in schedule] == [rule[key] for key in schedule]
    assert not [key for key in events if key.startswith("action.")]


def test_output_fields_are_those_that_the_search_names() -> None:
    by = re.findall(r"Processes\.(\w+)", one_line(SEARCH).split(" by ")[1].split(" | ")[0])
    assert {*by, "count", *re.findall(r" as (\w+)", SEARCH)} == OUTPUT_FIELDS


def test_the_risk(rule: dict[str, str]) -> None:
    assert risk(rule) == [
        {"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 80},
        {"threat_object_field": "parent_process_name", "threat_object_type": "parent_process_name"},
        {"threat_object_field": "process_name", "threat_object_type": "process_name"},
    ]
    assert rule["action.risk.param._risk_message"] == (
        "An instance of $parent_process_name$ spawning $process_name$ was identified on endpoint $dest$, "
        "generating behavior not common with msra.exe."
    )
    assert rule["action.risk.param._risk_score"] == rule["action.risk.param.verbose"] == "0"


def test_the_score_is_impact_times_confidence(rule: dict[str, str]) -> None:
    impact, confidence = (int(rule[f"action.rbaenrich.{name}"]) for name in ("impact", "confidence"))
    assert (impact, confidence) == (80, 100)
    assert risk(rule)[0]["risk_score"] == impact * confidence / 100


def test_the_annotations(rule: dict[str, str]) -> None:
    assert json.loads(rule["action.correlationsearch.annotations"]) == {
        "analytic_story": ["Unusual Processes"],
        "cis20": ["CIS 10"],
        "nist": ["DE.CM"],
        "mitre_attack": ["T1055"],
        "kill_chain_phases": ["Exploitation"],
        "data_source": [
            "Sysmon EventID 1",
            "Windows Event Log Security 4688",
            "CrowdStrike ProcessRollup2",
        ],
        "type": "TTP",
    }
    metadata = json.loads(rule["action.correlationsearch.metadata"])
    assert metadata["detection_id"] == "ced50492-8849-11ec-9f68-acde48001122"
    assert metadata["detection_version"] == "1"


def test_every_json_key_parses(conf: Read) -> None:
    json_values = {
        (stanza, key): value
        for name in ("savedsearches", "analyticstories")
        for stanza, settings in conf(f"default/{name}.conf").items()
        for key, value in settings.items()
        if value.startswith(("{", "["))
    }
    assert len(json_values) == 10
    for place, value in json_values.items():
        assert json.loads(value), place


FACTS = {
    "action.correlationsearch.enabled": "1",
    "action.correlationsearch.label": "Windows Remote Assistance Spawning Process",
    "action.risk": "1",
    "action.notable": "1",
    "action.notable.param.security_domain": "endpoint",
    "action.notable.param.severity": "high",
    "action.rbaenrich.references": '["https://thedfirreport.com/2022/02/07/qbot-likes-to-move-it-move-it/"]',
    "disabled": "1",
    "enableSched": "1",
    "cron_schedule": "0 * * * *",
    "dispatch.earliest_time": "-70m@m",
    "dispatch.latest_time": "-10m@m",
    "schedule_window": "auto",
    "realtime_schedule": "0",
    "alert.digest_mode": "1",
    "counttype": "number of events",
    "relation": "greater than",
    "quantity": "0",
    "alert.suppress": "0",
    "alert.suppress.fields": "dest,process_id",
}


def test_schedule_throttling_and_actions(rule: dict[str, str]) -> None:
    assert {key: rule.get(key) for key in FACTS} == FACTS


def test_drilldowns_name_output_fields_and_quote_them(rule: dict[str, str]) -> None:
    assert len(drilldowns(rule)) == 2
    for drilldown in drilldowns(rule):
        assert tokens(json.dumps(drilldown)) <= OUTPUT_FIELDS | ES_FIELDS
        for text in (drilldown["name"], drilldown["search"]):
            assert '"$dest$"' in text
            assert len(re.findall(r'"\$\w+\$"', text)) == len(re.findall(r"\$\w+\$", text))


def test_the_first_drilldown_is_the_detection_on_one_host(conf: Read, rule: dict[str, str]) -> None:
    macros = {name: settings["definition"] for name, settings in conf("default/macros.conf").items()}
    spl = one_line(SEARCH).removesuffix(" | `windows_remote_assistance_spawning_process_filter`")
    for name in ("security_content_summariesonly", "summariesonly_config", "oldsummaries_config"):
        spl = spl.replace(f"`{name}`", macros[name])
    spl = spl.replace("`fillnull_config`", macros["fillnull_config"])
    shells = macros["windows_shells"].removesuffix(")") + ' OR Processes.process_name="$process_name$")'
    spl = spl.replace("`windows_shells`", f'{shells} Processes.dest="$dest$"')
    ctime = macros["security_content_ctime(1)"].replace("$field$", "firstTime") + " ctime(lastTime)"
    spl = spl.replace("`security_content_ctime(firstTime)` | `security_content_ctime(lastTime)`", ctime)
    assert drilldowns(rule)[0]["search"] == spl
    assert drilldowns(rule)[0]["earliest_offset"] == "$info_min_time$"
    assert drilldowns(rule)[0]["latest_offset"] == "$info_max_time$"


def test_the_second_drilldown_reads_seven_days_of_risk(rule: dict[str, str]) -> None:
    second = drilldowns(rule)[1]
    assert second["search"].startswith('| from datamodel:Risk.All_Risk | search normalized_risk_object="$dest$"')
    assert (second["earliest_offset"], second["latest_offset"]) == ("7d", "0")


def test_the_story_tells_what_the_detection_tells(conf: Read, rule: dict[str, str]) -> None:
    stories = conf("default/analyticstories.conf")
    entry = stories[f"savedsearch://{NAME} - Rule"]
    assert entry["explanation"] == rule["description"]
    assert entry["how_to_implement"] == rule["action.rbaenrich.how_to_implement"]
    assert entry["known_false_positives"] == rule["action.rbaenrich.known_false_positives"]
    annotations = json.loads(rule["action.correlationsearch.annotations"])
    assert json.loads(entry["annotations"]).items() <= annotations.items()


def test_the_story_has_a_name_that_es_content_updates_does_not_use(conf: Read) -> None:
    stories = [name for name in conf("default/analyticstories.conf") if name.startswith("analytic_story://")]
    assert stories == ["analytic_story://Unusual Processes: Remote Assistance"]
    story = conf("default/analyticstories.conf")[stories[0]]
    assert json.loads(story["searches"]) == [f"{NAME} - Rule"]
