"""``--output json``: one object a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from replay.linting.output import OUTPUTS
from replay.linting.rule import Finding


@OUTPUTS.claim("json")
def write(findings: Sequence[Finding]) -> None:
    """Keys: file line column stanza key rule name severity message why mend."""
    for one in findings:
        place = {name: getattr(one.place, name) for name in ("file", "line", "column", "stanza", "key")}
        rule = one.rule
        says = {"rule": rule.code, "name": rule.name, "severity": rule.severity, "message": one.message}
        document = place | says | {"why": rule.why, "mend": rule.mend}
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
