"""search/jobs and below it (Search endpoint descriptions), version 1 and 2."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from urllib.parse import quote
from xml.sax.saxutils import escape

from msgspec.structs import replace
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from replay.report import Row
from replay.serve.arguments import about_results, terms_of_call
from replay.serve.calls import ANY, LISTING, Call, endpoint
from replay.serve.errors import Refused
from replay.serve.feeds import Entry, Feed, messages_json, messages_xml
from replay.serve.jobs import FAILED, TTL, Job, Request, as_content, post_process, shown_fields
from replay.serve.results import FORMATS, Rows, export_json, pieces

EXPORT_TTL = 60
MOST_AT_ONCE = 50_000
_JOB = (
    "search! earliest_time latest_time time_format now timeout:integer max_count:integer max_time:integer "
    "auto_cancel:integer search_mode=normal namespace id"
)
_PAGE = "count:integer offset:integer f field_list output_time_format show_metadata:boolean"
_ROWS = "json xml csv text"
_CONTROL = (
    "action!=cancel|finalize|touch|setttl|save|unsave|pause|unpause|enablepreview|disablepreview|setpriority "
    "ttl:integer"
)


_NO_PAUSE = "A search cannot be paused on this server"
_WITHOUT_EFFECT = {
    "enablepreview": "This server makes no previews: the results are there when the search is done",
    "setpriority": "Searches have no priorities on this server: they run in the order in which they came",
}
"""What changes no result: clients may ask for it, and the job says that nothing came of it."""


def request_of(call: Call, ttl: int = TTL, waits: bool = False) -> Request:
    """What the call asks to be searched.

    Args:
        call: the request.
        ttl: of the job, if the call does not say.
        waits: the client waits for the end, so that ``auto_cancel`` has nothing to do.

    Raises:
        Refused: an argument is unknown, or its value is wrong.
    """
    terms = terms_of_call(call.params)
    terms = replace(terms, auto_cancel=0) if waits else terms
    now = call.head.time("now", call.text("now"), time.time()) or time.time()
    earliest, latest = (
        call.head.time(n, call.text(n), now, terms.time_format) for n in ("earliest_time", "latest_time")
    )
    if earliest is not None and latest is not None and earliest > latest:
        raise Refused(400, f"Invalid time range: earliest_time {earliest} is after latest_time {latest}", "FATAL")
    params = {key: value for key, value in call.params if key != "output_mode"}
    return Request(
        call.text("search"), _namespace(call), call.user, earliest, latest, call.number("timeout", ttl) or ttl,
        sid=call.text("id"), params=params, now=now if call.has("now") else None, terms=terms,
    )  # fmt: skip


def _namespace(call: Call) -> str:
    """The app of the search: that of the path, or of ``namespace``.

    Raises:
        Refused: there is none of that name, or the two differ.
    """
    wanted = call.text("namespace")
    if wanted and call.app not in (None, ANY, wanted):
        raise Refused(400, f"The path names the app {call.app}, namespace {wanted[:100]}: give one of them")
    return replace(call, app=wanted or call.app).context


async def finished(job: Job) -> Job:
    """The job, once it has ended. Waiting takes no thread."""
    with suppress(asyncio.CancelledError):
        await asyncio.wrap_future(job.future)
    return job


async def finished_for(call: Call, job: Job) -> Job:
    """The same, for a client that gets the results with this answer: if it leaves, the job is cancelled.

    Raises:
        ClientDisconnect: it has left.
    """
    assert call.gone is not None
    gone, ended = asyncio.ensure_future(call.gone()), asyncio.ensure_future(finished(job))
    await asyncio.wait((gone, ended), return_when=asyncio.FIRST_COMPLETED)
    gone.cancel()
    if not ended.done():
        call.head.jobs.cancel(job)
        raise ClientDisconnect
    return job


def sid_reply(call: Call, sid: str) -> Response:
    """``201`` and the id of a new job."""
    if call.json:
        return Response(json.dumps({"sid": sid}), 201, media_type="application/json")
    return Response(f"<?xml version='1.0' encoding='UTF-8'?>\n<response><sid>{escape(sid)}</sid></response>\n", 201,
                    media_type="text/xml")  # fmt: skip


@endpoint(
    "POST", "search/jobs", takes=f"{_JOB} {_PAGE} exec_mode=normal|blocking|oneshot", gives="200 201", media=_ROWS
)
async def create(call: Call) -> Response:
    """Start a search: ``exec_mode`` normal (at once the id), blocking (the id when it is done), oneshot (results)."""
    mode = call.text("exec_mode", "normal")
    if mode not in ("normal", "blocking", "oneshot"):
        raise Refused(400, f"Invalid value '{mode[:50]}' for argument 'exec_mode'")
    request = request_of(call, waits=mode != "normal")
    job = await asyncio.to_thread(call.head.jobs.start, request)
    if mode == "normal":
        return sid_reply(call, job.sid)
    if mode == "blocking":
        await finished(job)
        return sid_reply(call, job.sid)
    await finished_for(call, job)
    return _once(call, job, lambda: results_reply(call, job, finally_cancel=True))


def _once(call: Call, job: Job, answer: Callable[[], Response]) -> Response:
    """The answer of a search that nobody asks for again: the job is gone with it, or at once if it failed."""
    try:
        _raise_failure(job)
        return answer()
    except Refused:
        call.head.jobs.cancel(job)
        raise


def _raise_failure(job: Job) -> None:
    if job.state == FAILED:
        text = str(job.failure)
        raise Refused(400, text, "FATAL")


@endpoint("GET POST", "search/jobs/export", takes=f"{_JOB} {_PAGE}", media=_ROWS)
async def export(call: Call) -> Response:
    """Search, and stream the results, all of them if ``count`` does not say otherwise; nothing is kept."""
    job = await asyncio.to_thread(call.head.jobs.start, request_of(call, EXPORT_TTL, waits=True))
    await finished_for(call, job)

    def answer() -> Response:
        media, writer = FORMATS[_mode(call)]
        count, offset = _range(call, 0)
        fields = _wanted(call, job.fields)
        page = Rows(fields, job.page(offset, count), offset, messages=job.messages, form=_time_form(call))
        lines = export_json(page) if call.output_mode == "json" else writer(page)
        return _stream(call, job, lines, media, finally_cancel=True)

    return _once(call, job, answer)


def entry_of(job: Job) -> Entry:
    """The job as an entity."""
    path = f"search/jobs/{quote(job.sid, safe='')}"
    actions = ("search.log", "events", "results", "results_preview", "timeline", "summary", "control")
    return Entry(
        job.request.search, path, as_content(job), job.request.app, job.request.user, actions, updated=job.created
    )


@endpoint("GET", "search/jobs", takes=f"{LISTING} id")
def jobs(call: Call) -> Feed:
    """All jobs, the newest first; with ``id``, which may be given several times, those."""
    wanted = set(call.all("id"))
    found = [job for job in call.head.jobs if not wanted or job.sid in wanted]
    for job in found if wanted else ():
        call.head.jobs.get(job.sid)  # who asks for a job keeps it alive
    return call.page("jobs", [entry_of(job) for job in found])


@endpoint("GET POST", "search/jobs/{sid}")
def show(call: Call) -> Feed:
    """One job."""
    return Feed("jobs", [entry_of(call.head.jobs.get(call.names["sid"]))], bare=True)


@endpoint("DELETE", "search/jobs/{sid}")
def delete(call: Call) -> Response:
    """Cancel and forget it."""
    call.head.jobs.cancel(call.head.jobs.get(call.names["sid"]))
    return _said(call, "Search job cancelled.")


def _said(call: Call, text: str, kind: str = "INFO") -> Response:
    if call.json:
        return Response(messages_json([(kind, text, "")]), media_type="application/json")
    return Response(messages_xml([(kind, text, "")]), media_type="text/xml")


@endpoint("POST", "search/jobs/{sid}/control", takes=_CONTROL)
def control(call: Call) -> Response:
    """``action``: cancel, finalize, touch, setttl, save, unsave. There are no pauses, previews and priorities here."""
    job, action = call.head.jobs.get(call.names["sid"]), call.text("action")
    match action:
        case "cancel":
            call.head.jobs.cancel(job)
        case "finalize":
            call.head.jobs.finalize(job)
        case "setttl":
            if (ttl := call.number("ttl", -1)) < 0:
                raise Refused(400, "setttl needs ttl: seconds, from 0 on")
            job.ttl = ttl
        case "save" | "unsave":
            job.saved = action == "save"
        case "touch" | "disablepreview" | "unpause":
            pass  # it was touched when it was looked up; the others ask for what is so already
        case "enablepreview" | "setpriority":
            job.warn(_WITHOUT_EFFECT[action])
            return _said(call, _WITHOUT_EFFECT[action], "WARN")
        case "pause":
            raise Refused(400, _NO_PAUSE)
        case _:
            raise Refused(400, f"Invalid value '{action[:50]}' for argument 'action'")
    return _said(call, f"Search job {action}.")


@endpoint("GET POST", "search/jobs/{sid}/results", takes=f"{_PAGE} search", gives="200 204", media=_ROWS)
def results(call: Call) -> Response:
    """The results of a job that is done; 204 while it is not."""
    job = call.head.jobs.get(call.names["sid"])
    if not job.done:
        return Response(status_code=204)
    _raise_failure(job)
    return results_reply(call, job)


@endpoint("GET POST", "search/jobs/{sid}/results_preview", takes=f"{_PAGE} search", media=_ROWS)
def preview(call: Call) -> Response:
    """The results so far: none, until all are there."""
    job = call.head.jobs.get(call.names["sid"])
    return results_reply(call, job)


@endpoint("GET POST", "search/jobs/{sid}/events", takes=f"{_PAGE} search", media=_ROWS)
def events(call: Call) -> Response:
    """The events of a search that gives events; of one that makes statistics there are none."""
    job = call.head.jobs.get(call.names["sid"])
    if "_raw" in job.fields or not job.done:
        return results_reply(call, job)
    return _stream(call, job, FORMATS[_mode(call)][1](Rows([], [])), FORMATS[_mode(call)][0])


@endpoint("GET", "search/jobs/{sid}/search.log", media="text")
def search_log(call: Call) -> Response:
    """What the job had to say."""
    job = call.head.jobs.get(call.names["sid"])
    lines = [f"INFO  search: {job.request.search}", *(f"{kind:5} {text}" for kind, text in job.messages)]
    return Response("\n".join(lines) + "\n", media_type="text/plain")


@endpoint("GET", "search/jobs/{sid}/summary")
@endpoint("GET", "search/jobs/{sid}/timeline")
def no_statistics(call: Call) -> Response:
    """Field summaries and timelines are not kept: say so, instead of giving empty ones."""
    call.head.jobs.get(call.names["sid"])
    raise Refused(400, "This server keeps no field summary and no timeline of a job")


def _mode(call: Call) -> str:
    mode = call.output_mode
    if mode not in FORMATS:
        raise Refused(400, f"Invalid value '{mode[:50]}' for argument 'output_mode': one of {', '.join(FORMATS)}")
    return mode


def results_reply(call: Call, job: Job, finally_cancel: bool = False) -> Response:
    """A page of a job's results in the format that is asked for."""
    media, writer = FORMATS[_mode(call)]
    count, offset = _range(call, 100)
    fields, notes = job.fields, () if finally_cancel else about_results(call.params)
    after, total = "" if finally_cancel else call.text("search"), None
    rows: Iterable[Row]
    if after and job.relation is not None:
        fields, total, rows = _post_processed(call, job, after, offset, count)
    else:
        rows = job.page(offset, count)
    messages = [*job.messages, *(("WARN", text) for text in notes)]
    page = Rows(_wanted(call, fields), rows, offset, not job.done, messages, call.flag("show_metadata"), total,
                _time_form(call))  # fmt: skip
    return _stream(call, job, writer(page), media, finally_cancel)


