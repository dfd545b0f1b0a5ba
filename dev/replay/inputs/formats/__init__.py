"""Input formats, one file per format; each declares one ``FORMAT``."""
