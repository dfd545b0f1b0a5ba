"""Outcomes as JUnit XML, for CI systems.

The elements and attributes are those that Jenkins, GitLab and GitHub's reporters read (Jenkins' junit-10.xsd; GitLab,
"Unit test reports"): ``testsuites`` > ``testsuite`` > ``testcase`` > ``failure`` | ``error`` | ``skipped``. What stands
in an event may be hostile: text is escaped, and what XML 1.0 cannot hold (section 2.2, Char) is written ``\\x1b``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree as ET  # writes only

from replay.testing.outcome import Finding, Outcome

_NO_XML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010fffd]")

_ENDS = re.compile("[\n\r\u2028]")


def write_junit(outcomes: Sequence[Outcome], path: Path) -> None:
    """Write a report.

    Raises:
        OSError: the file cannot be written.
    """
    suites = ET.Element("testsuites", {"name": "replay test", **_counts(outcomes)})
    for (file, suite), group in groupby(outcomes, key=lambda o: (o.file, o.suite)):
        cases = list(group)
        element = ET.SubElement(suites, "testsuite", {"name": _xml(suite), "file": _xml(file), **_counts(cases)})
        for case in cases:
            _case(element, case)
    ET.indent(suites)
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)


def _counts(outcomes: Sequence[Outcome]) -> dict[str, str]:
    states = [o.status for o in outcomes]
    return {
        "tests": str(len(states)), "failures": str(states.count("failed")), "errors": str(states.count("error")),
        "skipped": str(states.count("skipped")), "time": f"{sum(o.seconds for o in outcomes):.3f}",
    }  # fmt: skip


def _case(suite: ET.Element, outcome: Outcome) -> None:
    # A class name's dots are packages to CI systems: the file's name has none.
    attributes = {
        "classname": Path(outcome.file).stem, "name": outcome.name, "file": outcome.file, "line": str(outcome.line),
        "time": f"{outcome.seconds:.3f}",
    }  # fmt: skip
    case = ET.SubElement(suite, "testcase", {name: _xml(value) for name, value in attributes.items()})
    properties = ET.SubElement(case, "properties")
    listed = [("search", outcome.search), ("rows", str(outcome.rows)), *(("data", path) for path in outcome.data)]
    for name, value in listed:
        ET.SubElement(properties, "property", {"name": name, "value": _xml(value)})
    if outcome.status == "skipped":
        ET.SubElement(case, "skipped", {"message": _xml(outcome.reason)})
    elif outcome.status == "error":
        ET.SubElement(case, "error", {"message": _xml(outcome.reason), "type": "error"}).text = _xml(outcome.reason)
    elif outcome.status == "failed":
        first = outcome.findings[0]
        failure = ET.SubElement(case, "failure", {"message": _xml(first.says), "type": first.kind})
        failure.text = _xml("\n".join(line for finding in outcome.findings for line in lines(finding)))


def lines(finding: Finding) -> list[str]:
    """A finding as lines of text: what it says, then a line for each field."""
    width = max((len(name) for name, _, _ in finding.details), default=0)
    return [f"{finding.kind}: {finding.says}", *(_field(width, *detail) for detail in finding.details)]


def _field(width: int, name: str, expected: str | None, came: str | None) -> str:
    if expected == "..." or expected == came:
        return f"    {name:{width}}  {_quoted(came)}"
    return f"  ! {name:{width}}  expected {_quoted(expected)}\n    {'':{width}}  came     {_quoted(came)}"


def _quoted(value: str | None) -> str:
    return "(not there)" if value is None else f'"{_ENDS.sub(_escape, value)}"'


def _escape(found: re.Match[str]) -> str:
    return {"\n": "\\n", "\r": "\\r"}.get(found.group(), "\\u2028")


def _xml(text: str) -> str:
    return _NO_XML.sub(lambda found: f"\\x{ord(found.group()):02x}", text)
