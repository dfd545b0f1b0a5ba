"""How far long work has come: a bar with rate and time left on a terminal, nothing in a pipe."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from replay.cli.common import err

Advance = Callable[[int], None]


@contextmanager
def reading(data: Sequence[str]) -> Iterator[Advance]:
    """While logs are read; what it gives takes how many bytes more were read."""
    if not err.is_terminal:
        yield lambda count: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True) as bar:
        task = bar.add_task("reading", total=_bytes(data))
        yield lambda count: bar.advance(task, count)


@contextmanager
def counting(what: str, total: int) -> Iterator[Advance]:
    """While things are done one by one; what it gives takes how many more were done."""
    if not err.is_terminal:
        yield lambda count: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def _bytes(data: Sequence[str]) -> int | None:
    """What is to be read; None if nobody can tell."""
    if "-" in data:
        return None
    files = (f for name in data for f in ([Path(name)] if os.path.isfile(name) else Path(name).rglob("*")))
    return sum(file.stat().st_size for file in files if file.is_file())
