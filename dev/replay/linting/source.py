"""Where in a file an offset of a setting's value stands."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ksconf.conf.parser import detect_by_bom

from replay.errors import Place
from replay.knowledge import Setting


def place_in(setting: Setting, offset: int) -> Place:
    """Line and 1-based column in the file of a character of a value, continuation lines counted.

    Args:
        setting: the setting.
        offset: 0-based, in its value (which has no blanks around it; each continuation is a newline in it).
    """
    lines = physical_lines(setting.file)
    first = setting.line - 1
    if first >= len(lines):
        return setting.place
    text = _logical(lines, first)
    start = text.index("=") + 1 if "=" in text else 0
    start += len(text[start:]) - len(text[start:].lstrip())
    before = text[: start + offset]
    line_start = before.rfind("\n") + 1
    return Place(
        setting.file, setting.line + before.count("\n"), setting.stanza, setting.key, len(before) - line_start + 1
    )


def _logical(lines: list[str], first: int) -> str:
    taken = []
    for line in lines[first:]:
        taken.append(line[:-1] if line.endswith("\\") else line)
        if not line.endswith("\\"):
            break
    return "\n".join(taken)


def physical_lines(file: str) -> list[str]:
    """The lines of a .conf file, without their ends; none if it is not there."""
    path = Path(file)
    return _lines(path, path.stat().st_mtime_ns) if path.is_file() else []


@cache
def _lines(path: Path, changed: int) -> list[str]:
    text = path.read_text(encoding=detect_by_bom(path), errors="replace")
    return [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
