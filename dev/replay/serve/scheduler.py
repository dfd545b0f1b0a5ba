"""The scheduler: saved searches with ``enableSched`` run when their ``cron_schedule`` says, with their actions.

Source: Admin Manual, savedsearches.conf, "Scheduling options"; Reporting Manual, "Configure the priority of scheduled
reports" (real-time and continuous scheduling). ``schedule_window``, ``allow_skew`` and ``schedule_priority`` spread the
load of many searches; here each starts when it is due.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from msgspec import Struct, field

from replay.errors import ReplayError
from replay.knowledge import Stanza
from replay.serve.accounts import ADMIN
from replay.serve.cron import check_schedule, shown_time, times_after
from replay.serve.errors import Refused
from replay.serve.jobs import Job
from replay.serve.kept import Kept, key_of
from replay.serve.saved import CONF, Dispatch, dispatch

if TYPE_CHECKING:
    from replay.serve.head import Head

_BUSY = 503
_MOST_TOLD = 10_000


class _Task(Struct):
    """A search on its schedule; ``running`` holds the scheduled time of each job that has not been seen to end."""

    app: str
    stanza: Stanza
    schedule: str
    due: float
    continuous: bool
    most: int
    running: list[tuple[float, Job]] = field(default_factory=list)


class Scheduler:
    """Starts what is due.

    Args:
        head: the search head.
        clock: epoch seconds.
        file: remembers up to when continuous searches have run, so that after a stop they make up for what they missed.
    """

    def __init__(self, head: Head, clock: Callable[[], float] = time.time, file: Path | None = None) -> None:
        self._head = head
        self._clock = clock
        self._kept = Kept(file)
        self._last: dict[str, float] = self._kept.load({})
        self._tasks: dict[str, _Task] = {}
        self._leaving: dict[str, _Task] = {}
        """What is scheduled no longer, while jobs of it still run."""
        self._seen: object = None
        self._told: set[str] = set()
        self._lock = Lock()

    def tick(self) -> None:
        """Start the searches that are due; real-time scheduled ones first."""
        with self._lock:
            now = self._clock()
            self._refresh(now)
            for task in self._leaving.values():
                self._tell_of_ended(task)
            self._leaving = {key: task for key, task in self._leaving.items() if task.running}
            for task in sorted(self._tasks.values(), key=lambda task: (task.continuous, task.due)):
                self._look_after(task)
                if task.due <= now:
                    (self._continue if task.continuous else self._run_latest)(task, now)

    def next_time(self, app: str, name: str) -> float | None:
        """When a search is due; None if it is not scheduled."""
        with self._lock:
            self._refresh(self._clock())
            task = self._tasks.get(key_of(app, name))
            return None if task is None else task.due

    # --- what is scheduled --------------------------------------------------------------------------------------------

    def _refresh(self, now: float) -> None:
        """Read the saved searches again if an app has changed."""
        layers = self._head.apps.layers
        if self._seen is layers:
            return
        self._seen = layers
        found = {}
        for name, app in self._head.apps.names(None, CONF):
            stanza = self._head.apps.stanza(app, CONF, name)
            try:
                if stanza is not None and stanza.flag("enableSched") and not stanza.disabled:
                    found[key_of(app, name)] = self._task(app, stanza, now)
            except ReplayError as error:
                self._tell_once(f"scheduler: `{name}` of {app} is not scheduled: {error}")
        self._leaving |= {key: task for key, task in self._tasks.items() if task.running and key not in found}
        self._tasks = found
        last = {key: self._last.get(key, now) for key, task in found.items() if task.continuous}
        if last != self._last:
            self._last = last
            self._kept.save(last)

    def _task(self, app: str, stanza: Stanza, now: float) -> _Task:
        schedule = stanza.text("cron_schedule")
        check_schedule(schedule)
        continuous, most = not stanza.flag("realtime_schedule", True), max(stanza.number("max_concurrent", 1), 1)
        key = key_of(app, stanza.name)
        old = self._tasks.get(key)
        if old is not None and (old.schedule, old.continuous) == (schedule, continuous):
            return _Task(app, stanza, schedule, old.due, continuous, most, old.running)
        since = self._last.get(key, now) if continuous and old is None else now
        before = old or self._leaving.pop(key, None)
        return _Task(app, stanza, schedule, next(times_after(schedule, since)), continuous, most,
                     before.running if before else [])  # fmt: skip

    def _tell_once(self, text: str, kind: str = "ERROR") -> None:
        if text not in self._told:
            if len(self._told) >= _MOST_TOLD:
                self._told.clear()
            self._told.add(text)
            self._head.tell(kind, text)

    # --- what is due --------------------------------------------------------------------------------------------------

    def _look_after(self, task: _Task) -> None:
        """Take note of jobs that have ended."""
        for at in self._tell_of_ended(task):
            self._done(task, at)

    def _tell_of_ended(self, task: _Task) -> list[float]:
        """Tell what went wrong in jobs that have ended: each error, and each warning once; their scheduled times."""
        ended = [(at, job) for at, job in task.running if job.future.done()]
        task.running = [(at, job) for at, job in task.running if not job.future.done()]
        for at, job in ended:
            for kind, text in job.messages:
                if kind == "WARN":
                    self._tell_once(f"scheduler: `{task.stanza.name}` of {task.app}: {text}", kind)
                elif kind != "INFO":
                    self._head.tell("ERROR", f"scheduler: `{task.stanza.name}` of {shown_time(at)}: {text}")
        return [at for at, _ in ended]

    def _done(self, task: _Task, at: float) -> None:
        key = key_of(task.app, task.stanza.name)
        if task.continuous and at > self._last.get(key, 0.0):
            self._last[key] = at
            self._kept.save(self._last)

    def _run_latest(self, task: _Task, now: float) -> None:
        """Real-time scheduling: the newest time that is due, or none if the search is still at an earlier one."""
        at = next(times_after(task.schedule, now + 1e-3, backward=True))
        task.due = next(times_after(task.schedule, now))
        if len(task.running) >= task.most:
            text = f"skipped at {shown_time(at)}: {len(task.running)} of it still running (max_concurrent)"
            self._head.tell("WARN", f"scheduler: `{task.stanza.name}` {text}")
            return
        self._start(task, at)

    def _continue(self, task: _Task, now: float) -> None:
        """Continuous scheduling: every time in its turn, late if need be."""
        while task.due <= now and len(task.running) < task.most:
            if not self._start(task, task.due):
                return
            task.due = next(times_after(task.schedule, task.due))

    def _start(self, task: _Task, at: float) -> bool:
        """Dispatch it; False if the server has no room, so that it is tried again."""
        try:
            job = dispatch(self._head, task.app, task.stanza, Dispatch(ADMIN, at, actions=True, scheduled=True))
        except ReplayError as error:
            if isinstance(error, Refused) and error.status == _BUSY and task.continuous:
                return False
            self._head.tell("ERROR", f"scheduler: `{task.stanza.name}` did not start at {shown_time(at)}: {error}")
            self._done(task, at)
        else:
            task.running.append((at, job))
        return True
