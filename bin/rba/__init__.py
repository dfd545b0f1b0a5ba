"""Risk enrichment in the terms of Splunk Enterprise Security: pure, standard library only, Python 3.9+."""

ANNOTATE = "annotate"
EVENTS = "events"
