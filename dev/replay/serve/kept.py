"""Small things that a server remembers from one run to the next: a JSON file, replaced as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Kept:
    """A JSON value on disk.

    Args:
        file: where it lies, or None to remember nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def load(self, default: Any) -> Any:
        """What was saved last, or ``default``."""
        if self._file is None or not self._file.is_file():
            return default
        return json.loads(self._file.read_text(encoding="utf-8"))

    def save(self, value: Any) -> None:
        """Remember it. Whatever ends the process, either the old value is there or the new one."""
        if self._file is not None:
            new = self._file.with_suffix(".new")
            new.write_text(json.dumps(value), encoding="utf-8")
            new.replace(self._file)


def key_of(app: str, name: str) -> str:
    """Under which something about a saved search is remembered."""
    return f"{app}/{name}"
