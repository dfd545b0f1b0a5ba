"""What a search lets the reader pass over, and the proof that nothing is lost by it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay import index
from replay.errors import Place
from replay.plan import expand_macros, parse, plan_search
from replay.prefilter import required_texts
from replay.relation import quote
from replay.session import Session
from replay.spl.scanner import Scanner, split_top
from support import ROOT, SHARED, write_app

PROCESSES = "| tstats count from datamodel=Endpoint.Processes where "

CASES = [
    ("a field that is copied from the event", PROCESSES + "Processes.parent_process_name=msra.exe", {"msra.exe"}),
    ("the longest part of a wildcard value", PROCESSES + 'Processes.process="*comsvcs*MiniDump*"', {"minidump"}),
    (
        "all of the branches of an OR",
        PROCESSES + "Processes.process=*aaaa* OR Processes.process=*bbbb*",
        {"aaaa", "bbbb"},
    ),
    ("nothing, if one branch of an OR says nothing", PROCESSES + "Processes.process=*aaaa* OR Processes.dest=*", None),
    (
        "the best term of an AND",
        PROCESSES + "Processes.process_name=cmd.exe Processes.process=*vssadmin*",
        {"vssadmin"},
    ),
    ("nothing under NOT", PROCESSES + "NOT Processes.process_name=cmd.exe", None),
    ("nothing of !=", PROCESSES + "Processes.process_name!=cmd.exe", None),
    ("nothing of what the data model fills in", PROCESSES + "Processes.parent_process_name=unknown", None),
    ("nothing of a wildcard that the filled-in value matches", PROCESSES + "Processes.user=*known*", None),
    ("nothing of a number that is converted", PROCESSES + "Processes.process_id=12345", None),
    ("nothing of a constant field", PROCESSES + 'Processes.vendor_product="Microsoft Sysmon"', None),
    ("characters that XML escapes end a text", PROCESSES + 'Processes.process="*a&bcdef*"', {"bcdef"}),
    ("nothing of short texts", PROCESSES + "Processes.process=*-e*", None),
    ("nothing of a network", "search src=10.20.30.0/24", None),
    ("nothing of the event's own labels", "search source=*Sysmon*", None),
    ("words of free text", "search msra.exe", {"msra.exe"}),
    ("nothing where another search reads events, too", "search Image=*cmd.exe | join Image [search Image=*]", None),
    ("nothing where a subsearch makes terms", "search Image=*cmd.exe [search Image=* | return Image]", None),
]


OTHERS = {
    # What comes after the first command: whether it may read events that the first command does not ask for.
    "append [search Image=*]": True, "appendcols [search Image=*]": True, "join Image [search Image=*]": True,
    "join Image datamodel:Endpoint.Processes": True, "union datamodel:Endpoint.Processes": True,
    "union [search Image=*]": True, "multisearch [search a=b] [search c=d]": True,
    "search x=[search y=*|return x]": True,
    "search NOT [search y=* | fields y]": True, 'map search="search Image=$x$"': True, "savedsearch foo": True,
    "tstats prestats=t append=t count from datamodel=Endpoint.Processes by Processes.dest": True,
    "inputlookup append=t sysmon_events where EventCode=[search a=b | return 1 $EventCode]": True,
    "foreach a* [eval x=1]": True, "where a=1": False, "eval a=1": False, "lookup sysmon_events EventCode": False,
    "inputlookup append=t sysmon_events": False, "rbaenrich detection=x": False, "stats count by a": False,
    'transaction user startswith="x"': False,
}  # fmt: skip


@pytest.mark.parametrize(("command", "reads"), OTHERS.items())
def test_commands_that_read_events_of_their_own_leave_nothing_out(command: str, reads: bool) -> None:
    ctx = session().context(session().home, Place())
    found = required_texts(parse(f"search Image=*rundll32.exe | {command}", ctx), ctx)
    assert found == (None if reads else {"rundll32.exe"})


@cache
def session() -> Session:
    return Session()


@pytest.mark.parametrize(("spl", "texts"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_required_texts(spl: str, texts: set[str] | None) -> None:
    ctx = session().context(session().home, Place())
    found = required_texts(parse(spl, ctx), ctx)
    assert (set(found) if found else None) == texts


# --- nothing is lost ------------------------------------------------------------------------------------------------

MOST_COMPARED = 20
"""Detections with hits whose results are compared; each costs a search of its own over the raw events."""
XML_LOGS = ["sb_panache_vs_edr.xml.log", "ad_procdump_security.xml.log", "ad_certutil_mixed.raw"]


def found_by(s: Session, spl: str) -> list[str]:
    ctx = s.context(s.home, Place())
    return sorted(json.dumps(row, sort_keys=True) for row in s.engine.rows(plan_search(spl, ctx)))


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here: no real logs and detections to compare on")
def test_real_detections_find_the_same_among_the_events_that_hold_their_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = SHARED / "corpus"
    script = [sys.executable, str(corpus / "make_app.py"), str(tmp_path / "app")]
    subprocess.run([*script, str(corpus / "escu_endpoint_processes.jsonl")], check=True, capture_output=True)
    # Every search runs on all events (computed once); those that find something again, on the events that may matter.
    summarised, s = Session([tmp_path / "app"], accelerate=True), Session([tmp_path / "app"])
    logs = [SHARED / "data/events" / name for name in XML_LOGS] + [ROOT / "dev/datasets/msra-windows-sysmon.log"]
    summarised.load(logs)
    s.load(logs)
    s.index.partial, s.index.prefilter = True, False
    monkeypatch.setattr(index, "FEW", 0)
    prefiltered = compared = 0
    for saved in s.knowledge.saved_searches():
        ctx = s.saved_context(saved)
        texts = required_texts(parse(saved.search, ctx), ctx) if saved.app == "escu_corpus" else None
        if texts is None:
            continue
        prefiltered += 1
        expanded = Scanner(expand_macros(saved.search, ctx))
        first = "| " + expanded.text[slice(*split_top(expanded, "|")[1])]
        everywhere = found_by(summarised, first)
        if not everywhere or compared == MOST_COMPARED:
            continue
        compared += 1
        pattern = "(?i)" + "|".join(map(re.escape, [*texts, "&#"]))
        s.engine.execute(
            f"CREATE OR REPLACE TABLE held AS SELECT * FROM events WHERE regexp_matches(_raw, {quote(pattern)})"
        )
        s.index.table = "held"
        assert found_by(s, first) == everywhere, saved.name
        s.index.table, s.index.prefilter = "events", True
        assert found_by(s, first) == everywhere, saved.name
        s.index.prefilter = False
    assert prefiltered > 150
    assert compared == MOST_COMPARED


WORDS = [
    "msra.exe",
    "cmd.exe",
    "unknown",
    "C:\\Windows\\cmd.exe",
    "a&b",
    "x<y>z",
    "Kiosk",
    "k\u0130osk",
    "k\u0131o\u017fk",
    "",
]


def sysmon(image: str, parent: str, command: str, newline: bool) -> str:
    def escaped(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    data = {"Image": image, "ParentImage": parent, "CommandLine": command, "User": "D\\u", "ProcessId": "1"}
    fields = "".join(f"<Data Name='{k}'>{escaped(v)}</Data>" for k, v in data.items())
    text = (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>1</EventID>"
        "<TimeCreated SystemTime='2024-03-12T10:00:00.000000Z'/><Channel>Microsoft-Windows-Sysmon/Operational</Channel>"
        f"<Computer>h1</Computer></System><EventData>{fields}</EventData></Event>"
    )
    return text.replace("><", ">\n<") if newline else text


@settings(max_examples=25, deadline=None)
@given(
    events=st.lists(st.tuples(*[st.sampled_from(WORDS)] * 3, st.booleans()), min_size=1, max_size=8),
    field=st.sampled_from(["process_name", "parent_process_name", "process", "parent_process", "process_path", "user"]),
    value=st.sampled_from(["msra.exe", "*cmd.exe", "*kiosk*", "unkn*", "*x<y*", "a&b", "*windows\\\\cmd*", "*"]),
    negated=st.booleans(),
)
def test_no_counterexample(events: list[tuple[str, str, str, bool]], field: str, value: str, negated: bool) -> None:
    import tempfile

    term = f'Processes.{field}="{value}"'
    where = f"(Processes.dest=* {'NOT ' if negated else ''}{term}) OR {term} {term}" if negated else term
    spl = f"{PROCESSES}{where} by Processes.process_name Processes.process Processes.parent_process_name"
    s = session()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        log.write_text("".join(sysmon(*e) + "\n" for e in events), encoding="utf-8")
        results = []
        ctx = s.context(s.home, Place())
        for texts in (required_texts(parse(spl, ctx), ctx), None):
            s.index.clear()
            s.load([log], texts=texts)
            results.append(found_by(s, spl))
    assert results[0] == results[1]


def test_the_letters_that_fold_to_ascii_are_all_known() -> None:
    """What lower() and upper() of DuckDB and its regular expressions take for an ASCII letter: skim.py knows them."""
    chars = "(SELECT chr(unnest(range(128, 55295))::INTEGER) AS c)"
    ascii = "regexp_full_match(lower(c), '[ -~]+') OR regexp_full_match(upper(c), '[ -~]+')"
    folded = session().engine.execute(f"SELECT c FROM {chars} WHERE {ascii} OR regexp_full_match(c, '(?i)[ -~]+')")
    assert {c for (c,) in folded} == {"\u212a", "\u0130", "\u0131", "\u017f"}


def test_a_setting_that_cannot_be_read_stops_no_search_that_does_not_need_it(tmp_path: Path) -> None:
    app = write_app(tmp_path / "app", {"props": {"other": {"REPORT-x": "no_such_transform", "EVAL-Image": "lower("}}})
    broken = Session([app])
    ctx = broken.context(broken.home, Place())
    assert required_texts(parse("search Image=*msra.exe", ctx), ctx) is None
