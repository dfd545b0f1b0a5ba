"""The report of a run, read as a browser reads it: what it tells, and what it does with what an attacker wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pages import Element, Page
from replay.report.html import findings as findings_module
from replay.report.html.findings import Findings, findings
from replay.report.html.page import LONGEST, Run, cut, page, shown
from replay.session import Session
from support import ROOT, sysmon_event, write_app

SAMPLE = ROOT / "dev/datasets/msra-windows-sysmon.log"
DETECTIONS = ROOT / "tests/data/detections"
RUN_TIME = 1720000000.0
CMD, MSRA = "C:\\Windows\\System32\\cmd.exe", "C:\\Windows\\System32\\msra.exe"


Report = Callable[..., Page]


def found_in(logs: Sequence[Path], search: str | None = None, app: Path | None = None) -> tuple[Findings, Run]:
    """What a run of a saved search finds; without a name it is the shipped one."""
    told: list[str] = []
    session = Session([app] if app else [], warn=told.append)
    saved = session.knowledge.saved_search(search) if search else session.default_search()
    loaded = session.load(logs)
    found = findings(session, saved, session.saved_context(saved), loaded)
    names = [path.name for path in logs]
    return found, Run(names, session.knowledge.apps[saved.app], None, None, {}, RUN_TIME, told)


@pytest.fixture
def report() -> Report:
    """Makes the report of a run, as ``found_in``."""

    def make(*logs: Path, search: str | None = None, app: Path | None = None) -> Page:
        return Page(page(*found_in(logs, search, app)))

    return make


def start(number: int, command: str, host: str = "h-1", **data: str) -> str:
    """A cmd.exe under msra.exe."""
    told = {
        "ProcessId": str(1000 + number), "ProcessGuid": f"{{{number}}}", "Image": CMD, "CommandLine": command,
        "ParentImage": MSRA, "ParentProcessId": "77", "ParentCommandLine": MSRA, "User": "DOM\\eve", **data,
    }  # fmt: skip
    return sysmon_event(1, host, f"10:{number // 60 % 60:02}:{number % 60:02}", **told)


def write(folder: Path, *events: str) -> Path:
    """A log."""
    path = folder / "events.xml"
    path.write_text("".join(events), encoding="utf-8")
    return path


def fields(part: Element) -> dict[str, str]:
    """Names and values of a list of fields."""
    rows = [row for row in part.all("div") if [c.tag for c in row.content if isinstance(c, Element)] == ["dt", "dd"]]
    return {row.one("dt").text: row.one("dd").text for row in rows}


def tree(item: Element) -> list[object]:
    """The names in a process tree, as nested lists; a hit is marked."""
    name = item.content[1].one("span", class_="name").text if isinstance(item.content[1], Element) else ""
    hit = bool(isinstance(item.content[1], Element) and item.content[1].all("span", class_="badge"))
    below = [ul for ul in item.content if isinstance(ul, Element) and ul.tag == "ul"]
    items = [li for ul in below for li in ul.content if isinstance(li, Element)]
    return [f"{name}!" if hit else name, *map(tree, items)]


def trees(part: Element) -> list[list[object]]:
    """The process trees in a part."""
    return [tree(li) for ul in part.all("ul", class_="tree") for li in ul.content if isinstance(li, Element)]


@pytest.fixture(scope="module")
def sample() -> Page:
    """The shipped search on the shipped sample."""
    return Page(page(*found_in([SAMPLE])))


# --- what it tells --------------------------------------------------------------------------------------------------


def test_the_head_says_what_was_found_in_what(sample: Page) -> None:
    assert sample.root.one("h1").text == "Windows Remote Assistance Spawning Process"
    assert "4 hits in 317 events, from 2024-03-12 10:42:17 to 2024-03-12 11:16:29 UTC." in sample.root.one("main").text
    assert fields(sample.root.one("dl", class_="figures")) == {
        "Hits": "4", "Objects at risk": "2", "Risk added": "320", "Events examined": "317", "Problems in the data": "0",
    }  # fmt: skip


def test_risk_by_object_with_its_hits(sample: Page) -> None:
    rows = [[td.text for td in tr.all("td")] for tr in sample.section("risk").one("tbody").all("tr")]
    assert rows == [
        ["HW-WS-014.haldenwerke.example", "system", "160", "2", "80 high", "1 2"],
        ["HW-WS-027.haldenwerke.example", "system", "160", "2", "80 high", "3 4"],
    ]


def test_each_hit_has_its_message_techniques_and_references(sample: Page) -> None:
    hits = sample.root.all("article")
    assert [hit.attributes["id"] for hit in hits] == ["hit-1", "hit-2", "hit-3", "hit-4"]
    for hit in hits:
        assert re.match(r"An instance of msra.exe spawning \w+.exe was", hit.one("p", class_="message").text, re.I)
        assert "T1055 Process Injection (Defense Evasion, Privilege Escalation)" in hit.text
        assert {a.attributes["href"] for a in hit.all("a")} == {
            "https://attack.mitre.org/techniques/T1055",
            "https://thedfirreport.com/2022/02/07/qbot-likes-to-move-it-move-it/",
        }
    assert fields(hits[0])["parent_process_id"] == "6128"


def test_a_tree_leads_from_what_started_msra_to_what_it_started(sample: Page) -> None:
    assert trees(sample.root.one("article", id="hit-1")) == [
        [
            "EXCEL.EXE",
            ["regsvr32.exe", ["msra.exe", ["cmd.exe!"], ["net.exe"], ["cmd.exe.tmp.exe"], ["powershell.exe"]]],
        ]
    ]


SOURCES: list[tuple[str, list[list[object]]]] = [
    (
        "attack-crowdstrike.json",
        [["EXCEL.EXE", ["regsvr32.exe", ["msra.exe", ["cmd.exe!"], ["powershell.exe"]]]]],
    ),
    (
        "attack-security.log",
        [
            [
                "explorer.exe",
                ["EXCEL.EXE", ["regsvr32.exe", ["msra.exe", ["cmd.exe!", ["conhost.exe"]], ["powershell.exe"]]]],
            ]
        ],
    ),
]


@pytest.mark.parametrize(("log", "expected"), SOURCES)
def test_trees_of_other_sources(log: str, expected: list[list[object]], report: Report) -> None:
    assert trees(report(DETECTIONS / log).root.one("article", id="hit-1")) == expected


def test_the_timeline_has_a_mark_for_each_hit(sample: Page) -> None:
    marks = sample.section("timeline").all("circle")
    assert len(marks) == 4
    links = [a.attributes["href"] for a in sample.section("timeline").all("a")]
    assert sorted(links) == ["#hit-1", "#hit-2", "#hit-3", "#hit-4"]


def test_the_run_is_told(sample: Page) -> None:
    told = fields(sample.section("run"))
    version = json.loads((ROOT / "app.manifest").read_text(encoding="utf-8"))["info"]["id"]["version"]
    assert told == {
        "Data": "msra-windows-sysmon.log",
        "Saved search": "Endpoint - Windows Remote Assistance Spawning Process - Rule",
        "App": f"DA-ESS-RemoteAssistance, version {version}", "Time range": "all events",
        "Run": "2024-07-03 09:46:40 UTC",
    }  # fmt: skip
    assert "Processes.parent_process_name=msra.exe" in sample.section("run").one("details").text
    assert "is empty here" in sample.section("notes").text


def test_what_was_examined_is_listed(sample: Page) -> None:
    (row,) = [[td.text for td in tr.all("td")] for tr in sample.section("examined").one("tbody").all("tr")]
    assert row == [
        "XmlWinEventLog", "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational", "main", "317", "5",
        "2024-03-12 06:15:51", "2024-03-12 18:16:15",
    ]  # fmt: skip
    assert "HW-WS-014.haldenwerke.example 71" in sample.section("examined").text


def test_no_hits_says_what_was_read(report: Report) -> None:
    found = report(DETECTIONS / "self-spawn-sysmon.log")
    text = found.root.one("main").text
    assert "No hits in 3 events." in text and "It says nothing of endpoints and logs that are not listed" in text
    assert found.root.all("article") == [] and found.section("examined").all("table")


def test_an_empty_log_proves_nothing(tmp_path: Path, report: Report) -> None:
    text = report(write(tmp_path)).root.one("main").text
    assert "Not one event was examined, so this report proves nothing." in text


def test_malformed_input_is_in_the_report(report: Report) -> None:
    found = report(DETECTIONS / "cut-off-sysmon.log")
    assert "cut-off-sysmon.log byte" in found.section("problems").text
    assert fields(found.root.one("dl", class_="figures"))["Problems in the data"] == "1"


def test_who_opened_the_process_is_told(tmp_path: Path, report: Report) -> None:
    msra = start(1, MSRA, Image=MSRA, ProcessId="77", ProcessGuid="{m}", ParentImage="C:\\x.exe", ParentProcessId="9")
    opened = sysmon_event(
        10, "h-1", "10:00:02", SourceProcessGUID="{q}", SourceProcessId="666", SourceImage="C:\\evil.exe",
        TargetProcessGUID="{m}", TargetProcessId="77", TargetImage=MSRA, GrantedAccess="0x1fffff",
    )  # fmt: skip
    hit = report(write(tmp_path, msra, opened, start(5, "cmd.exe", ParentProcessGuid="{m}"))).root.one("article")
    assert trees(hit) == [["x.exe", ["msra.exe", ["cmd.exe!"]]]]
    assert "opened by evil.exe (id 666, 10:00:02)" in hit.text


# --- other searches -------------------------------------------------------------------------------------------------

SEARCHES: list[tuple[str, dict[str, str], Sequence[str]]] = [
    (
        "| tstats count from datamodel=Endpoint.Processes by Processes.dest Processes.process_name "
        "| rename Processes.* as *",
        {},
        ["The search gives no time", "This search adds no risk", "Process tree", "cmd.exe hit id 1001"],
    ),
    ("index=main | stats count by EventCode", {}, ["The search names no process of this hit"]),
    (
        "index=main | stats count by dest process_id | eval user=\"x\"",
        {"action.risk": "1"},
        ["Objects at risk"],
    ),
    (
        '| tstats count from datamodel=Endpoint.Processes by Processes.dest Processes.process_id Processes.user '
        '| rename Processes.* as * | eval user="changed"',
        {},
        ["Found by dest and process_id; of the event, user is not as in the hit.", "cmd.exe hit id 1001"],
    ),
    (
        "index=main EventCode=11 | table _time dest process_id process_guid process_name file_name",
        {},
        ["This hit is no process start: the tree is that of the process it names.", "cmd.exe hit id 1001"],
    ),
    (
        '| makeresults | eval dest="h-1", process_id="4"',
        {},
        ["The start of the process of this hit is not in the data."],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("spl", "settings", "says"), SEARCHES)
def test_other_searches(
    spl: str, settings: dict[str, str], says: Sequence[str], tmp_path: Path, report: Report
) -> None:
    risk = {
        "action.risk.param._risk": '[{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 7}]',
        "action.risk.param._risk_message": "seen",
    }
    app = write_app(tmp_path / "mine", {"savedsearches": {"S": {"search": spl, **risk, **settings}}})
    file = sysmon_event(11, "h-1", "10:30:00", ProcessId="1001", ProcessGuid="{1}", Image=CMD, TargetFilename="C:\\t")
    text = report(write(tmp_path, start(1, "cmd.exe"), file), search="S", app=app).root.one("main").text
    for sentence in says:
        assert sentence in text


def test_more_hits_than_can_be_shown(tmp_path: Path, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings_module, "DETAILED", 20)
    found = report(write(tmp_path, *(start(n, f"cmd.exe {n}", host=f"h-{n % 30}") for n in range(70))))
    assert len(found.root.all("article")) == 20
    assert "70 hits in 70 events, from 2024-03-12 10:00:00 to 2024-03-12 10:01:09 UTC." in found.root.one("main").text
    assert "The first 20 of 70 hits are shown" in found.section("hits").text
    assert sum(int(tr.all("td")[3].text) for tr in found.section("risk").one("tbody").all("tr")) == 70
    assert {a.attributes["href"] for a in found.section("timeline").all("a")} <= {f"#hit-{n}" for n in range(1, 21)}


# --- what an attacker wrote -----------------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</code></style></title><script src=//evil.example></script>",
    "{{ 7 * 7 }}{% for x in y %}",
    "&lt;b&gt;&amp;",
    "javascript:alert(1)",
    "https://evil.example/",
    "]]><!-- --><a href='//evil.example'>x</a>",
    "\u202egpj.exe\u2066\u200f",
    "x" * 300 + " " + "ü" * 300,
]
ELEMENTS = set(
    "html head meta title style body main header footer section article h1 h2 h3 h4 p dl div dt dd ul li table thead "  # noqa: SIM905
    "tbody tr th td span strong bdi code pre details summary a br svg line circle text".split()
)
ATTRIBUTES = set(
    "lang charset http-equiv content name id class href rel role aria-label aria-hidden width height x x1 x2 y y1 y2 "  # noqa: SIM905
    "cx cy r text-anchor data-label".split()
)


def check_safe(found: Page) -> None:
    """Nothing in the page runs, loads, or leads to where it should not."""
    elements = found.root.all()
    assert {e.tag for e in elements} <= ELEMENTS
    assert {name for e in elements for name in e.attributes} <= ATTRIBUTES
    policy = found.root.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "url(" not in found.root.one("style").text and "@import" not in found.root.one("style").text
    ids = [e.attributes["id"] for e in elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for link in found.root.all("a"):
        href = link.attributes["href"]
        assert href[1:] in ids if href.startswith("#") else href.startswith(("https://", "http://"))
        assert href.startswith("#") or link.attributes["rel"] == "noreferrer noopener"
    assert not [c for c in found.source if not c.isprintable() and c != "\n"]


def test_the_sample_is_safe(sample: Page) -> None:
    check_safe(sample)


@pytest.mark.parametrize("evil", HOSTILE, ids=range(len(HOSTILE)))
def test_an_event_is_shown_and_not_obeyed(evil: str, tmp_path: Path, report: Report) -> None:
    log = write(
        tmp_path, start(1, f"cmd.exe {evil}", host=f"h {evil}", User=f"D\\{evil}", ParentCommandLine=evil),
        start(2, "cmd.exe", Image=f"C:\\{evil.replace('/', '')}.exe", ProcessGuid=evil, ParentProcessGuid=evil),
    )  # fmt: skip
    found = report(log)
    check_safe(found)
    assert shown(" ".join(f"cmd.exe {evil}".split())) in found.root.one("article").text


def test_settings_of_an_app_are_shown_and_not_obeyed(tmp_path: Path, report: Report) -> None:
    evil = "</title><script>alert(1)</script>"
    settings = {
        "search": f'| makeresults | eval dest="{evil}", _time=0',
        "description": evil, "action.x.references": json.dumps(["javascript:alert(1)", "https://ok.example/?a=\"><b>"]),
        "action.correlationsearch.label": evil, "action.x.known_false_positives": evil,
        "action.correlationsearch.annotations": json.dumps({"mitre_attack": [evil, "T1055"]}),
    }  # fmt: skip
    app = write_app(tmp_path / "mine", {"savedsearches": {evil: settings}})
    found = report(write(tmp_path, start(1, "x")), search=evil, app=app)
    check_safe(found)
    assert evil in found.root.one("h1").text
    assert "javascript:alert(1)" in found.section("detection").text
    assert [a.attributes["href"] for a in found.section("detection").all("a")] == [
        "https://attack.mitre.org/techniques/T1055", 'https://ok.example/?a="><b>',
    ]  # fmt: skip


def test_a_command_line_of_ten_megabytes_is_cut_and_its_length_told(tmp_path: Path, report: Report) -> None:
    found = report(write(tmp_path, start(1, "cmd.exe /c " + "A" * 10_000_000)))
    assert len(found.source) < 60_000
    assert "2,000 of 10,000,011 characters shown" in found.root.one("article").text


@pytest.mark.parametrize(
    ("value", "text", "said"),
    [
        ("a", "a", ""),
        ("a\0b\x1b[31m\r\n", "a\\x00b\\x1b[31m\\x0d\n", ""),
        ("\ud800", "\\xd800", ""),
        ("a" * LONGEST, "a" * LONGEST, ""),
        ("a" * (LONGEST + 1), "a" * LONGEST, "2,000 of 2,001 characters shown"),
        (["a"] * 60, "\n".join("a" * 50), "50 of 60 values shown"),
        (["a", "b"], "a\nb", ""),
        (7.0, "7", ""),
    ],
)
def test_shown(value: str | float | list[str], text: str, said: str) -> None:
    assert (shown(value), cut(value)) == (text, said)


def test_equal_events_give_equal_pages() -> None:
    first, second = (page(*found_in([SAMPLE])) for _ in range(2))
    assert first == second
