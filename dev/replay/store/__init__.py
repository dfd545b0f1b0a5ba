"""Events and summaries that are kept on disk (``--store``): indexed once, searched as often as one likes."""
