"""The stand-ins under dev/apps: ordinary Splunk apps, whole in themselves, with the fields that CIM lists.

What their expressions make of real events is tested where the search head runs on them; here stands what can
be read off the files. The fields of each dataset are in tests/cases/cim_fields.json with the page that lists
them; ``filled`` are those that the model gives the value ``unknown`` where an event has none.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ksconf.conf.parser import PARSECONF_STRICT_NC, parse_conf
from replay.spl.evals import fields_of, parse_whole
from replay.spl.scanner import Scanner

REPO = Path(__file__).parents[3]
APPS = sorted(path for path in (REPO / "dev" / "apps").iterdir() if path.is_dir())
MODELS = sorted((REPO / "dev" / "apps" / "Splunk_SA_CIM" / "default" / "data" / "models").glob("*.json"))
CIM: list[dict[str, Any]] = json.loads((REPO / "tests" / "cases" / "cim_fields.json").read_text("utf-8"))
# Folder -> id of the app that it stands in for, where the two differ.
IDS = {
    "TA-crowdstrike": "Splunk_TA_CrowdStrike_FDR",
    "TA-sysmon": "Splunk_TA_microsoft_sysmon",
    "TA-windows": "Splunk_TA_windows",
}
SYSMON = "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"

# What any event may bring to a model's calculations without the model listing it.
ON_ANY_EVENT = {"_time", "sourcetype", "vendor", "product"}
# The datasets that the stand-ins feed; the others are there for the searches that name them.
FED = [
    *(("Endpoint", name) for name in ("Ports", "Processes", "Services", "Filesystem", "Registry")),
    ("Network_Traffic", "All_Traffic"),
    ("Network_Resolution", "DNS"),
    ("Authentication", "Authentication"),
    ("Change", "All_Changes"),
    ("Change", "Account_Management"),
    ("Change", "Auditing_Changes"),
    ("Change", "Endpoint_Changes"),
]


def conf(app: Path, name: str) -> dict[str, dict[str, str]]:
    """Stanzas of one .conf file of an app; none where the app does not have the file."""
    path = app / "default" / f"{name}.conf"
    if not path.exists():
        return {}
    stanzas = parse_conf(str(path), PARSECONF_STRICT_NC)
    return {str(stanza): dict(settings) for stanza, settings in stanzas.items() if settings}


def datasets(model: Path) -> dict[str, dict[str, Any]]:
    return {one["objectName"]: one for one in json.loads(model.read_text("utf-8"))["objects"]}


def own_fields(dataset: dict[str, Any]) -> list[dict[str, Any]]:
    outputs = [field for one in dataset["calculations"] for field in one["outputFields"]]
    return [*dataset["fields"], *outputs]


def with_parents(name: str, all_datasets: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The dataset, its parent, and so on to the root."""
    while name in all_datasets:
        yield all_datasets[name]
        name = all_datasets[name]["parentName"]


def eval_fields(expression: str) -> set[str]:
    return fields_of(parse_whole(Scanner(expression), "eval"))


