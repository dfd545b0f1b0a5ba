"""Whatever a search says and a log holds: the same rows with the prefilter and without."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import replay.index
from hypothesis import example, given, settings
from hypothesis import strategies as st
from replay.errors import Place
from replay.inputs import skim
from replay.plan import parse, plan_search
from replay.prefilter import required_texts
from replay.session import Session
from support import write_app, write_lookup

NAMESPACE = "xmlns='http://schemas.microsoft.com/win/2004/08/events/event'"
SETTINGS = {
    "KV_MODE": "xml", "EVAL-upper": "upper(User)", "EVAL-lower": "lower(CommandLine)",
    "EVAL-file": r'replace(Image,"^.*\\\\","")', "EVAL-last": 'mvindex(split(CommandLine," "),-1)',
    "EVAL-constant": 'if(match(Image,"cmd"),"services.exe",null())', "EVAL-both": "User.Image",
    "EVAL-number": "0.00001",
    "FIELDALIAS-a": "CommandLine AS aliased", "EXTRACT-d": r"<Data Name=.User.>(?<domain>[^\\<]+)",
    "LOOKUP-l": "words Image OUTPUT word",
}  # fmt: skip
LOOKUP = [{"Image": "services.exe", "word": "msra.exe"}, {"Image": "cmd.exe", "word": "kiosks"}]
SPELLED = [
    "msra.exe", "MsRa.exe", "m&#115;ra.exe", "&#x6d;sra.exe", "a&amp;msra.exe", "m&apos;sra.exe", "&amp;#109;sra.exe",
    "services.exe", "\u017fervices.exe", "&#x17F;ervices.exe", "k\u0131osks", "\u212aiosk\u017f", "k\u0130osks",
    "cmd.exe", r"C:\Windows\cmd.exe", r"DOMAIN\services", "unknown", "-", "",
]  # fmt: skip
FIELDS = [
    "Image", "CommandLine", "User", "upper", "lower", "file", "last", "constant", "both", "aliased", "domain", "word",
    "image", "host", "_raw",
]  # fmt: skip
VALUES = [
    "msra.exe", "*msra.exe", "*ms*ra.exe", "services.exe", "*SERVICES*", "kiosks", "*kiosks*", "*cmd.exe", "unknown",
    r"C:\\Windows\\cmd.exe", r"*domain\\serv*", "a&msra.exe", "*", "-",
]  # fmt: skip
AFTER = [
    "", "| table *", "| fillnull", "| fillnull value=unknown User | search User=unknown", "| transpose 9",
    '| eval z=lower(Image) | where like(z, "%msra%")', "| lookup words Image | search word=*", "| stats count by Image",
    "| append [search services.exe | table Image]", '| eval Image=coalesce(Image, "msra.exe") | search Image=msra.exe',
]  # fmt: skip

Event = tuple[tuple[str, str, str], int, bool]
WORD = st.sampled_from(SPELLED)
# The values of three fields; how long the last of them is; whether the event is over two lines.
EVENT = st.tuples(
    st.tuples(WORD, WORD, WORD), st.sampled_from([0, 0, 500]), st.sampled_from([False, False, False, True])
)
COMPARED = st.builds(
    lambda field, sign, value: f'{field}{sign}"{value}"',
    st.sampled_from(FIELDS), st.sampled_from(["=", "=", "=", "!="]), st.sampled_from(VALUES),
)  # fmt: skip
SIMPLE = st.one_of(
    COMPARED,
    COMPARED,
    st.builds('{} IN ("{}", "{}")'.format, st.sampled_from(FIELDS), st.sampled_from(VALUES), st.sampled_from(VALUES)),
    st.sampled_from(["msra.exe", "services.exe", "*osks", "kiosks", "CASE(msra.exe)", "TERM(services.exe)", "serv*"]),
    st.sampled_from(["`parent`", '`holds("services")`', "[search Image=cmd.exe | head 1 | table User]"]),
)


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    form = st.sampled_from(["({} OR {})", "({} {})", "(NOT {} {})"])
    return st.builds(lambda form, a, b: form.format(a, b), form, inner, inner)


SEARCH = st.builds("search {} {}".format, st.recursive(SIMPLE, combined, max_leaves=4), st.sampled_from(AFTER))
TSTATS = st.builds(
    (
        '| tstats {} count from datamodel=Endpoint.Processes where Processes.{}="{}" '
        "by Processes.process Processes.user"
    ).format,
    st.sampled_from(["", "summariesonly=t", "fillnull_value=unknown"]),
    st.sampled_from(["process", "process_name", "user", "dest", "parent_process_name"]),
    st.sampled_from(VALUES),
)  # fmt: skip


@cache
def session() -> Session:
    folder = write_app(
        Path(mkdtemp(), "prefiltered"),
        {
            "props": {"source::XmlWinEventLog:Fuzz": SETTINGS},
            "transforms": {"words": {"filename": "words.csv"}},
            "macros": {
                "parent": {"definition": "Image=*msra.exe"},
                "holds(1)": {"definition": 'CommandLine="*$x$*"', "args": "x"},
            },
        },
    )
    write_lookup(folder, "words.csv", LOOKUP)
    return Session([folder])


def line(number: int, event: Event) -> str:
    values, long, broken = event
    data = "".join(
        f"<Data Name='{name}'>{value}</Data>"
        for name, value in zip(("Image", "User", "CommandLine"), values, strict=True)
        if value != "-"
    )
    text = (
        f"<Event {NAMESPACE}><System><TimeCreated SystemTime='2024-03-12T10:00:{number:02}.000000Z'/>"
        f"<Channel>Fuzz</Channel><Computer>h1</Computer></System><EventData>{data}"
        f"<Data Name='Only{number % 3}'>{'x' * long}</Data></EventData></Event>"
    )
    return text.replace("><", ">\n<") if broken else text


def outcome(spl: str, log: Path, texts: frozenset[str] | None, *, index: bool = False) -> tuple[list[str], int]:
    """The rows, and how many events there were; with the prefilter at reading, or that of the index."""
    s = session()
    s.index.clear()
    s.index.prefilter = index
    loaded = s.load([log], texts=texts)
    assert not loaded.problems
    rows = s.engine.rows(plan_search(spl, s.context(s.home, Place())))
    return sorted(json.dumps(row, sort_keys=True) for row in rows), loaded.events


LETTERS: list[Event] = [(("\u017fervices.exe", "k\u0131o\u017fks", "x"), 0, False), (("cmd.exe", "-", "x"), 0, False)]


@settings(max_examples=25, deadline=None)
@given(
    events=st.lists(EVENT, min_size=1, max_size=12),
    spl=st.one_of(SEARCH, SEARCH, SEARCH, TSTATS),
    between=st.sampled_from(["\n", "\n", "\r\n"]),
    encode=st.sampled_from([str.encode, str.encode, lambda text: text.encode("utf-16")]),
    block=st.sampled_from([64, 2_000, 64 * 1024]),
)
@example(LETTERS, "search services.exe", "\n", str.encode, 2_000)
@example(LETTERS, "search upper=kioskſ", "\n", str.encode, 2_000)
@example(LETTERS, "search upper=*KIOSK*", "\n", str.encode, 2_000)
@example(LETTERS, "search number=1e-05", "\n", str.encode, 2_000)
@example([*LETTERS, (("a", "a", "a"), 0, False)], "search Image=cmd.exe | transpose", "\n", str.encode, 2_000)
def test_the_same_rows(events: list[Event], spl: str, between: str, encode: Callable[[str], bytes], block: int) -> None:
    s = session()
    ctx = s.context(s.home, Place())
    texts = required_texts(parse(spl, ctx), ctx)
    before = skim.BLOCK, replay.index.FEW
    skim.BLOCK, replay.index.FEW = block, -1
    try:
        with TemporaryDirectory() as folder:
            log = Path(folder, "log")
            log.write_bytes(encode("".join(line(n, e) + between for n, e in enumerate(events))))
            everything = outcome(spl, log, None)
            assert outcome(spl, log, texts) == everything
            assert outcome(spl, log, None, index=True) == everything
    finally:
        skim.BLOCK, replay.index.FEW = before
