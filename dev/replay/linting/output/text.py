"""``--output text``: a line that editors can follow, then why and how to mend it, once for each rule."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from replay.errors import Place
from replay.linting.output import OUTPUTS
from replay.linting.rule import Finding


@OUTPUTS.claim("text")
def write(findings: Sequence[Finding]) -> None:
    """``file:line:column: severity CODE name: message [stanza]``."""
    for one in findings:
        stanza = f" [{one.place.stanza}]" if one.place.stanza else ""
        head = f"{where(one.place)}: {one.rule.severity} {one.rule.code} {one.rule.name}:{stanza}"
        sys.stdout.write(f"{head} {one.message}\n")
    for rule in dict.fromkeys(one.rule for one in findings):
        sys.stdout.write(f"\n{rule.code} {rule.name}\n  why:  {rule.why}\n  mend: {rule.mend}\n")


def where(place: Place) -> str:
    """``file:line:column``, as far as known."""
    parts = [place.file, place.line, place.column]
    return ":".join(str(part) for part in parts if part is not None)
