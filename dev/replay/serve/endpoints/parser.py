"""search/parser: what a search consists of (Search endpoint descriptions)."""

from __future__ import annotations

import json

from starlette.responses import Response

from replay.context import Context
from replay.errors import Place, ReplayError
from replay.plan import Parser, check_functions, expand_macros
from replay.serve.calls import Call, endpoint
from replay.serve.errors import Refused
from replay.serve.jobs import check_beginning
from replay.spl.scanner import Scanner, split_top


@endpoint("GET POST", "search/parser", takes="q! parse_only:boolean", media="json")
def parse(call: Call) -> Response:
    """The commands of ``q``, macros expanded; ``parse_only`` is always as if true.

    The answer is JSON where that is asked for, and XML with the commands as JSON text otherwise.
    """
    text = call.text("q")
    head = call.head
    check_beginning(text)
    engine = head.engine.branch()
    ctx = Context(engine, head.apps.knowledge, head.index, call.context, Place())
    try:
        expanded = expand_macros(text, ctx)
        check_functions(Parser(ctx).search(expanded), ctx)
    except ReplayError as error:
        raise Refused(400, str(error), "FATAL") from error
    finally:
        engine.close()
    s = Scanner(expanded)
    commands = []
    for start, end in split_top(s, "|"):
        name, _, arguments = expanded[start:end].strip().partition(" ")
        if name:
            commands.append({"command": name, "rawargs": arguments.strip(), "args": [arguments.strip()]})
    document = {"remoteSearch": expanded, "remoteTimeOrdered": True, "eventsSearch": expanded,
                "normalizedSearch": expanded, "commands": commands}  # fmt: skip
    return Response(json.dumps(document), media_type="application/json")
