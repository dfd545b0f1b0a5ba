"""Data models: trees of datasets, and what each inherits."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from replay.errors import KnowledgeError
from replay.knowledge import DataModel, Knowledge

Load = Callable[[dict[str, dict[str, str]]], Knowledge]
Json = dict[str, Any]


def field(name: str, owner: str, **more: Any) -> Json:
    return {"fieldName": name, "owner": owner, "type": "string", **more}


def calculation(kind: str, owner: str, outputs: list[str], **more: Any) -> Json:
    return {
        "calculationType": kind,
        "owner": owner,
        "outputFields": [field(name, owner) for name in outputs],
        **more,
    }


ROOT: Json = {
    "objectName": "All_Changes",
    "parentName": "BaseEvent",
    "constraints": [{"search": "tag=change", "owner": "All_Changes"}],
    "fields": [
        field("_time", "BaseEvent"),
        field("host", "BaseEvent"),
        field("user", "All_Changes", required=True),
        field("dest", "All_Changes", multivalue=True, hidden=True, type="ipv4"),
        field("All_Changes", "All_Changes", type="objectCount"),
    ],
    "calculations": [calculation("Eval", "All_Changes", ["status"], expression='if(isnull(x),"unknown",x)')],
}

# As a person writes it, only with what it adds; and as Splunk Web writes it, with all that it inherits.
SHORT: Json = {
    "objectName": "Account_Management",
    "parentName": "All_Changes",
    "displayName": "Accounts",
    "constraints": [{"search": "tag=account"}],
    "fields": [{"fieldName": "src_user"}],
    "calculations": [calculation("Rex", "", ["nt"], expression=r"(?<nt>\w+)", inputField="user")],
}
LONG: Json = {
    **SHORT,
    "lineage": "All_Changes.Account_Management",
    "constraints": [
        *ROOT["constraints"],
        {"search": "tag=account", "owner": "All_Changes.Account_Management"},
    ],
    "fields": [*ROOT["fields"], field("src_user", "All_Changes.Account_Management")],
    "calculations": [
        *ROOT["calculations"],
        calculation("Rex", "All_Changes.Account_Management", ["nt"], expression=r"(?<nt>\w+)", inputField="user"),
    ],
}


def model(load: Load, *objects: Json) -> DataModel:
    """The model `Change` with these datasets, as the app of the search sees it."""
    text = json.dumps({"modelName": "Change", "displayName": "Changes", "objects": objects})
    return load({"A": {"default/data/models/Change.json": text}}).datamodel("A", "Change")


def test_a_root(load: Load) -> None:
    found = model(load, ROOT).dataset("All_Changes")
    assert (found.kind, found.parent, found.lineage, found.base_search) == (
        "event",
        None,
        ("All_Changes",),
        None,
    )
    assert [one.search for one in found.constraints] == ["tag=change"]
    assert [one.qualified for one in found.fields] == [
        "All_Changes.user",
        "All_Changes.dest",
        "All_Changes.status",
    ]
    user, dest = found.own_fields
    assert (user.required, user.multivalue, user.hidden, user.type) == (True, False, False, "string")
    assert (dest.required, dest.multivalue, dest.hidden, dest.type) == (False, True, True, "ipv4")


@pytest.mark.parametrize("child", [SHORT, LONG], ids=["short", "long"])
def test_a_child_inherits(load: Load, child: Json) -> None:
    found = model(load, child, ROOT).dataset("Account_Management")
    assert (found.display_name, found.kind, found.parent) == ("Accounts", "event", "All_Changes")
    assert found.lineage == ("All_Changes", "Account_Management")
    assert [one.search for one in found.constraints] == ["tag=change", "tag=account"]
    assert [one.name for one in found.inherited_fields] == ["user", "dest"]
    assert [one.name for one in found.own_fields] == ["src_user"]
    assert [(one.kind, one.owner) for one in found.calculations] == [
        ("Eval", "All_Changes"),
        ("Rex", "All_Changes.Account_Management"),
    ]
    assert [one.qualified for one in found.fields] == [
        "All_Changes.user",
        "All_Changes.dest",
        "All_Changes.Account_Management.src_user",
        "All_Changes.status",
        "All_Changes.Account_Management.nt",
    ]


def test_a_field_is_found_with_and_without_its_prefix(load: Load) -> None:
    found = model(load, ROOT, SHORT).dataset("All_Changes.Account_Management")
    for name in ("user", "All_Changes.user"):
        one = found.field(name)
        assert one is not None
        assert one.qualified == "All_Changes.user"
    assert found.field("nothing") is None
    assert found.field("Account_Management.user") is None


def test_default_fields_have_no_prefix(load: Load) -> None:
    root = {**ROOT, "fields": [field("source", "All_Changes", required=True)], "calculations": []}
    assert [one.qualified for one in model(load, root).dataset("All_Changes").fields] == ["source"]


def test_a_child_may_calculate_a_field_that_it_inherits(load: Load) -> None:
    again = calculation("Eval", "All_Changes.Account_Management", ["status"], expression="1")
    again["outputFields"][0]["owner"] = "All_Changes"
    found = model(load, ROOT, {**SHORT, "calculations": [again]}).dataset("Account_Management")
    assert [one.qualified for one in found.fields].count("All_Changes.status") == 1
    assert len(found.calculations) == 2


def test_calculations_of_every_kind(load: Load) -> None:
    lookup = calculation(
        "Lookup", "D", ["country"], lookupName="geo", lookupInputs=[{"inputField": "ip", "lookupField": "k"}]
    )
    lookup["outputFields"][0]["lookupOutputFieldName"] = "land"
    old_lookup = calculation("Lookup", "D", ["x"], lookupName="geo", inputField="ip", lookupField="k")
    geoip = calculation("GeoIP", "D", ["lat", "lon"], inputField="ip")
    rex = calculation("rex", "D", ["a"], expression="(?<a>.)")
    root = {"objectName": "D", "parentName": "BaseEvent", "calculations": [lookup, old_lookup, geoip, rex]}
    first, second, third, fourth = model(load, root).dataset("D").calculations
    assert (first.kind, first.lookup_name, first.lookup_inputs) == ("Lookup", "geo", (("k", "ip"),))
    assert [(one.name, one.column) for one in first.outputs] == [("country", "land")]
    assert second.lookup_inputs == (("k", "ip"),)
    assert (third.kind, third.input_field, [one.name for one in third.outputs]) == (
        "GeoIP",
        "ip",
        ["lat", "lon"],
    )
    assert (fourth.kind, fourth.input_field, fourth.expression) == ("Rex", "_raw", "(?<a>.)")


def test_search_and_transaction_roots(load: Load) -> None:
    search = {"objectName": "S", "parentName": "BaseSearch", "baseSearch": "index=a | stats count by x"}
    child = {"objectName": "C", "parentName": "S"}
    transaction = {
        "objectName": "T",
        "parentName": "BaseTransaction",
        "groupByFields": ["user"],
        "objectsToGroup": ["S"],
        "transactionMaxPause": "10m",
    }
    found = model(load, search, child, transaction)
    assert (found.dataset("C").kind, found.dataset("C").base_search) == (
        "search",
        "index=a | stats count by x",
    )
    assert found.dataset("T").kind == "transaction"
    assert found.dataset("T").transaction == {
        "groupByFields": ["user"],
        "objectsToGroup": ["S"],
        "transactionMaxPause": "10m",
    }


def test_the_model_of_a_stronger_layer_counts(load: Load) -> None:
    def text(name: str) -> str:
        return json.dumps({"displayName": name, "objects": []})

    path = "data/models/M.json"
    meta = {"metadata/default.meta": "[models]\nexport = system\n"}
    knowledge = load(
        {
            "A": {f"default/{path}": text("A default"), f"local/{path}": text("A local"), **meta},
            "B": {f"default/{path}": text("B"), **meta},
            "C": {},
        }
    )
    assert knowledge.datamodel("A", "M").display_name == "A local"
    assert knowledge.datamodel("C", "M").display_name == "B"
    assert knowledge.datamodels("C") == ("M",)


def test_a_model_or_dataset_that_is_not_there(load: Load) -> None:
    empty = json.dumps({"objects": []})
    full = json.dumps({"objects": [ROOT, SHORT]})
    knowledge = load(
        {
            "A": {"default/data/models/Change.json": full, "default/data/models/Web.json": empty},
            "B": {"default/data/models/Mine.json": empty},
        }
    )
    cases = [
        ("Chage", None, "data model `Chage` is not defined in any app; the loaded apps have `Change`, `Web`"),
        ("Mine", None, "data model `Mine` is defined in `B` but not exported to `A`"),
        (
            "Change",
            "Account",
            "data model `Change` has no dataset `Account`; it has `All_Changes`, `Account_Management`",
        ),
        (
            "Change",
            "Other.Account_Management",
            "data model `Change` has no dataset `Other.Account_Management`",
        ),
    ]
    for name, dataset, message in cases:
        with pytest.raises(KnowledgeError) as error:
            knowledge.datamodel("A", name).dataset(dataset or "")
        assert error.value.message.startswith(message)


D: Json = {"objectName": "D", "parentName": "BaseEvent"}
BROKEN: list[tuple[Any, str]] = [
    ("{", r"Change.json:1: not JSON"),
    ("[]", "not a data model"),
    ({"objects": [1]}, "a dataset has no `objectName`"),
    ({"objects": [D, D]}, "two datasets are called `D`"),
    (
        {"objects": [{**D, "parentName": "E"}]},
        r"Change.json \[D\]: its parent `E` is no dataset of the model",
    ),
    (
        {"objects": [{**D, "parentName": "D"}]},
        r"Change.json \[D\]: its parent `D` is no dataset .* or is below it",
    ),
    ({"objects": [{**D, "parentName": "BaseSearch"}]}, "a search dataset needs a `baseSearch`"),
    ({"objects": [{**D, "fields": ["a"]}]}, r"Change.json \[D\] fields: must be a list of objects"),
    ({"objects": [{**D, "fields": [{}]}]}, "a field has no `fieldName`"),
    (
        {"objects": [{**D, "calculations": [calculation("Magic", "D", ["a"])]}]},
        "`Magic` is not a calculationType",
    ),
    (
        {"objects": [{**D, "calculations": [calculation("Eval", "D", ["a"])]}]},
        "of type Eval has no `expression`",
    ),
    (
        {"objects": [{**D, "calculations": [calculation("Eval", "D", [], expression="1")]}]},
        "no `outputFields`",
    ),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_malformed_model_is_an_error_with_its_place(load: Load, content: Any, message: str) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    with pytest.raises(KnowledgeError, match=message):
        load({"A": {"default/data/models/Change.json": text}}).datamodel("A", "Change")


def test_acceleration_is_a_plain_setting(load: Load) -> None:
    knowledge = load({"A": {"default/datamodels.conf": "[Change]\nacceleration = true\n"}})
    found = knowledge.setting("A", "datamodels", "Change", "acceleration")
    assert found is not None
    assert found.value == "true"
    assert knowledge.setting("A", "datamodels", "Change", "acceleration.earliest_time") is None
