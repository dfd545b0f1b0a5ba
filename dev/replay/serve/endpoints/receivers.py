"""receivers/simple: events sent to the management port (Input endpoint descriptions).

``receivers/stream``, whose requests have a body without a length, is not served.
"""

from __future__ import annotations

import io
import json

from starlette.responses import Response

from replay.report import Row
from replay.serve.calls import Call, endpoint
from replay.serve.errors import Refused
from replay.serve.hec_events import BadBatch, Defaults, raw_events, store
from replay.serve.results import FORMATS, Rows

_NAME = "http-simple"


@endpoint("POST", "receivers/simple", takes="index host source sourcetype", sends="text")
def receive(call: Call) -> Response:
    """Events as they are, in the body of the request; where they go and come from is said in the query."""
    index = call.text("index", "main")
    if index not in call.head.indexes():
        raise Refused(400, f"The index '{index[:100]}' does not exist")
    if not call.body:
        raise Refused(400, "No data")
    given = Defaults(
        index, call.text("host", "localhost"), call.text("source", _NAME), call.text("sourcetype", _NAME),
        call.has("host"), True,
    )  # fmt: skip
    try:
        wrong = store(call.head, [(index, raw_events(io.BytesIO(call.body), given))])
    except BadBatch as error:
        raise Refused(400, error.text) from error
    if wrong:
        call.head.tell("WARN", f"receivers/simple: {wrong}")
    about: Row = {"host": given.host, "source": given.source, "sourcetype": given.sourcetype}
    if call.json:
        told = {"index": index, "bytes": len(call.body), **about}
        return Response(json.dumps(told), media_type="application/json")
    row: Row = {"_index": index, "bytes": str(len(call.body)), **about}
    media, write = FORMATS["xml"]
    return Response("".join(write(Rows(list(row), [row]))), media_type=media)
