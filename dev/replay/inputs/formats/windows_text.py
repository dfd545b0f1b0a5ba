"""Classic Windows events as text; ``text_events`` has the rules, and XML events may stand among them."""

from __future__ import annotations

from replay.inputs.base import Confidence, Format
from replay.inputs.formats import windows_xml
from replay.inputs.text_events import SOURCETYPE, START


def sniff(head: bytes) -> Confidence:
    """Certain where the file begins with an event, likely where one comes later."""
    match = START.search(head)
    if match is None:
        return Confidence.NO
    return Confidence.CERTAIN if not head[: match.start()].strip() else Confidence.LIKELY


FORMAT = Format("Windows event text", (SOURCETYPE.lower(),), sniff, windows_xml.read)
