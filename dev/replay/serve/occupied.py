"""The folder that a server keeps its things in: one server at a time."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from replay.errors import InputError, Place

_LOCK = "serve.lock"


def occupy(folder: Path) -> IO[str]:
    """Make the folder if it is not there, and hold it until the file that is returned is closed, or the process ends.

    Raises:
        InputError: another server holds it, or nothing can be written there.
    """
    place = Place(file=str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / _LOCK).open("a", encoding="utf-8")
    except OSError as error:
        raise InputError(f"this cannot be the folder of a server: {error.strerror}", place) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise InputError("another server works in this folder: stop it, or name another for --store", place) from error
    return lock
