"""Search-time fields: what props.conf and transforms.conf make of a raw event.

Every case is an app in a few settings, events, and the fields that a search then sees. Source: props.conf.spec,
transforms.conf.spec; Knowledge Manager Manual, "The sequence of search-time operations".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from replay.context import Context
from replay.engine import Engine, Value
from replay.errors import KnowledgeError, SearchError
from replay.index import Index
from replay.inputs import Event
from replay.knowledge import Knowledge
from replay.plan import plan_search
from support import same_rows, write_app, write_lookup

Confs = Mapping[str, Mapping[str, Mapping[str, str]]]


def searched(
    spl: str, folder: Path, confs: Confs, events: Sequence[Event], lookups: Mapping[str, list[dict[str, str]]] = {}
) -> list[dict[str, Value]]:
    app = write_app(folder / "app", confs)
    for name, rows in lookups.items():
        write_lookup(app, name, rows)
    engine = Engine()
    index = Index(engine)
    index.add(events)
    ctx = Context(engine, Knowledge.load([app]), index, "app")
    return list(engine.rows(plan_search(spl, ctx)))


def event(raw: str, time: float = 1.0, sourcetype: str = "st", source: str = "src", host: str = "h") -> Event:
    return Event(raw=raw, time=time, host=host, source=source, sourcetype=sourcetype)


def props(**settings: str) -> Confs:
    return {"props": {"st": {name.replace("__", "-"): value for name, value in settings.items()}}}


XML = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Sysmon' Guid=\"{5770}\"/><EventID>1</EventID><TimeCreated SystemTime='2024-01-02T03:04:05Z'/>"
    "<Execution ProcessID='4' ThreadID=\"5\"/><Computer>pc.example</Computer><Security UserID='S-1-5'/></System>"
    '<EventData><Data Name=\'Image\'>C:\\a b.exe</Data><Data Name="CommandLine">"x" &lt;y&gt; &amp;&amp; &#233;&#x41;'
    "&quot;</Data><Data Name='User'>N</Data><Data Name='user'>n</Data><Data Name='Empty'></Data><Data Name='Dash'>-"
    "</Data><Data Name='Two\nlines'>z</Data></EventData></Event>"
)

# name: settings, raw event, fields to look at, what they hold (absent: missing)
CASES: dict[str, tuple[Confs, str, str, dict[str, Any]]] = {
    "xml data with either quote": (
        props(KV_MODE="xml"), XML, "Image CommandLine", {"Image": "C:\\a b.exe", "CommandLine": '"x" <y> && éA"'},
    ),
    "xml system elements and attributes": (
        props(KV_MODE="xml"), XML, "EventID Computer Name Guid ProcessID ThreadID UserID SystemTime",
        {"EventID": "1", "Computer": "pc.example", "Name": "Sysmon", "Guid": "{5770}", "ProcessID": "4",
         "ThreadID": "5", "UserID": "S-1-5", "SystemTime": "2024-01-02T03:04:05Z"},
    ),
    "xml names differ by case": (props(KV_MODE="xml"), XML, "User user USER", {"User": "N", "user": "n"}),
    "xml empty is missing": (props(KV_MODE="xml"), XML, "Empty Dash", {"Dash": "-"}),
    "json nested and arrays": (
        props(KV_MODE="json"),
        '{"a": {"b": 1, "c.d": "x"}, "l": [{"n": "p"}, {"n": "q"}], "t": ["u", "v"], "b": true, "z": null, "s": "é"}',
        "a.b l{}.n t{} b z s",
        {"a.b": "1", "l{}.n": ["p", "q"], "t{}": ["u", "v"], "b": "true", "s": "é"},
    ),
    "json that is none": (props(KV_MODE="json"), "{broken", "a", {}),
    "auto pairs": (
        props(KV_MODE="auto"), 'a=1 b="two words" c=x,d=y; e=http://z/?q=1&r=2 f = g', "a b c d f",
        {"a": "1", "b": "two words", "c": "x", "d": "y", "f": "g"},
    ),
    "auto is the default": ({}, "a=1 b=2", "a b", {"a": "1", "b": "2"}),
    "auto reads json": ({}, '{"a": {"b": "x"}}', "a.b", {"a.b": "x"}),
    "auto without json": (props(AUTO_KV_JSON="false"), '{"a": {"b": "x"}}', "a.b", {}),
    "none": (props(KV_MODE="none"), "a=1", "a", {}),
    "EXTRACT": (
        props(KV_MODE="none", EXTRACT__a=r"user (?<who>\w+) from (?<where>\S+)"), "user bob from pc1", "who where",
        {"who": "bob", "where": "pc1"},
    ),
    "EXTRACT in a field": (
        props(EXTRACT__a=r"^(?<domain>[^\\]+)\\(?<name>.+)$ in user"), r"user=CORP\bob x=1", "domain name",
        {"domain": "CORP", "name": "bob"},
    ),
    "EXTRACT with lookahead": (
        props(KV_MODE="none", EXTRACT__a=r"(?<x>\w+)(?=!)"), "no yes! no", "x", {"x": "yes"},
    ),
    "EXTRACT without a match": (props(KV_MODE="none", EXTRACT__a=r"(?<x>\d+)"), "none", "x", {}),
    "REPORT with named groups": (
        {**props(KV_MODE="none", REPORT__a="t"), "transforms": {"t": {"REGEX": r"(?<k>\w)-(?<v>\w)"}}}, "a-b", "k v",
        {"k": "a", "v": "b"},
    ),
    "REPORT with FORMAT": (
        {**props(KV_MODE="none", REPORT__a="t"),
         "transforms": {"t": {"REGEX": r"(\w)-(\w)", "FORMAT": 'first::$1 both::"$2/$1"'}}},
        "a-b", "first both", {"first": "a", "both": "b/a"},
    ),
    "REPORT with names in the event": (
        {**props(KV_MODE="none", REPORT__a="t"), "transforms": {"t": {"REGEX": r"(\w+):(\w+)", "FORMAT": "$1::$2"}}},
        "a:1 b:2 a:3", "a b c", {"a": "1", "b": "2"},
    ),
    "REPORT with two names in the event": (
        {**props(KV_MODE="none", REPORT__a="t"),
         "transforms": {"t": {"REGEX": r"(\w+):(\w+)/(\w+):(\w+)", "FORMAT": "$1::$2 $3::$4"}}},
        "a:1/b:2 c:3/a:4", "a b c", {"a": "1", "b": "2", "c": "3"},
    ),
    "REPORT with MV_ADD": (
        {**props(KV_MODE="none", REPORT__a="t"),
         "transforms": {"t": {"REGEX": r"(\w+):(\w+)", "FORMAT": "$1::$2", "MV_ADD": "true"}}},
        "a:1 b:2 a:3", "a b", {"a": ["1", "3"], "b": "2"},
    ),
    "REPORT with DELIMS and FIELDS": (
        {**props(KV_MODE="none", REPORT__a="t"), "transforms": {"t": {"DELIMS": '","', "FIELDS": "x, y, z"}}},
        'a,"b",', "x y z", {"x": "a", "y": "b"},
    ),
    "REPORT with two DELIMS": (
        {**props(KV_MODE="none", REPORT__a="t"), "transforms": {"t": {"DELIMS": '";", "="'}}},
        "a=1; b=x=y;c=", "a b c", {"a": "1", "b": "x=y"},
    ),
    "REPORT from another field": (
        {**props(REPORT__a="t"), "transforms": {"t": {"REGEX": r"(?<ext>\w+)$", "SOURCE_KEY": "file"}}},
        "file=a.exe other=b", "ext", {"ext": "exe"},
    ),
    "EXTRACT before REPORT before the rest": (
        {**props(EXTRACT__z=r"x=(?<x>\d)", REPORT__a="t"), "transforms": {"t": {"REGEX": r"(?<x>9)(?<y>9)"}}},
        "x=1 y=2 99", "x y", {"x": "1", "y": "9"},
    ),
    "FIELDALIAS": (props(FIELDALIAS__a="a AS b c AS d"), "a=1 c=2", "a b d", {"a": "1", "b": "1", "d": "2"}),
    "FIELDALIAS overwrites": (props(FIELDALIAS__a="a AS b"), "a=1 b=2", "b", {"b": "1"}),
    "FIELDALIAS without its source removes": (props(FIELDALIAS__a="a AS b"), "b=2", "b", {}),
    "FIELDALIAS ASNEW": (props(FIELDALIAS__a="a ASNEW b c ASNEW d"), "a=1 b=2 c=3", "b d", {"b": "2", "d": "3"}),
    "FIELDALIAS of the host": (props(FIELDALIAS__a="host AS dest"), "x", "dest", {"dest": "h"}),
    "EVAL all at once": (
        props(EVAL__a="b", EVAL__b="a", EVAL__c='a."-".b'), "a=1 b=2", "a b c", {"a": "2", "b": "1", "c": "1-2"},
    ),
    "EVAL of an alias": (props(FIELDALIAS__a="a AS x", EVAL__y="upper(x)"), "a=v", "y", {"y": "V"}),
    "EVAL that is null": (props(EVAL__a="nullif(a, \"-\")"), "a=-", "a", {}),
    "EVAL with lookup after": (
        {**props(EVAL__k="lower(K)", LOOKUP__l="codes k OUTPUT v AS meaning"),
         "transforms": {"codes": {"filename": "codes.csv"}}},
        "K=ONE", "meaning", {"meaning": "first"},
    ),
    "LOOKUP OUTPUTNEW": (
        {**props(LOOKUP__l="codes k OUTPUTNEW v"), "transforms": {"codes": {"filename": "codes.csv"}}},
        "k=one v=mine", "v", {"v": "mine"},
    ),
    "rename": (
        {"props": {"st": {"rename": "other"}, "other": {"EVAL-a": '"renamed"'}}}, "x", "a sourcetype",
        {"a": "renamed", "sourcetype": "other"},
    ),
    "source beats source type": (
        {"props": {"st": {"EVAL-a": '"sourcetype"'}, "source::s*": {"EVAL-a": '"source"'}}}, "x", "a", {"a": "source"},
    ),
    "host stanza": ({"props": {"host::h*": {"EVAL-a": '"host"'}}}, "x", "a", {"a": "host"}),
    "nothing is executed": (props(), "a='; DROP TABLE events; --' b=2", "b", {"b": "2"}),
}  # fmt: skip

LOOKUPS = {"codes.csv": [{"k": "one", "v": "first"}]}


@pytest.mark.parametrize("name", CASES)
def test_fields(name: str, tmp_path: Path) -> None:
    confs, raw, fields, expected = CASES[name]
    rows = searched(f"index=main | table {fields}", tmp_path, confs, [event(raw)], LOOKUPS)
    assert same_rows(rows, [expected], ordered=True), rows


@pytest.mark.parametrize("name", CASES)
def test_a_search_for_everything_finds_the_same(name: str, tmp_path: Path) -> None:
    confs, raw, fields, expected = CASES[name]
    rows = searched("index=main", tmp_path, confs, [event(raw)], LOOKUPS)
    assert same_rows([{k: v for k, v in rows[0].items() if k in fields.split()}], [expected], ordered=True), rows


@pytest.mark.parametrize("name", [n for n in CASES if CASES[n][3]])
def test_a_search_on_the_field_finds_the_event(name: str, tmp_path: Path) -> None:
    confs, raw, _, expected = CASES[name]
    field, value = next(iter(expected.items()))
    value = (value[0] if isinstance(value, list) else value).replace("\\", "\\\\").replace('"', '\\"')
    assert len(searched(f'index=main "{field}"="{value}"', tmp_path, confs, [event(raw)], LOOKUPS)) == 1
    assert searched(f'index=main "{field}"="{value}x"', tmp_path, confs, [event(raw)], LOOKUPS) == []


TAGS: Confs = {
    "eventtypes": {"proc": {"search": "sourcetype=st code=1"}, "any": {"search": "code=*"}},
    "tags": {"eventtype=proc": {"process": "enabled", "report": "enabled"}, "code=2": {"second": "enabled"}},
}


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("eventtype=proc", ["1"]),
        ("eventtype=any", ["2", "1"]),
        ("NOT eventtype=proc", ["2"]),
        ("tag=process", ["1"]),
        ("tag=process tag=report", ["1"]),
        ("tag=second", ["2"]),
        ("tag::eventtype=report", ["1"]),
        ("tag=se*", ["2"]),
        ("NOT tag=process", ["2"]),
        ("tag=nosuch", []),
    ],
)
def test_event_types_and_tags(search: str, found: list[str], tmp_path: Path) -> None:
    events = [event("code=1", 1.0), event("code=2", 2.0)]
    rows = searched(f"index=main {search} | table code", tmp_path, TAGS, events)
    assert [row["code"] for row in rows] == found


def test_event_types_and_tags_are_fields(tmp_path: Path) -> None:
    rows = searched("index=main | table eventtype tag", tmp_path, TAGS, [event("code=1")])
    assert rows == [{"eventtype": ["any", "proc"], "tag": ["process", "report"]}]


def test_events_come_newest_first_and_of_one_second_the_last_read_first(tmp_path: Path) -> None:
    events = [event("n=1", 5.0), event("n=2", 9.0), event("n=3", 5.0), event("n=4", 7.5)]
    rows = searched("index=main | table n", tmp_path, {}, events)
    assert [row["n"] for row in rows] == ["2", "4", "3", "1"]


def test_a_time_range_includes_its_start_and_not_its_end(tmp_path: Path) -> None:
    events = [event(f"n={i}", float(i)) for i in range(5)]
    rows = searched("index=main earliest=1 latest=3 | table n", tmp_path, {}, events)
    assert [row["n"] for row in rows] == ["2", "1"]


@pytest.mark.parametrize("form", ["$1_x::$2", "$1::$2-$1", "$1::x", "a_$1::$2"])
def test_a_name_in_the_event_is_a_group_by_itself(form: str, tmp_path: Path) -> None:
    confs = {**props(REPORT__a="t"), "transforms": {"t": {"REGEX": r"(\w+):(\w+)", "FORMAT": form}}}
    with pytest.raises(KnowledgeError, match="is one group") as caught:
        searched("index=main | table a", tmp_path, confs, [event("a:1")])
    assert caught.value.place.stanza == "t"


UNKNOWN = [
    ("sourcetype=nosuch", "sourcetype `nosuch`"),
    ("index=nosuch", "index `nosuch`"),
    ("source=nosuch", "source `nosuch`"),
    ("index=main (sourcetype=nosuch OR sourcetype=neither)", "sourcetype `nosuch`, sourcetype `neither`"),
    ("eventtype=nosuch", "`nosuch`"),
]


@pytest.mark.parametrize(("search", "says"), UNKNOWN)
def test_what_nothing_knows_is_an_error(search: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(SearchError) as caught:
        searched(search, tmp_path, {}, [event("x")])
    assert says in caught.value.message


@pytest.mark.parametrize(
    "search",
    [
        "sourcetype=st OR sourcetype=nosuch",
        "sourcetype!=nosuch",
        "NOT sourcetype=nosuch",
        "sourcetype=*",
        "SOURCETYPE=x",
    ],
)
def test_what_may_be_found_is_no_error(search: str, tmp_path: Path) -> None:
    assert isinstance(searched(f"{search} | table x", tmp_path, {}, [event("x")]), list)


@pytest.mark.parametrize(
    ("name", "setting"),
    [("host", "EVAL__host"), ("source", "EVAL__source"), ("host", "FIELDALIAS__a")],
)
def test_settings_may_give_an_event_another_host_or_source(name: str, setting: str, tmp_path: Path) -> None:
    value = f"who AS {name}" if setting.startswith("FIELDALIAS") else "upper(who)"
    confs, found = props(KV_MODE="auto", **{setting: value}), "me" if setting.startswith("FIELDALIAS") else "ME"
    assert searched(f"search who=me | table {name}", tmp_path, confs, [event("who=me")]) == [{name: found}]
    assert searched(f"search {name}=me | table who", tmp_path, confs, [event("who=me")]) == [{"who": "me"}]


def test_a_search_on_a_field_computes_another_host_once(tmp_path: Path) -> None:
    confs = props(KV_MODE="auto", EVAL__host='host."x"')
    assert searched("search who=me | table host", tmp_path, confs, [event("who=me")]) == [{"host": "hx"}]
    assert searched("search host=hx | table host", tmp_path, confs, [event("who=me")]) == [{"host": "hx"}]


def test_index_time_excludes_nothing_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    app = write_app(tmp_path / "app", props(KV_MODE="auto"))
    engine = Engine()
    index = Index(engine)
    index.add([event("who=me")])
    ctx = Context(engine, Knowledge.load([app]), index, "app", warn=said.append)
    rows = list(engine.rows(plan_search("search who=me _index_latest=-1d | table who", ctx)))
    assert rows == [{"who": "me"}]
    assert said == ["`_index_latest` is passed over: events keep no index time here, so it excludes none"]


def test_a_source_type_that_an_app_configures_is_known(tmp_path: Path) -> None:
    assert searched("sourcetype=quiet", tmp_path, {"props": {"quiet": {"KV_MODE": "none"}}}, [event("x")]) == []


def test_events_of_several_source_types_are_read_each_by_its_own_rules(tmp_path: Path) -> None:
    confs: Confs = {"props": {"one": {"EVAL-a": '"from one"'}, "two": {"EXTRACT-a": "(?<a>x+)"}}}
    events = [event("xx", 2.0, "one"), event("xx", 1.0, "two"), event("a=3", 0.0, "three")]
    rows = searched("index=main | table a", tmp_path, confs, events)
    assert rows == [{"a": "from one"}, {"a": "xx"}, {"a": "3"}]
