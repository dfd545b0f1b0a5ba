"""Floor: the SDK's own streaming command that adds constant fields."""

import sys

from splunklib.searchcommands import Configuration, Option, StreamingCommand, dispatch

ADDED = 16
FIELDS = {f"added{n}": f"value {n}" for n in range(ADDED)}


@Configuration(distributed=False)
class FloorCommand(StreamingCommand):
    detection = Option()

    def stream(self, records):
        for record in records:
            record.update(FIELDS)
            yield record


dispatch(FloorCommand, sys.argv, sys.stdin, sys.stdout, __name__)