def _range(call: Call, default: int) -> tuple[int, int]:
    """``count``, 0 if all are wanted, and ``offset``."""
    count, offset = call.number("count", default), call.number("offset", 0)
    if offset < 0:
        raise Refused(400, "Invalid offset: it must not be negative")
    return max(count, 0), offset


def _wanted(call: Call, fields: list[str]) -> list[str]:
    """The fields that ``f`` (any number of times) or ``field_list`` ask for, or all."""
    listed = re.split(r"[,\s]+", call.text("field_list"))
    wanted = [field for one in (*call.all("f"), *listed) for field in one.split(",") if field]
    return [field for field in fields if field in wanted] if wanted else fields


def _time_form(call: Call) -> str:
    """How ``_time`` is to be written."""
    return call.text("output_time_format")


def _post_processed(call: Call, job: Job, text: str, offset: int, count: int) -> tuple[list[str], int, list[Row]]:
    """Fields, number of rows, and the rows of one page, after further commands on a job's results.

    A dashboard asks for many of them at once, so each has a branch of the engine.
    """
    branch = job.engine.branch()
    try:
        ctx = replace(call.head.context(job.request, job), engine=branch)
        relation = branch.materialize(post_process(job, text, ctx).renumber("__n"))
        end = f" AND __n <= {offset + count}" if count > 0 else ""
        rows = list(branch.rows(relation.filter(f"__n > {offset}{end}")))
        return shown_fields(relation), branch.count(relation), rows
    finally:
        branch.close()


def _stream(call: Call, job: Job, lines: Iterator[str], media: str, finally_cancel: bool = False) -> StreamingResponse:
    return _Stream(pieces(lines), media, (lambda: call.head.jobs.cancel(job)) if finally_cancel else None)


class _Stream(StreamingResponse):
    """Rows on their way to a client.

    Args:
        source: the bytes.
        media: their type.
        at_end: called when all are sent, and when the client is gone before.
    """

    def __init__(self, source: Generator[bytes], media: str, at_end: Callable[[], None] | None) -> None:
        super().__init__(iterate_in_threadpool(source), media_type=media)
        self._source, self._at_end = source, at_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._source.close()  # no thread is in it: those of Starlette are waited for, even by who is cancelled
            if self._at_end is not None:
                self._at_end()
