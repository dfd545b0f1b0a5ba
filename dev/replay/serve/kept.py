"""Small things that a server remembers from one run to the next: a JSON file, replaced as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from replay.errors import InputError, Place


class Kept:
    """A JSON value on disk.

    Args:
        file: where it lies, or None to remember nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def load(self, default: Any) -> Any:
        """What was saved last, or ``default``.

        Raises:
            InputError: the file is damaged.
        """
        if self._file is None or not self._file.is_file():
            return default
        try:
            return json.loads(self._file.read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise damaged(self._file, error) from error

    def save(self, value: Any) -> None:
        """Remember it. Whatever ends the process, either the old value is there or the new one."""
        if self._file is not None:
            new = self._file.with_suffix(".new")
            new.write_text(json.dumps(value), encoding="utf-8")
            new.replace(self._file)


def damaged(file: Path, error: Exception) -> InputError:
    """What is said of a file of the server's own that cannot be read."""
    hint = "restore it, or move it away to go on without what it holds"
    return InputError(f"this file of the store is damaged ({error}): {hint}", Place(file=str(file)))


def key_of(app: str, name: str) -> str:
    """Under which something about a saved search is remembered."""
    return f"{app}/{name}"
