"""ES's scale of risk: a score of 20 is info, 40 low, 60 medium, 80 high, 100 critical.

A score between two steps takes the higher step: above 20 is low, above 40 medium, above 60 high, above 80
critical. Those are the boundaries by which Splunk's own detections name their severity
(github.com/splunk/contentctl, pull request 191, ``detection_tags.py``: info up to 20, low up to 40, medium up
to 60, high up to 80, else critical).
"""

from __future__ import annotations

_STEPS = ((20, "info"), (40, "low"), (60, "medium"), (80, "high"))


def severity(score: float) -> str:
    """The severity of a risk score, which has no bounds: a negative one, which lowers a risk, is info."""
    return next((name for limit, name in _STEPS if score <= limit), "critical")
