"""Runs tests, each on its own events, in one process or in several."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from replay.context import Context
from replay.errors import KnowledgeError, ReplayError
from replay.inputs import Event, Problem, read
from replay.knowledge import SavedSearch
from replay.lookup_table import writes_dropped
from replay.plan import plan_search
from replay.risk import enriched, object_fields
from replay.session import HOME, Session
from replay.testing.compare import Came, came_row, differences
from replay.testing.outcome import Finding, Outcome, Status
from replay.testing.spec import AttackData, DetectionTest

_MALFORMED_SHOWN = 5


class Found(NamedTuple):
    """What a search found: the rows, and of how many events; ``problems`` are those of reading them."""

    saved: SavedSearch
    rows: list[Came]
    events: int
    problems: list[Problem]


class Runner:
    """One search head that runs tests one after the other; none leaves anything behind for the next.

    Args:
        apps: as ``Session``.
    """

    def __init__(self, apps: Sequence[Path]) -> None:
        self.session = Session(apps)

    def run(self, test: DetectionTest) -> Outcome:
        """Run one test; never raises for what the test or the search has wrong."""
        started = time.perf_counter()
        if test.skipped:
            return _outcome(test, "skipped", reason=test.skipped)
        try:
            found = self.search(test)
            findings = [*_logs(test, found), *differences(test, found.rows, object_fields(found.saved))]
        except ReplayError as e:
            wrong = isinstance(e, KnowledgeError)
            return _outcome(test, "error", reason=str(e), wrong=wrong, seconds=time.perf_counter() - started)
        seconds = time.perf_counter() - started
        status: Status = "failed" if findings else "passed"
        return _outcome(test, status, rows=len(found.rows), findings=findings, seconds=seconds)

    def search(self, test: DetectionTest) -> Found:
        """What the test's search finds in its logs.

        Raises:
            KnowledgeError: there is no such search or macro.
            ReplayError: the search cannot run, or a log cannot be read at all.
        """
        saved = self.find(test)
        problems: list[Problem] = []
        count = 0
        engine = self.session.engine.branch()
        try:
            for data in test.data:
                count += self.session.index.add(events(data, problems), data.index)
            ctx = self.session.saved_context(saved, test.earliest, test.latest)
            ctx = replace(ctx, engine=engine, macros={**ctx.macros, **self._macros(test, ctx)})
            with writes_dropped(engine):  # each test begins with the lookups that the apps have
                relation = plan_search(enriched(saved, saved.search, ctx), ctx)
                return Found(saved, [came_row(row) for row in engine.rows(relation)], count, problems)
        finally:
            engine.close()
            self.session.index.clear()

    def find(self, test: DetectionTest) -> SavedSearch:
        """The saved search of a test.

        Raises:
            KnowledgeError: there is none, with the place where the test names it.
        """
        try:
            return self.session.knowledge.saved_search(test.search)
        except KnowledgeError as e:
            raise KnowledgeError(e.message, test.searched) from e

    def _macros(self, test: DetectionTest, ctx: Context) -> Mapping[str, str]:
        for name in test.macros:
            try:
                ctx.knowledge.macro(ctx.app, name.partition("(")[0], _arity(name))
            except KnowledgeError as e:
                raise KnowledgeError(e.message, test.place) from e
        return test.macros


def _arity(name: str) -> int:
    digits = name.partition("(")[2].rstrip(")")
    return int(digits) if digits.isdigit() else 0


def events(data: AttackData, problems: list[Problem]) -> Iterator[Event]:
    """The events of a log, as the test says that they came in.

    Raises:
        InputError: it cannot be read at all.
    """
    for event in read([data.path], sourcetype=data.sourcetype, on_problem=problems.append):
        yield event._replace(source=data.source or event.source, host=data.host or event.host)


def tests_folder(apps: Sequence[Path]) -> Path:
    """Where the tests of an app lie: of the last that the user gives, else of this one.

    As seen from the working folder, where that is shorter, since it stands in every line of a report.
    """
    folder = (apps[-1] if apps else HOME) / "tests" / "detections"
    relative = Path(os.path.relpath(folder))
    return relative if len(str(relative)) < len(str(folder)) else folder


def _logs(test: DetectionTest, found: Found) -> Iterator[Finding]:
    """What is wrong with the logs: a search that finds nothing in no event has proved nothing."""
    if not found.events:
        yield Finding("empty log", "there is not one event in the logs")
    expected, problems = test.expected.malformed, found.problems
    if len(problems) != expected:
        count = f"{expected or 'no'} problem{'' if expected == 1 else 's'}"
        yield Finding("malformed log", f"{count} expected in the logs, {len(problems) or 'none'} found")
        yield from (Finding("malformed log", str(problem)) for problem in problems[:_MALFORMED_SHOWN])
        if len(problems) > _MALFORMED_SHOWN:
            yield Finding("malformed log", f"… and {len(problems) - _MALFORMED_SHOWN} more")


def _outcome(
    test: DetectionTest, status: Status, *, rows: int = 0, findings: Sequence[Finding] = (), reason: str = "",
    wrong: bool = False, seconds: float = 0.0,
) -> Outcome:  # fmt: skip
    return Outcome(
        test.name, test.suite, test.search, test.place.file or "", test.place.line or 0, status,
        [str(data.path) for data in test.data], rows, findings, reason, wrong, seconds,
    )  # fmt: skip


# --- several processes -----------------------------------------------------------------------------------------------

_RUNNER: Runner | None = None
"""The search head of this worker process: apps are loaded once, then tests follow each other."""


def _start(apps: Sequence[Path]) -> None:
    global _RUNNER
    _RUNNER = Runner(apps)


def _run(test: DetectionTest) -> Outcome:
    assert _RUNNER is not None
    return _RUNNER.run(test)


def run_all(tests: Sequence[DetectionTest], apps: Sequence[Path], workers: int) -> Iterator[Outcome]:
    """Run tests; outcomes come in the order of the tests.

    Args:
        tests: what to run.
        apps: as ``Session``.
        workers: processes; with 1 they run in this one.

    Raises:
        KnowledgeError: the apps cannot be loaded.
    """
    if workers == 1 or len(tests) < 2:
        runner = Runner(apps)
        yield from map(runner.run, tests)
        return
    # A process that is forked would share DuckDB's threads with this one: workers start afresh.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _start, (apps,)) as pool:
        for test, future in [(test, pool.submit(_run, test)) for test in tests]:
            yield _result(test, future)


def _result(test: DetectionTest, future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except BrokenProcessPool:
        return _outcome(test, "error", reason="the process that ran it died; --workers 1 shows why")
