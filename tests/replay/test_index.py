"""Events of many sources side by side: a search finds those that it asks for, whatever shares their settings."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from replay.context import Context
from replay.engine import Engine
from replay.index import Index
from replay.inputs import Event
from replay.knowledge import Knowledge
from replay.plan import plan_search
from support import write_app

# Two that nothing configures, two of which only the source is configured, one with a stanza, one with another name.
CONFS = {
    "props": {"source::s2": {"EVAL-k": '"s2"'}, "own": {"EVAL-k": '"own"'}, "old": {"rename": "new"}},
    "eventtypes": {"any_b": {"search": "sourcetype=b"}},
}
SOURCETYPES = ("a", "b", "own", "old")
ORIGINS = st.tuples(st.sampled_from(SOURCETYPES), st.sampled_from(["s1", "s2"]), st.sampled_from(["h1", "h2"]))


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    return Knowledge.load([write_app(tmp_path_factory.mktemp("apps") / "app", CONFS)])


def counts(knowledge: Knowledge, events: list[Event], spl: str) -> Counter[tuple[str, ...]]:
    engine = Engine()
    index = Index(engine)
    index.add(events)
    rows = engine.rows(plan_search(spl, Context(engine, knowledge, index, "app")))
    return Counter(
        {tuple(str(v) for n, v in row.items() if n != "count"): int(float(str(row["count"]))) for row in rows}
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(origins=st.lists(ORIGINS, min_size=1, max_size=8), field=st.sampled_from(["sourcetype", "source", "host"]))
def test_a_search_finds_what_it_names(knowledge: Knowledge, origins: list[tuple[str, str, str]], field: str) -> None:
    events = [Event("x", float(n), host, source, kind) for n, (kind, source, host) in enumerate(origins)]
    seen = [(kind.replace("old", "new"), source, host) for kind, source, host in origins]
    place = ("sourcetype", "source", "host").index(field)
    by = f"| stats count by {field}"
    assert counts(knowledge, events, f"search index=main {by}") == Counter((one[place],) for one in seen)
    for value in {one[place] for one in seen}:
        only = Counter((one[place],) for one in seen if one[place] == value)
        others = Counter((one[place],) for one in seen if one[place] != value)
        assert counts(knowledge, events, f"search index=main {field}={value} {by}") == only
        assert counts(knowledge, events, f"search index=main {field}!={value} {by}") == others
        assert counts(knowledge, events, f"search index=main NOT {field}={value} {by}") == others


def test_an_event_type_that_names_a_source_type(knowledge: Knowledge) -> None:
    events = [Event("x", 0.0, "h", "s", kind) for kind in ("a", "b", "b", "own")]
    assert counts(knowledge, events, "search eventtype=any_b | stats count by sourcetype") == {("b",): 2}
    assert counts(knowledge, events, "search index=main | stats count by eventtype") == {("any_b",): 2}


def test_one_source_type_of_several_without_settings(knowledge: Knowledge) -> None:
    """The events of one were those of all others, or of none."""
    events = [Event("x", 0.0, "h", "s", kind) for kind in ("a", "b", "b")]
    assert [counts(knowledge, events, f"search sourcetype={kind} | stats count") for kind in ("a", "b")] == [
        {(): 1},
        {(): 2},
    ]
