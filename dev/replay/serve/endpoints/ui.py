"""What pages of Splunk Web ask for: data/ui/times, data/ui/views, search/timeparser (Knowledge, Search endpoints)."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response

from replay.errors import KnowledgeError, Place
from replay.serve.calls import ANY, LISTING, Call, endpoint
from replay.serve.conf_entries import ConfKind
from replay.serve.errors import Refused, missing
from replay.serve.feeds import Entry, Feed
from replay.spl.timespec import parse_time

TIMES = ConfKind("times", "data/ui/times")
_MOST_TIMES = 100


@endpoint("GET", "data/ui/times", takes=LISTING)
def times(call: Call) -> Feed:
    """Presets of the time picker (times.conf)."""
    return call.page("times", TIMES.all(call))


@endpoint("GET", "data/ui/views", takes=LISTING)
def views(call: Call) -> Feed:
    """The views of the apps; ``eai:data`` is their XML."""
    return call.page("views", _views(call))


@endpoint("GET", "data/ui/views/{name}")
def view(call: Call) -> Feed:
    """One view."""
    found = [entry for entry in _views(call) if entry.name == call.names["name"]]
    if not found:
        raise missing("views", call.names["name"])
    return Feed("views", found[:1])


def _views(call: Call) -> list[Entry]:
    apps = call.head.apps.knowledge.apps
    wanted = apps.values() if call.app in (None, ANY) else [apps[call.context]]
    found = []
    for app in wanted:
        files = {path.name: path for layer in ("default", "local")
                 for path in (app.folder / layer / "data/ui/views").glob("*.xml")}  # fmt: skip
        found += [_view(app.id, files[name]) for name in sorted(files)]
    return found


def _view(app: str, file: Path) -> Entry:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"the view cannot be read: {error}", Place(file=str(file))) from error
    content = {"eai:data": text, "eai:type": "views", "isDashboard": True, "isVisible": True, "label": file.stem}
    return Entry(file.stem, f"data/ui/views/{quote(file.stem, safe='')}", content, app, writable=False)


@endpoint("GET POST", "search/timeparser", takes="time! output_time_format", media="json")
def timeparser(call: Call) -> Response:
    """Times in Splunk's notation -> ISO 8601, UTC; ``output_time_format`` is given by strftime.

    Raises:
        Refused: one of them is no time.
    """
    given, now, pattern = call.all("time"), time.time(), call.text("output_time_format")
    if len(given) > _MOST_TIMES:
        raise Refused(400, f"More than {_MOST_TIMES} times")
    found = {}
    for text in given:
        epoch = now if text in ("now", "now()") else parse_time(text, now)
        if epoch is None:
            raise Refused(400, f"Unable to parse time: '{text[:100]}'", "FATAL")
        moment = datetime.fromtimestamp(epoch, UTC)
        found[text] = moment.strftime(pattern) if pattern else moment.isoformat(timespec="milliseconds")
    return Response(json.dumps(found), media_type="application/json")
