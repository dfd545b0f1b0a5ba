"""What the server writes can be read, whatever the events hold: Atom, results, summary events, queries of documents."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.serve.apps import OWN
from replay.serve.calls import decoded
from replay.serve.conf_entries import encoded
from replay.serve.documents import meets, ordered, projected
from replay.serve.errors import Refused
from replay.serve.feeds import Entry, Feed, as_json, as_xml
from replay.serve.results import FORMATS, Rows, export_json, pieces
from replay.stash import stash_text

ATOM, REST = "{http://www.w3.org/2005/Atom}", "{http://dev.splunk.com/ns/rest}"
MANY = 100_000
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = st.text("abcdefghijklmnop_.", min_size=1, max_size=8).map(lambda text: f"f{text}")
rows = st.lists(st.dictionaries(names, st.one_of(texts, st.lists(texts, min_size=2, max_size=3))), max_size=4)


@pytest.mark.parametrize("mode", ["export", *(mode for mode in FORMATS if mode != "json_cols")])
def test_results_are_sent_while_they_are_read(mode: str) -> None:
    """All but columns, which need the last row first: the first piece is there before the hundredth part is read."""
    read = 0

    def many() -> Iterator[dict[str, Any]]:
        nonlocal read
        for read in range(1, MANY + 1):
            yield {"n": str(read), "_raw": f"{read} " + "x" * 100}

    page = Rows(["n", "_raw"], many())
    sent = pieces(export_json(page) if mode == "export" else FORMATS[mode][1](page))
    first = next(sent)
    assert 0 < read < MANY / 100
    rest = b"".join(sent)
    assert read == MANY
    assert (first + rest).count(b"x" * 100) == MANY


@given(st.lists(st.tuples(texts, st.dictionaries(texts, texts, max_size=3)), max_size=3))
def test_feeds(entries: list[tuple[str, dict[str, str]]]) -> None:
    feed = Feed("things", [Entry(name, "things/x", content) for name, content in entries])
    document = json.loads(as_json(feed, "https://h:1", "/services/things"))
    assert [entry["name"] for entry in document["entry"]] == [name for name, _ in entries]
    root = ElementTree.fromstring(as_xml(feed, "https://h:1", "/services/things"))  # noqa: S314
    assert len(root.findall(f"{ATOM}entry")) == len(entries)
    for element, (_, content) in zip(root.iter(f"{ATOM}content"), entries, strict=True):
        keys = element.findall(f"{REST}dict/{REST}key")
        assert len(keys) == len(content | {"eai:acl": ""})


@given(rows)
def test_results(rows: list[dict[str, Any]]) -> None:
    fields = sorted({name for row in rows for name in row})

    def written(mode: str) -> str:
        return "".join(FORMATS[mode][1](Rows(fields, rows)))

    assert json.loads(written("json"))["results"] == rows
    cells = [[row.get(name) for name in fields] for row in rows]
    assert json.loads(written("json_rows"))["rows"] == cells
    assert json.loads(written("json_cols"))["columns"] == [[row[i] for row in cells] for i in range(len(fields))]
    exported = [json.loads(line) for line in export_json(Rows(fields, rows))]
    assert [one["result"] for one in exported if "result" in one] == rows
    assert [one.get("lastrow", False) for one in exported] == [False] * (len(exported) - 1) + [True]
    root = ElementTree.fromstring(written("xml").encode())  # noqa: S314
    assert [len(result) for result in root.iter("result")] == [len(row) for row in rows]
    flat = [["\n".join(cell) if isinstance(cell, list) else cell or "" for cell in row] for row in cells]
    read = list(csv.reader(io.StringIO(written("csv"), newline="")))
    if fields:
        assert read == [fields, *flat]


@given(st.dictionaries(names, st.one_of(texts, st.lists(texts, min_size=2, max_size=3)), min_size=1, max_size=4))
def test_summary_events_give_back_what_they_were_given(fields: Mapping[str, Any]) -> None:
    pattern = re.search("^REGEX = (.*)$", (OWN / "system/default/transforms.conf").read_text("utf-8"), re.MULTILINE)
    assert pattern is not None
    text = stash_text(0.0, fields)
    found: dict[str, list[str]] = {}
    for key, value in re.findall(pattern[1].replace(r"\z", r"\Z"), text):
        found.setdefault(key, []).append(value)
    given = {k: [one for one in (v if isinstance(v, list) else [v]) if one] for k, v in fields.items()}
    shown = {k: [re.sub(r'"(?=, [^=",\n]+=")', '"\\\\', one) for one in v] for k, v in given.items() if v}
    assert found == shown


@given(texts)
def test_a_name_is_the_same_behind_the_path(name: str) -> None:
    if "%2f" not in name.lower():
        assert decoded(encoded(name)) == name


DOCUMENT = {"_key": "k", "n": 3, "s": "text", "deep": {"er": [1, 2]}}
QUERIES: list[tuple[Any, bool]] = [
    ({}, True),
    ({"n": 3}, True),
    ({"n": "3"}, False),
    ({"n": {"$gt": 2, "$lte": 3}}, True),
    ({"n": {"$lt": "a"}}, False),
    ({"s": {"$ne": "text"}}, False),
    ({"s": {"$in": ["text", "other"]}}, True),
    ({"missing": {"$gt": 0}}, False),
    ({"missing": {"$exists": False}}, True),
    ({"deep.er": [1, 2]}, True),
    ({"$or": [{"n": 0}, {"s": "text"}]}, True),
    ({"$and": [{"n": 0}, {"s": "text"}]}, False),
    ({"$not": {"n": 0}}, True),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES, ids=[json.dumps(query) for query, _ in QUERIES])
def test_queries_of_documents(query: Any, expected: bool) -> None:
    assert meets(DOCUMENT, query) is expected


@pytest.mark.parametrize("query", [7, [], {"$where": "x"}, {"n": {"$regexx": "x"}}, {"$or": {}}, {"$and": [7]}])
def test_wrong_queries(query: Any) -> None:
    with pytest.raises(Refused) as refused:
        meets(DOCUMENT, query)
    assert refused.value.status == 400


def test_order_and_projection_of_documents() -> None:
    documents: list[dict[str, Any]] = [
        {"_key": "a", "n": 2},
        {"_key": "b", "n": 10},
        {"_key": "c"},
        {"_key": "d", "n": "x"},
    ]
    assert [d["_key"] for d in ordered(documents, "n:1")] == ["c", "a", "b", "d"]
    assert [d["_key"] for d in ordered(documents, "n:-1")] == ["d", "b", "a", "c"]
    with pytest.raises(Refused):
        ordered(documents, "n:up")
    assert projected(DOCUMENT, "n") == {"_key": "k", "n": 3}
    assert projected(DOCUMENT, "n,_key:0") == {"n": 3}
    assert projected(DOCUMENT, "deep:0,s:0") == {"_key": "k", "n": 3}
