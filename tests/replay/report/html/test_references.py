"""What a saved search says of itself, from .conf files that anybody may have written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from replay.context import Context
from replay.engine import Engine
from replay.knowledge import Knowledge
from replay.report.html.references import annotations_of, link, note, references, techniques
from replay.session import HOME
from support import RowStore, write_app

ADDRESSES = [
    ("https://attack.mitre.org/techniques/T1055", True),
    ("http://example.org/a?b=c#d", True),
    ("javascript:alert(1)", False),
    ("JaVaScRiPt:alert(1)", False),
    ("data:text/html,<script>alert(1)</script>", False),
    ("//example.org/x", False),
    ("https:", False),
    ("https://", False),
    ("https://[::1", False),
    ("https://example.org/a b", False),
    ("https://example.org/\n", False),
    ("https://example.org/\u202egpj", False),
    ("file:///etc/passwd", False),
    ("example.org", False),
    ("", False),
]


@pytest.mark.parametrize(("url", "followed"), ADDRESSES)
def test_only_pages_of_the_web_are_links(url: str, followed: bool) -> None:
    assert link(url) == (url if followed else "")


STORIES = {
    "analytic_story://Mine": {"searches": '["Search"]', "references": '["https://b.example", "https://a.example"]'},
    "analytic_story://Other": {"searches": '["Another"]', "references": '["https://other.example"]'},
    "analytic_story://Broken": {"searches": "[", "references": '["https://broken.example"]'},
    "savedsearch://Search": {"references": '["https://no-story.example"]'},
}


def knowledge(folder: Path, **settings: str) -> Knowledge:
    """An app with one search."""
    confs = {"savedsearches": {"Search": {"search": "x", **settings}}, "analyticstories": STORIES}
    return Knowledge.load([write_app(folder / "mine", confs)])


def test_references_of_the_search_and_of_the_stories_that_list_it(tmp_path: Path) -> None:
    told: list[str] = []
    known = knowledge(tmp_path, **{"action.x.references": '["https://a.example"]', "action.y.references": "nonsense"})
    found = references(known.saved_search("Search"), known, told.append)
    assert found == ["https://a.example", "https://b.example"]
    assert len(told) == 2
    assert "`Search`: action.y.references is no JSON array" in told[0]
    assert "[analytic_story://Broken] searches" in told[1]


@pytest.mark.parametrize("text", ["[1]", "{", '"T1055"'])
def test_broken_annotations_are_told(text: str, tmp_path: Path) -> None:
    told: list[str] = []
    known = knowledge(tmp_path, **{"action.correlationsearch.annotations": text})
    assert annotations_of(known.saved_search("Search"), told.append) == {}
    assert "no ATT&CK technique" in told[0]


def test_annotations_are_lists_of_texts(tmp_path: Path) -> None:
    text = json.dumps({"mitre_attack": ["T1055", 7], "type": "TTP"})
    known = knowledge(tmp_path, **{"action.correlationsearch.annotations": text})
    assert annotations_of(known.saved_search("Search"), print) == {"mitre_attack": ["T1055", "7"], "type": ["TTP"]}


def test_a_note_is_found_by_the_end_of_its_key(tmp_path: Path) -> None:
    known = knowledge(tmp_path, **{"action.escu.known_false_positives": "Few."})
    assert note(known.saved_search("Search"), "known_false_positives") == "Few."
    assert note(known.saved_search("Search"), "how_to_implement") == ""


def test_techniques_are_those_of_the_lookup() -> None:
    engine = Engine()
    known = Knowledge.load([HOME])
    ctx = Context(engine, known, RowStore(engine, []), next(iter(known.apps)))
    found = techniques(["T1055", "T9999", "T1055", "T1059.001", ") | delete"], ctx)
    assert [(one.id, one.name) for one in found] == [
        ("T1055", "Process Injection"), ("T9999", ""), ("T1059.001", "PowerShell"), (") | delete", ""),
    ]  # fmt: skip
    assert found[0].tactics == ("Defense Evasion", "Privilege Escalation")
    assert found[2].url == "https://attack.mitre.org/techniques/T1059/001"
    assert techniques([], ctx) == []
