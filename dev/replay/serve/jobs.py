"""Search jobs: started, watched, paged through, cancelled, and forgotten when their time to live is over.

Source: REST API Reference Manual, "Search endpoint descriptions" (search/jobs).
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event, Lock, Thread, Timer
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from replay.commands import COMMANDS
from replay.context import Context
from replay.engine import Cancelled, Engine
from replay.errors import Place, ReplayError
from replay.plan import Parser, check_functions, expand_macros, parse, plan_onto, plan_search
from replay.relation import ORDER, Relation
from replay.report import Row
from replay.serve.arguments import Terms
from replay.serve.errors import Refused
from replay.serve.feeds import Message
from replay.spl.scanner import Scanner

if TYPE_CHECKING:
    from replay.serve.head import Head

SIDE_BY_SIDE = 8
"""Searches that run at once; others wait (limits.conf, base_max_searches and max_searches_per_cpu)."""
MOST_JOBS = 1000
"""Jobs that are kept; the oldest finished ones make room."""
TTL = 600
"""Seconds for which a finished job is kept if the client says nothing else (limits.conf, ttl)."""

_INSIST = 0.2
"""Seconds after which a search that was interrupted and still runs is interrupted again."""

log = logging.getLogger("replay.serve")

QUEUED, RUNNING, DONE, FAILED = "QUEUED", "RUNNING", "DONE", "FAILED"


class Request(Struct, frozen=True):
    """What a client asks to be searched.

    Attributes:
        search: the text, macros and all.
        app: context.
        user: who asks.
        earliest, latest: epoch seconds; None is open.
        ttl: seconds for which the finished job is kept.
        label: the saved search that it is, or nothing.
        sid: id that the client wants, or nothing.
        params: as they were given.
        now: epoch seconds that the search takes for the present; None is when it is started.
        terms: what else is to be followed.
    """

    search: str
    app: str
    user: str
    earliest: float | None = None
    latest: float | None = None
    ttl: int = TTL
    label: str = ""
    sid: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    now: float | None = None
    terms: Terms = field(default_factory=Terms)


class Job:
    """One search under way or finished.

    Args:
        sid: its id.
        request: what was asked.
        engine: a branch of the job's own.
    """

    def __init__(self, sid: str, request: Request, engine: Engine) -> None:
        self.sid = sid
        self.request = request
        self.engine = engine
        self.state = QUEUED
        self.created = self.touched = time.time()
        self.started = self.finished = 0.0
        self.ttl = request.ttl
        self.saved = False
        self.messages: list[Message] = []
        self.relation: Relation | None = None
        self.count = 0
        self.finalized = False
        self.future: Future[None] = Future()
        self.failure: ReplayError | None = None
        self.ending, self.ended = Lock(), Event()
        """Whether its thread is through with the engine; set with the lock held."""
        for text in request.terms.without_effect:
            self.warn(text)

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state in (DONE, FAILED)

    @property
    def fields(self) -> list[str]:
        """The fields that are shown, in their order."""
        return shown_fields(self.relation) if self.relation is not None else []

    @property
    def seconds(self) -> float:
        """How long it has run."""
        if not self.started:
            return 0.0
        return (self.finished or time.time()) - self.started

    def warn(self, text: str) -> None:
        """A sentence for the user; each once."""
        self.tell("WARN", text)

    def tell(self, kind: str, text: str) -> None:
        """The same, of any kind: ``INFO``, ``WARN``, ``ERROR``."""
        if (kind, text) not in self.messages:
            self.messages.append((kind, text))

    def fail(self, error: ReplayError) -> None:
        """The search has ended with an error."""
        self.failure = error
        self.state = FAILED
        self.messages.append(("FATAL", str(error)))

    def stop(self) -> None:
        """Interrupt the search, and insist on it: an interrupt that comes between two statements is lost."""
        self._interrupt()
        Thread(target=self._insist, daemon=True).start()

    def _insist(self) -> None:
        while not self.ended.wait(_INSIST) and not self.future.done():
            self._interrupt()

    def _interrupt(self) -> None:
        with self.ending:
            if not self.ended.is_set():
                self.engine.cancel()

    def page(self, offset: int, limit: int) -> Iterator[Row]:
        """Rows from ``offset`` on; a limit of 0 is all of them."""
        if self.relation is None:
            return iter(())
        end = f" AND {ORDER} <= {offset + limit}" if limit else ""
        return self.engine.rows(self.relation.filter(f"{ORDER} > {offset}{end}"))


def shown_fields(relation: Relation) -> list[str]:
    """The fields of a result that Splunk shows: hidden ones (``_…``) are left out, but for time and text."""
    return [n for n in relation.columns if not n.startswith("_") or n in ("_time", "_raw")]


class Jobs:
    """All jobs of the server.

    Args:
        head: the search head.
    """

    def __init__(self, head: Head) -> None:
        self._head = head
        self._jobs: dict[str, Job] = {}
        self._lock = Lock()
        self._numbers = count(1)
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, "search")

    def __iter__(self) -> Iterator[Job]:
        """Newest first."""
        there = list(self._jobs.values())  # at once: other threads add jobs
        return iter(sorted(there, key=lambda job: -job.created))

    def get(self, sid: str) -> Job:
        """The job of that id.

        Raises:
            Refused: there is none (any more).
        """
        job = self._jobs.get(sid)
        if job is None:
            raise Refused(404, "Unknown sid.", "FATAL")
        job.touched = time.time()
        return job

    def start(self, request: Request, then: Callable[[Job, Context], None] | None = None) -> Job:
        """Start a search.

        Args:
            request: what to search.
            then: called in the search's thread when the results are there.

        Raises:
            Refused: the search does not parse.
        """
        job = Job(self._sid(request), request, self._head.engine.branch())
        try:
            self.check(request, job)
        except ReplayError:
            job.engine.close()
            raise
        with self._lock:
            self._make_room()
            self._jobs[job.sid] = job
        job.future = self._pool.submit(self._run, job, then)
        return job

    def _sid(self, request: Request) -> str:
        sid = request.sid or f"{time.time():.0f}.{next(self._numbers)}"
        if sid in self._jobs:
            raise Refused(400, f"Search id {sid} is taken")
        return sid

    def check(self, request: Request, job: Job) -> None:
        """Parse the search.

        Raises:
            Refused: with the parser's own words.
        """
        try:
            check_beginning(request.search)
            ctx = self._head.context(request, job)
            check_functions(parse(request.search, ctx), ctx)
        except Refused:
            raise
        except ReplayError as error:
            raise Refused(400, str(error), "FATAL") from error

    def _run(self, job: Job, then: Callable[[Job, Context], None] | None) -> None:
        key = self._head.accounts.open_session(job.request.user)
        job.state, job.started = RUNNING, time.time()
        try:
            ctx = self._head.context(job.request, job, key)
            with self._ended_in_time(job):
                relation = plan_search(job.request.search, ctx)
                relation = job.engine.materialize(relation.renumber(ORDER))
                self._keep(job, relation)
            if then is not None:
                self._follow(job, ctx, then)
            job.state = DONE
        except ReplayError as error:
            if job.finalized:
                job.state = DONE
                job.warn("the search was finalized before its end: it has no results, since results come all at once")
            else:
                job.fail(error)
        except Exception as error:  # the server goes on; what it was is told to the one who asked
            log.exception("search %s", job.sid)
            job.fail(ReplayError(f"the search ended with an internal error: {type(error).__name__}: {error}"))
        finally:
            self._head.accounts.close_session(key)
            job.finished = job.touched = time.time()
            with job.ending:
                job.ended.set()
                if job.sid not in self._jobs:
                    job.engine.close()

    @contextmanager
    def _ended_in_time(self, job: Job) -> Iterator[None]:
        """While a search runs: it is finalized when its ``max_time`` is over."""
        clock = Timer(job.request.terms.max_time, self.finalize, [job])
        clock.daemon = True
        if clock.interval:
            clock.start()
        try:
            yield
        finally:
            clock.cancel()

    @staticmethod
    def _keep(job: Job, relation: Relation) -> None:
        """The results, as many as ``max_count`` allows."""
        found, most = job.engine.count(relation), job.request.terms.max_count
        if most and found > most:
            job.warn(f"max_count: the first {most} of {found} results are kept")
            relation = relation.filter(f"{ORDER} <= {most}")
        job.count, job.relation = min(found, most or found), relation

    @staticmethod
    def _follow(job: Job, ctx: Context, then: Callable[[Job, Context], None]) -> None:
        """What follows the search; if it fails, the results stand."""
        try:
            then(job, ctx)
        except Cancelled:
            raise
        except ReplayError as error:
            job.messages.append(("ERROR", f"an action failed: {error}"))

    def finalize(self, job: Job) -> None:
        """Stop a search; what it has so far are its results, which is all or nothing here."""
        if not job.done and job.relation is None:
            job.finalized = True
            job.stop()

    def cancel(self, job: Job) -> None:
        """Stop a search, and forget it."""
        with self._lock, job.ending:
            if self._jobs.pop(job.sid, None) is None:
                return
            over = job.ended.is_set()
        if over or job.future.cancel():
            job.engine.close()
        else:
            job.stop()  # the search's thread closes the engine

    def reap(self) -> None:
        """Forget the jobs whose time to live is over, and those that run though nobody asks for them any more."""
        now = time.time()
        for job in list(self):
            most = job.ttl if job.done else job.request.terms.auto_cancel or math.inf
            if not job.saved and now - job.touched > most:
                self.cancel(job)

    def _make_room(self) -> None:
        finished = sorted(
            (j for j in self._jobs.values() if j.ended.is_set() and not j.saved), key=lambda job: job.touched
        )
        for job in finished[: max(len(self._jobs) - MOST_JOBS + 1, 0)]:
            del self._jobs[job.sid]
            job.engine.close()
        if len(self._jobs) >= MOST_JOBS:
            raise Refused(503, "The maximum number of concurrent searches has been reached", "FATAL")

    def close(self) -> None:
        """Stop all searches."""
        for job in list(self):
            self.cancel(job)
        self._pool.shutdown(wait=True, cancel_futures=True)


def post_process(job: Job, text: str, ctx: Context) -> Relation:
    """The results of a job as rows for further commands (parameter ``search`` of ``results``).

    Raises:
        Refused: the commands do not parse, or fail.
    """
    assert job.relation is not None
    try:
        expanded = expand_macros(text.strip(), ctx)
        if not expanded.startswith("|") and _first_word(expanded) not in COMMANDS.names():
            expanded = f"search {expanded}"
        pipeline = Parser(ctx).pipeline(Scanner(expanded, place=ctx.place), generates=False)
        return plan_onto(job.relation, pipeline.commands, ctx)
    except ReplayError as error:
        raise Refused(400, str(error), "FATAL") from error


def check_beginning(search: str) -> None:
    """A search by REST begins with a pipe, a macro, a subsearch, or the name of a command, even if it is ``search``.

    Raises:
        Refused: it begins with anything else, as a person types it into the search bar.
    """
    text = search.lstrip()
    if not text:
        raise Refused(400, "Empty search.", "FATAL")
    word = _first_word(text)
    if text[0] not in "|`[" and word not in COMMANDS.names():
        place = Place(column=1)
        raise Refused(400, f"{place}: Unknown search command '{word[:50]}'.", "FATAL")


def _first_word(text: str) -> str:
    return text.split(None, 1)[0].split("[", 1)[0].split("|", 1)[0].lower()


def as_content(job: Job) -> dict[str, Any]:
    """The properties of a job, as its entry shows them."""
    request, events = job.request, "_raw" in job.fields
    return {
        "sid": job.sid, "search": request.search, "dispatchState": job.state,
        "label": request.label or request.params.get("label", ""),
        "doneProgress": 1.0 if job.done else 0.0, "isDone": job.done, "isFailed": job.state == FAILED,
        "isFinalized": job.finalized, "isPaused": False, "isSaved": job.saved, "isZombie": False,
        "isSavedSearch": bool(request.label), "isPreviewEnabled": False, "isRealTimeSearch": False,
        "isEventsPreviewEnabled": False, "isRemoteTimeline": False, "isTimeCursored": False,
        "resultCount": job.count, "resultPreviewCount": job.count, "resultIsStreaming": events,
        "eventCount": job.count if events else 0, "eventAvailableCount": job.count if events else 0,
        "eventIsStreaming": events, "eventIsTruncated": False, "scanCount": 0, "dropCount": 0, "numPreviews": 0,
        "runDuration": round(job.seconds, 3), "ttl": job.ttl, "defaultTTL": TTL, "priority": 5, "diskUsage": 0,
        "earliestTime": request.params.get("earliest_time", ""), "latestTime": request.params.get("latest_time", ""),
        "searchEarliestTime": request.earliest or 0, "searchLatestTime": request.latest or "",
        "delegate": "scheduler" if request.label else "", "keywords": "", "statusBuckets": 0,
        "canSummarize": False, "custom": {}, "request": dict(request.params), "performance": {}, "searchProviders": [],
        "messages": [{"type": kind, "text": text} for kind, text in job.messages],
    }  # fmt: skip
