"""Folders that one process at a time may work in."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from replay.errors import InputError, Place


def hold(folder: Path, name: str, taken: str) -> IO[str]:
    """Hold a folder, which is made if it is not there, until what is returned is closed, or the process ends.

    Args:
        folder: it.
        name: of the file in it that stands for it.
        taken: what to say, and what to do, if another process holds it.

    Raises:
        InputError: another one does, or nothing can be written there.
    """
    place = Place(file=str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = (folder / name).open("a", encoding="utf-8")
    except OSError as error:
        raise InputError(f"nothing can be kept in this folder: {error.strerror}", place) from error
    if not locked(file.fileno()):
        file.close()
        raise InputError(taken, place)
    return file


def locked(opened: int) -> bool:
    """Lock an open file or folder until it is closed, or the process ends; False if another process has it locked."""
    import fcntl  # there is none on Windows

    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
