"""Each fault that Splunk's schema lets pass is found, and named where it is."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from replay.preview.definition import problems, query_of, replaced

SOUND: dict[str, Any] = {
    "title": "t",
    "dataSources": {
        "base": {
            "type": "ds.search",
            "options": {
                "query": "| tstats count by host",
                "queryParameters": {"earliest": "$t.earliest$", "latest": "$t.latest$"},
            },
        },
        "one": {"type": "ds.chain", "options": {"extend": "base", "query": "| search host=$host|s$"}},
    },
    "visualizations": {
        "table": {
            "type": "splunk.table",
            "dataSources": {"primary": "one"},
            "options": {"columnFormat": {"count": {"rowColors": "> table | seriesByName('count') | rangeValue(c)"}}},
            "context": {"c": [{"from": 1, "value": "#ff0000"}]},
            "eventHandlers": [
                {"type": "drilldown.setToken", "options": {"tokens": [{"token": "host", "key": "row.host.value"}]}},
                {"type": "drilldown.customUrl", "options": {"url": "/app/x/search?q=$row.host.value|u$"}},
            ],
        },
        "number": {
            "type": "splunk.singlevalue",
            "dataSources": {"primary": "base"},
            "options": {"majorValue": "> primary | seriesByName('count') | lastPoint()"},
        },
    },
    "inputs": {
        "time": {"type": "input.timerange", "options": {"token": "t", "defaultValue": "-24h,now"}},
        "host": {"type": "input.text", "options": {"token": "host", "defaultValue": "*"}},
    },
    "layout": {
        "type": "grid",
        "globalInputs": ["time", "host"],
        "structure": [
            {"item": "table", "position": {"x": 0, "y": 0, "w": 600, "h": 100}},
            {"item": "number", "position": {"x": 600, "y": 0, "w": 600, "h": 100}},
        ],
    },
}
COLUMNS = {"base": ["host", "count"], "one": ["host", "count"]}

Change = Callable[[dict[str, Any]], object]


def _options(d: dict[str, Any], part: str, name: str) -> dict[str, Any]:
    options: dict[str, Any] = d[part][name]["options"]
    return options


FAULTS: list[tuple[Change, str]] = [
    (lambda d: d.update(visualisations={}), "`visualisations`: no part of a definition that is known here"),
    (lambda d: d["dataSources"]["one"].update(type="ds.chian"), "one: unknown type `ds.chian`"),
    (lambda d: _options(d, "dataSources", "one").update(qurey=""), "one: unknown option `qurey`"),
    (lambda d: _options(d, "dataSources", "one").update(extend="bse"), "one: it extends `bse`, which does not exist"),
    (lambda d: _options(d, "dataSources", "one").update(extend="one"), "one: it extends itself, by way of one"),
    (lambda d: _options(d, "dataSources", "base").pop("queryParameters"), "base: no time range"),
    (lambda d: d["dataSources"].update(two=d["dataSources"]["one"]), "two: nothing uses it"),
    (
        lambda d: d["visualizations"]["table"]["dataSources"].update(primary="eno"),
        "table: its data source `eno` (primary) does not exist",
    ),
    (lambda d: d["visualizations"]["table"].update(type="splunk.tabel"), "table: unknown type `splunk.tabel`"),
    (lambda d: d["visualizations"]["table"].update(titel="x"), "table: unknown key `titel`"),
    (lambda d: _options(d, "visualizations", "number").update(majorValeu=1), "number: unknown option `majorValeu`"),
    (
        lambda d: _options(d, "visualizations", "table")["columnFormat"]["count"].update(widht=1),
        "table, column `count`: unknown option `widht`",
    ),
    (lambda d: d["visualizations"]["table"].pop("context"), "table: `c` is in no context"),
    (lambda d: d["visualizations"]["table"]["context"].update(d=[]), "table: nothing uses the context `d`"),
    (lambda d: d["inputs"]["host"].update(type="input.txt"), "host: unknown type `input.txt`"),
    (lambda d: _options(d, "inputs", "host").pop("defaultValue"), "host: without a default, panels wait for it"),
    (lambda d: _options(d, "inputs", "host").update({"token": "t"}), "host: its token `t` is that of time, too"),
    (
        lambda d: d["visualizations"]["table"]["eventHandlers"][0].update(type="drilldown.setTokens"),
        "table: unknown event handler `drilldown.setTokens`",
    ),
    (
        lambda d: d["visualizations"]["table"]["eventHandlers"][0]["options"].update(token=""),
        "table, drilldown.setToken: unknown option `token`",
    ),
    (
        lambda d: d["visualizations"]["table"]["eventHandlers"][0]["options"]["tokens"][0].update({"token": "hots"}),
        "table: it sets the token `hots`, which has no input and no default",
    ),
    (
        lambda d: d["visualizations"]["table"]["eventHandlers"][1]["options"].update(url="javascript:alert(1)"),
        "table: the address `javascript:alert(1)` begins neither with /app/ nor with https://",
    ),
    (
        lambda d: d["visualizations"]["table"]["eventHandlers"][1]["options"].update(url="/app/x?q=$row.host.value$"),
        "`row.host.value` goes into the address as it is",
    ),
    (
        lambda d: _options(d, "dataSources", "one").update(query="| search host=$hots|s$"),
        "dataSources.one.options.query: nothing sets the token `hots`",
    ),
    (
        lambda d: _options(d, "dataSources", "one").update(query="| search host=$host$"),
        "`host` goes into the search unquoted",
    ),
    (lambda d: _options(d, "dataSources", "one").update(query="| head"), "nothing uses the token `host`"),
    (lambda d: d["layout"]["structure"].pop(), "number: not in the layout"),
    (lambda d: d["layout"]["globalInputs"].pop(), "host: not in the layout"),
    (lambda d: d["visualizations"].pop("number"), "number: in the layout, but there is none"),
    (lambda d: d["layout"]["structure"].append(d["layout"]["structure"][0]), "table: twice in the layout"),
    (lambda d: d["layout"]["structure"][1]["position"].update(x=599), "number: over table"),
    (lambda d: d["layout"]["structure"][1]["position"].update(x=601), "number: outside the width of 1200"),
    (
        lambda d: _options(d, "visualizations", "number").update(majorValue="> primary | seriesByName('cuont')"),
        "number: the search gives no field `cuont`",
    ),
    (
        lambda d: _options(d, "visualizations", "table")["columnFormat"].update(cuont={}),
        "table: the search gives no field `cuont`",
    ),
    (
        lambda d: d["visualizations"]["table"]["eventHandlers"][0]["options"]["tokens"][0].update(key="row.hots.value"),
        "table: the search gives no field `hots`",
    ),
]


def test_what_is_sound_has_no_problem() -> None:
    assert problems(SOUND, COLUMNS) == []


@pytest.mark.parametrize(("change", "said"), FAULTS, ids=[said for _, said in FAULTS])
def test_a_fault_is_found(change: Change, said: str) -> None:
    broken = deepcopy(SOUND)
    change(broken)
    found = problems(broken, COLUMNS)
    assert any(said in one for one in found), found


def test_a_chain_is_its_base_and_its_own_commands() -> None:
    assert query_of(SOUND, "one") == "| tstats count by host\n| search host=$host|s$"


def test_tokens_are_quoted_as_their_filters_say() -> None:
    tokens = {"a": 'x" OR "y\\', "row.A b.value": "1 2"}
    assert replaced("host=$a|s$", tokens) == r'host="x\" OR \"y\\"'
    assert replaced("q=$row.A b.value|u$&p=$a|s|u$", tokens) == "q=1%202&p=%22x%5C%22%20OR%20%5C%22y%5C%5C%22"
