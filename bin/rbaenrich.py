"""The search command ``rbaenrich``; what it does is in ``rbaenrich_command``, its enrichment in ``rba``.

This file stays short: Python compiles it anew at every start, and keeps what it imports.
"""

from __future__ import annotations

import os
import sys

LIB = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib")
if os.path.isdir(LIB):  # in the app's package, the SDK lies there
    sys.path.insert(0, LIB)

from rbaenrich_command import RbaEnrichCommand, dispatch  # noqa: E402

dispatch(RbaEnrichCommand, sys.argv, sys.stdin, sys.stdout, __name__)
