"""A search head with scheduled searches and a clock of the test's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from replay.serve.head import Head
from replay.serve.scheduler import Scheduler
from support import write_app

NOON = 1_767_268_800.0  # 2026-01-01 12:00:00 UTC
HOUR = 3600.0
ONE = {"search": "| makeresults", "enableSched": "1", "cron_schedule": "0 * * * *"}
"""A search of one row, every hour."""
RISK = {
    "action.risk": "true",
    "action.risk.param._risk": '[{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 1}]',
}
"""An action that writes an event for each result."""
SAVED = "/servicesNS/nobody/search/saved/searches"


class Clock:
    """Seconds that pass when told to."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class World:
    """A search head with one app, its scheduler and its clock."""

    def __init__(self, folder: Path, searches: Mapping[str, Mapping[str, str]], now: float = NOON + 1) -> None:
        self.app = write_app(folder / "scheduled", {"savedsearches": searches})
        self.folder = folder
        self.clock = Clock(now)
        self.open()

    def open(self) -> None:
        self.head = Head([self.app], "secret", self.folder / "store")
        self.scheduler: Scheduler = self.head.schedule(self.clock)

    def tick(self, seconds: float = 0.0) -> None:
        """Let time pass, let the scheduler look, and wait for the searches that it started."""
        self.clock.now += seconds
        self.scheduler.tick()
        for job in self.head.jobs:
            job.future.result(30)

    def ran(self, name: str = "s") -> list[float]:
        """The scheduled times of the runs, in hours from noon."""
        times = [job.request.now or 0.0 for job in self.head.jobs if job.request.label == name]
        return sorted((at - NOON) / HOUR for at in times)

    def told(self) -> list[str]:
        return [text for _, (_, text) in self.head.bulletin().values()]

    def change(self, name: str = "s", **settings: str) -> None:
        self.head.apps.write("scheduled", "savedsearches", name, settings)
