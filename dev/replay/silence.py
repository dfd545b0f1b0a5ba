"""How long another process may say nothing while an answer is due."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


class Silence:
    """Calls ``stop``, once, when nothing was heard for too long. It watches from a thread of its own, so that it does
    not matter in which call to read or to write the process keeps us waiting.

    Args:
        limit: seconds; 0 is no limit.
        stop: ends the process, so that what waits for it returns.
    """

    def __init__(self, limit: float, stop: Callable[[], None]) -> None:
        self.limit = limit
        self.broken = False
        """Whether it was too long."""
        self._stop = stop
        self._since: float | None = None
        self._over = Event()
        if limit:
            Thread(target=self._watch, daemon=True).start()

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """While in this context, an answer is due."""
        self.heard()
        try:
            yield
        finally:
            self._since = None

    def heard(self) -> None:
        """Something was heard: the time begins anew."""
        self._since = time.monotonic()

    def close(self) -> None:
        """Watch no longer."""
        self._over.set()

    def _watch(self) -> None:
        left = self.limit
        while not self._over.wait(left):
            since = self._since
            left = self.limit if since is None else since + self.limit - time.monotonic()
            if left <= 0:
                self.broken = True
                self._stop()
                return
