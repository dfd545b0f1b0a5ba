"""What does not fit in memory, on disk.

The folder goes with the process. One that was killed (``kill -9``, or by a system that is out of memory) leaves its
folder behind, with all that it holds; the next process removes it. Where there is no flock (Windows), it stays.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from tempfile import TemporaryDirectory, gettempdir
from weakref import finalize

from replay.held import locked

PREFIX = "replay-spilled-"
_NEW = 60
"""Seconds: as long, a folder that nobody holds may be one that another process is about to hold."""


class Spilled:
    """A folder in the temporary folder, for as long as this object lives; nobody else may read it.

    Attributes:
        name: its path.
    """

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix=PREFIX)
        self.name = self._folder.name
        if os.name != "posix":  # there are no locks of this kind
            return
        held = _held(self.name)
        if held is not None:
            finalize(self, os.close, held)
        with suppress(OSError):  # not everybody may list the temporary folder
            _remove_left()


def _held(folder: str) -> int | None:
    """Hold a folder until this is closed or the process ends; None if another process holds it."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    if locked(opened):
        return opened
    os.close(opened)
    return None


def _remove_left() -> None:
    """Remove this user's folders that no process holds."""
    here = gettempdir()
    for name in os.listdir(here):
        if name.startswith(PREFIX):
            with suppress(OSError):  # it is gone by now, or is no folder
                _remove_if_left(os.path.join(here, name))


def _remove_if_left(folder: str) -> None:
    found = os.lstat(folder)
    if found.st_uid != os.geteuid() or found.st_mtime > time.time() - _NEW:
        return
    held = _held(folder)
    if held is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)
