"""``--output sarif``: one document in SARIF 2.1.0, which code hosts show beside the lines that it names.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0" (sections in brackets below).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from replay.errors import Place
from replay.linting.output import OUTPUTS
from replay.linting.rule import Finding, Rule, all_rules

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


@OUTPUTS.claim("sarif")
def write(findings: Sequence[Finding]) -> None:
    """The whole document; without findings, one that says so."""
    sys.stdout.write(json.dumps(document(findings), ensure_ascii=False, indent=2) + "\n")


def document(findings: Sequence[Finding]) -> dict[str, Any]:
    """One run [3.14] of this tool with all rules [3.19.23] and the results."""
    rules = all_rules()
    index = {rule.code: at for at, rule in enumerate(rules)}
    driver = {"name": "replay lint", "version": version("replay-search-head"), "rules": [_rule(one) for one in rules]}
    results = [_result(one, index[one.rule.code]) for one in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    """A reportingDescriptor [3.49]; its name is an identifier without blanks [3.49.7]."""
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.mend},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    """A result [3.27]: error, warning and note are levels of SARIF [3.27.10]."""
    rule = finding.rule
    text = f"{finding.message}. {rule.mend}"
    return {
        "ruleId": rule.code,
        "ruleIndex": index,
        "level": rule.severity,
        "message": {"text": text},
        "locations": [_location(finding.place)],
    }


def _location(place: Place) -> dict[str, Any]:
    """Where in the file [3.29, 3.30], and the stanza as a logical location [3.33]."""
    location: dict[str, Any] = {}
    if place.file is not None:
        physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.file)}}
        if place.line is not None:
            region = {"startLine": place.line}
            physical["region"] = region if place.column is None else {**region, "startColumn": place.column}
        location["physicalLocation"] = physical
    if place.stanza is not None:
        location["logicalLocations"] = [{"name": place.stanza, "kind": "object"}]
    return location


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