def each_id(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("app", APPS, ids=each_id)
def test_an_app_has_the_id_of_the_real_one_and_shares_all_it_has(app: Path) -> None:
    stanzas = conf(app, "app")
    assert stanzas["package"]["id"] == IDS.get(app.name, app.name)
    assert re.fullmatch(r"\d+\.\d+\.\d+", stanzas["launcher"]["version"])
    meta = parse_conf(str(app / "metadata" / "default.meta"), PARSECONF_STRICT_NC)
    assert meta[""]["export"] == "system"


@pytest.mark.parametrize("app", APPS, ids=each_id)
def test_an_app_is_knowledge_and_no_code(app: Path) -> None:
    kinds = {path.suffix for path in app.rglob("*") if path.is_file() and path.parent.name != "README"}
    assert kinds <= {".conf", ".meta", ".json", ".csv"}


@pytest.mark.parametrize("app", APPS, ids=each_id)
def test_every_transform_and_lookup_that_props_name_exists(app: Path) -> None:
    transforms = conf(app, "transforms")
    for stanza, settings in conf(app, "props").items():
        for key, value in settings.items():
            if key.startswith("REPORT-"):
                for name in re.split(r"[\s,]+", value.strip()):
                    assert "REGEX" in transforms[name], f"[{stanza}] {key}"
            if key.startswith("LOOKUP-"):
                table, column, *rest = value.replace(",", " ").split()
                path = app / "lookups" / transforms[table]["filename"]
                with path.open(encoding="utf-8", newline="") as file:
                    columns = next(csv.reader(file))
                outputs = " ".join(rest).split("OUTPUTNEW ")[1]
                named = re.sub(r"(\S+) AS \S+", r"\1", outputs).split()
                assert {column, *named} <= set(columns), f"[{stanza}] {key}"


@pytest.mark.parametrize("app", APPS, ids=each_id)
def test_no_calculated_field_is_built_on_another(app: Path) -> None:
    """Splunk computes all EVAL keys of an event at once: none sees the result of another (props.conf, EVAL).

    Names with a small first letter are ours, those of the events have a capital (or are listed).
    """
    from_events = {"param1", "param2", "param3", "param4", "aid", "event_platform", "event_simpleName"}
    from_events |= {"jobOwner", "processPath", "processId", "dcName"}
    for stanza, settings in conf(app, "props").items():
        for key, value in settings.items():
            if key.startswith("EVAL-"):
                ours = {name for name in eval_fields(value) if name[0].islower()} - from_events
                assert ours <= {key.removeprefix("EVAL-")}, f"[{stanza}] {key}"


@pytest.mark.parametrize("app", APPS, ids=each_id)
def test_every_tag_stands_on_an_event_type_of_the_app(app: Path) -> None:
    eventtypes = conf(app, "eventtypes")
    for stanza, settings in conf(app, "tags").items():
        field, name = stanza.split("=", 1)
        assert field == "eventtype"
        assert eventtypes[name]["search"]
        assert set(settings.values()) == {"enabled"}


def test_sysmon_is_mapped_the_same_under_its_old_source_type_and_its_new_source() -> None:
    props = conf(REPO / "dev" / "apps" / "TA-sysmon", "props")
    old, new = props[SYSMON], props[f"source::{SYSMON}"]
    assert {key: value for key, value in old.items() if key != "KV_MODE"} == new
    assert old["KV_MODE"] == "xml"


def test_the_windows_event_types_that_searches_name_exist() -> None:
    eventtypes = conf(REPO / "dev" / "apps" / "TA-windows", "eventtypes")
    assert {"wineventlog_security", "wineventlog_system", "wineventlog_application"} <= set(eventtypes)


def test_the_macros_of_the_cim_add_on() -> None:
    macros = conf(REPO / "dev" / "apps" / "Splunk_SA_CIM", "macros")
    argument = macros["drop_dm_object_name(1)"]["args"]
    assert macros["drop_dm_object_name(1)"]["definition"] == f'rename "${argument}$.*" as *'
    indexes = {f"cim_{model.stem}_indexes" for model in MODELS}
    assert {name for name in macros if name.endswith("_indexes")} == indexes
    assert all(macros[name]["definition"] == "()" for name in indexes)


@pytest.mark.parametrize("model", MODELS, ids=each_id)
def test_a_model_is_a_tree_whose_datasets_say_where_they_hang(model: Path) -> None:
    content = json.loads(model.read_text("utf-8"))
    found = datasets(model)
    assert content["modelName"] == model.stem
    assert content["objectNameList"] == [one["objectName"] for one in content["objects"]] == list(found)
    for name, one in found.items():
        parent = found.get(one["parentName"])
        assert parent is not None or one["parentName"] == "BaseEvent", name
        assert one["lineage"] == (name if parent is None else f"{parent['lineage']}.{name}")
        for part in [*own_fields(one), *one["calculations"], *one["constraints"]]:
            assert part["owner"] == one["lineage"]


@pytest.mark.parametrize("model", MODELS, ids=each_id)
def test_the_roots_of_a_model_search_its_indexes_by_tags(model: Path) -> None:
    for name, one in datasets(model).items():
        constraint = one["constraints"][0]["search"]
        if one["parentName"] == "BaseEvent":
            assert constraint.startswith(f"(`cim_{model.stem}_indexes`) "), name
        assert one["constraints"] and constraint.strip(), name


@pytest.mark.parametrize("model", MODELS, ids=each_id)
def test_a_dataset_names_each_field_once_and_calculates_from_fields_it_has(model: Path) -> None:
    found = datasets(model)
    for name, one in found.items():
        names = [field["fieldName"] for field in own_fields(one)]
        assert len(names) == len(set(names)), name
        known = {field["fieldName"] for part in with_parents(name, found) for field in own_fields(part)}
        for calculation in one["calculations"]:
            assert calculation["calculationType"] == "Eval"
            unknown = eval_fields(calculation["expression"]) - known - ON_ANY_EVENT
            assert not unknown, f"{name}: {calculation['calculationID']}"


@pytest.mark.parametrize(("model", "dataset"), FED)
def test_some_event_type_carries_the_tags_that_a_dataset_asks_for(model: str, dataset: str) -> None:
    found = datasets(next(path for path in MODELS if path.stem == model))
    constraints = " ".join(part["constraints"][0]["search"] for part in with_parents(dataset, found))
    wanted = set(re.findall(r"tag=(\w+)", constraints))
    given = [set(settings) for app in APPS for settings in conf(app, "tags").values()]
    assert wanted and any(wanted <= tags for tags in given)


@pytest.mark.parametrize("case", CIM, ids=lambda case: case["model"])
def test_a_model_has_the_fields_that_its_manual_page_lists(case: dict[str, Any]) -> None:
    found = datasets(next(path for path in MODELS if path.stem == case["model"]))
    for expected in case["datasets"]:
        one = found[expected["dataset"]]
        names = {field["fieldName"] for field in own_fields(one)}
        assert set(expected["fields"]) <= names, expected["dataset"]
        filled = {
            calculation["outputFields"][0]["fieldName"]
            for calculation in one["calculations"]
            if '"unknown"' in calculation["expression"]
        }
        assert set(expected["filled"]) <= filled, expected["dataset"]


def test_every_model_has_its_list_of_fields() -> None:
    assert sorted(case["model"] for case in CIM) == [model.stem for model in MODELS]
