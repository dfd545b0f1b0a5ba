"""The fields of an XML event read at once, and each searched for on its own: the same, whatever EventData holds."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import replay.index
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from replay.context import Context
from replay.engine import Engine, Value
from replay.index import Index
from replay.inputs import Event
from replay.knowledge import Knowledge
from replay.plan import plan_search
from support import write_app

NAMES = ("Image", "CommandLine", "User", "user", "RuleName", "A.b-c", "Größe", "a_1")
TEXT = st.lists(
    st.sampled_from(
        ["a", "B", " ", "Image", '"', "'", "\\", "\\\\", "\n", "\t", "\x01", "\x7f", "&lt;", "&gt;", "&amp;", "&quot;",
         "&#39;", "&#x41;", "'>", '">', "='", "{", "}", '","', '":"', "\\u0041", "é", "\U0001f600", "<", ">", "</Data>",
         "</EventData>", "</Data></EventData>", "<Data Name='", '</Data><Data Name="', "</System>", "]]>", "null",
         "EventData>", "EventData><", "System>", "Name='", 'Name="', "'\n>"]
    ),
    max_size=6,
).map("".join)  # fmt: skip
RENDERED = (
    "<RenderingInfo Culture='en-US'><Message>m</Message><Channel>c</Channel><RuleName>r</RuleName></RenderingInfo>"
)
DATA = st.builds(
    lambda name, quotes, blank, value, between: (
        f"<Data Name={quotes[0]}{name}{quotes[1]}{blank}>{value}</Data>{between}"
    ),
    st.sampled_from([*NAMES, "Other", "Two words", ""]),
    st.sampled_from(["''", "''", "''", "''", '""', "'\"", "\"'"]),
    st.sampled_from(["", "", "", " ", "\n"]),
    TEXT,
    st.sampled_from(
        [
            "",
            "",
            "",
            " ",
            "\n",
            "<Data>unnamed</Data>",
            "<Binary>00</Binary>",
            "<User>element</User>",
            "<User a='1'/>x</User>",
            "<User>x</Usr>",
            "<Größe>9</Größe>",
        ]
    ),
)
EVENT = st.builds(
    lambda quote, system, between, data, end: (
        f"<Event xmlns={quote}x{quote}><System><EventID>1</EventID>{system}</System>{between}<EventData>"
        f"{''.join(data)}{end}"
    ),
    st.sampled_from(["'", '"']),
    st.sampled_from(
        [
            "",
            "<Security UserID='S-1'/>",
            '<Security UserID="S-1"/>',
            "<Computer>c</Computer>",
            "<Channel>a</Channel><Channel>b</Channel><Computer></Computer>",
            "<Computer a='1'>c</Computer><Computer>d</Computer><Channel/>",
            "<MyComputer>c</MyComputer><Channel>a<b/></Channel>",
            "<MyComputer>c</MyComputer><Computer>d</Computer><Channel>a",
            "<Computer>c</",
            "<Computer>c</Computer><MyComputer>d</MyComputer>",
            "<Computer>&lt;c&gt;</Computer><Channel>Computer></Channel>",
            "<Computer><a>c</a></Computer><Channel>a</Channel >",
            "<Computer b='1'>c</Computer><Channel>a</Channel><MyChannel>b</MyChannel>",
            "<User>element</User>",
            "<RuleName a='1'>element</RuleName>",
            "<CommandLine/>",
            "<Data Name='Image'>in System</Data>",
            "</System><System>",
        ]
    ),
    st.sampled_from(["", "", "<User>element</User>", RENDERED]),
    st.lists(DATA, max_size=6),
    st.sampled_from(
        ["</EventData></Event>", "</EventData></Event>", "</EventData><User>u</User></Event>",
         f"</EventData>{RENDERED}</Event>", ""]
    ),
)  # fmt: skip

IN_ORDER = st.builds(
    lambda quote, names, value, other, system: (
        f"<Event xmlns='x'><System><EventID>1</EventID>{system}</System><EventData>"
        + "".join(f"<Data Name={quote}{n}{quote}>{other if i else value}</Data>" for i, n in enumerate(names))
        + "</EventData></Event>"
    ),
    st.sampled_from(["'", "'", '"']),
    st.sampled_from([("RuleName", "Image", "User"), ("Image", "user", "Image"), ("CommandLine", "Two words", "Image")]),
    TEXT,
    st.sampled_from(["", "v", "\U0001f600 &amp;", "a>b", "<", "<Data Name='User'>inside"]),
    st.sampled_from(["", "", "<CommandLine>element</CommandLine>", "<Data Name='Image'>in System</Data>"]),
)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENT | IN_ORDER, min_size=1, max_size=12))
def test_at_once_and_one_by_one(events: list[str], tmp_path: Path) -> None:
    knowledge = Knowledge.load([write_app(tmp_path / "app", {"props": {"st": {"KV_MODE": "xml"}}})])
    engine = Engine()
    index = Index(engine)
    index.add(Event(raw, float(number), "h", "s", "st") for number, raw in enumerate(events))

    def fields(*names: str) -> list[dict[str, Value]]:
        context = Context(engine, knowledge, index, "app")
        return list(engine.rows(plan_search(f"index=main | table _time {' '.join(names)}", context)))

    names = [*NAMES, "UserID", "Computer", "Name", "Channel"]
    at_once = fields(*names)
    assert len(at_once) == len(events)
    for pair in zip(names[::2], names[1::2], strict=True):  # so few are searched for
        wanted = ("_time", *pair)
        assert fields(*pair) == [{name: row[name] for name in wanted if name in row} for row in at_once]
    with patch.object(replay.index, "AT_ONCE", len(events)):  # so are many, of so few events
        assert fields(*names) == at_once
    with patch.object(replay.index, "FEW", 0):  # by the order that their Data have
        assert fields(*names) == at_once
