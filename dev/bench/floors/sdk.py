"""Floor: the SDK's own streaming command that adds constant fields."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from splunklib.searchcommands import Configuration, Option, StreamingCommand, dispatch

ADDED = 16
FIELDS = {f"added{n}": f"value {n}" for n in range(ADDED)}


@Configuration(distributed=False)
class FloorCommand(StreamingCommand):  # type: ignore[misc]  # the SDK has no types
    detection = Option()

    def stream(self, records: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for record in records:
            record.update(FIELDS)
            yield record


dispatch(FloorCommand, sys.argv, sys.stdin, sys.stdout, __name__)
