"""A skim of large files by several processes: within one, Python lets only one thread search at a time.

Each process takes every n-th part of a file, and answers for each part with how many events it passed over, how many
bytes are left, and these bytes. A line belongs to the part in which it begins.

The processes are forked: to start a Python anew takes as long as to skim 70 MB. That is safe as long as there is no
other thread, so they are there before anything else is, and only on Linux; elsewhere one process does it all. They
begin at once, while this one makes ready to read what they leave.
"""

from __future__ import annotations

import os
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from io import BytesIO
from itertools import cycle
from typing import BinaryIO, NamedTuple, NoReturn

from replay.inputs.skim import Skim
from replay.inputs.stream import Damaged, Stream

LARGE = 256 * 1024 * 1024
"""Bytes of a file that are worth the processes."""
PART = 16 * 1024 * 1024
_MOST_PROCESSES = 8
_PIECE = 256 * 1024
_ANSWER = struct.Struct("<QQ")


class _Helper(NamedTuple):
    """A process, and what it writes."""

    process: int
    answers: BinaryIO

    def answer(self) -> tuple[int, bytes]:
        """What it says of its next part.

        Raises:
            Damaged: it has ended.
        """
        head = self.answers.read(_ANSWER.size)
        if len(head) == _ANSWER.size:
            passed, length = _ANSWER.unpack(head)
            left = self.answers.read(length)
            if len(left) == length:
                return passed, left
        raise Damaged("a process that read along has ended")

    def end(self) -> None:
        """End it, whatever it does."""
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        self.answers.close()


class PartedSkim:
    """As ``Skim``, of a file.

    Args:
        size: of the file, in bytes.
        helpers: the processes, in the order of the parts.
        on_bytes: takes how many bytes more were skimmed.

    Attributes:
        passed: events that were passed over.
        ended: it was read to its end.
    """

    def __init__(self, size: int, helpers: Sequence[_Helper], on_bytes: Callable[[int], None]) -> None:
        self.passed = 0
        self.ended = False
        self._ready = BytesIO()
        self._size, self._on_bytes = size, on_bytes
        self._parts = zip(range(0, size, PART), cycle(helpers))

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes of what is left of the log.

        Raises:
            Damaged: a part could not be read.
        """
        while not (piece := self._ready.read(size)):
            start, helper = next(self._parts, (None, None))
            if start is None or helper is None:
                self.ended = True
                break
            passed, left = helper.answer()
            self.passed += passed
            self._ready = BytesIO(left)
            self._on_bytes(min(PART, self._size - start))
        return piece


class Helpers:
    """Processes that skim one file after the other.

    Args:
        helpers: the processes.
        files: path and size of each file.
    """

    def __init__(self, helpers: Sequence[_Helper], files: Sequence[tuple[str, int]]) -> None:
        self._helpers = helpers
        self._files = list(files)
        self._last: PartedSkim | None = None

    def skim(self, file: str, on_bytes: Callable[[int], None]) -> PartedSkim | None:
        """What they leave of a file; None if it is not the one that they are at."""
        if not self._files or self._files[0][0] != file or (self._last is not None and not self._last.ended):
            return None
        self._last = PartedSkim(self._files.pop(0)[1], self._helpers, on_bytes)
        return self._last


@contextmanager
def helpers(files: Iterable[str], texts: Iterable[str] | None) -> Iterator[Helpers | None]:
    """Processes for the large ones among these files, as many as there are cores; they end with the context.

    Args:
        files: in the order in which they will be read.
        texts: see ``Skim``; None if there is nothing to look for.

    Returns:
        Nothing if they are not worth while, or not to be had.
    """
    count = min(_cores(), _MOST_PROCESSES)
    possible = sys.platform == "linux" and threading.active_count() == 1 and count > 1 and texts is not None
    large = [(file, size) for file in files if (size := _xml_size(file)) >= LARGE] if possible else []
    with ExitStack() as stack:
        found = None
        if large and texts is not None:
            with suppress(OSError):  # no more processes: those that have been started end with the stack
                found = Helpers([_helper(n, count, large, sorted(texts), stack) for n in range(count)], large)
        yield found


def _cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _xml_size(file: str) -> int:
    """Size of a file that may hold XML; 0 of any other, and of one that cannot be read, which the reader reports."""
    with suppress(OSError), open(file, "rb") as opened:
        return os.fstat(opened.fileno()).st_size if opened.peek(1)[:1] == b"<" else 0
    return 0


def _helper(
    number: int, count: int, files: Sequence[tuple[str, int]], texts: Sequence[str], stack: ExitStack
) -> _Helper:
    """Start the process that takes every part whose number, divided by ``count``, leaves ``number``."""
    answers, telling = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(answers)
        _work(telling, range(number, sys.maxsize, count), files, texts)
    os.close(telling)
    helper = _Helper(process, os.fdopen(answers, "rb"))
    stack.callback(helper.end)
    return helper


def _work(answers: int, numbers: range, files: Sequence[tuple[str, int]], texts: Sequence[str]) -> NoReturn:
    """Of a process: skim its parts of each file."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
        with os.fdopen(answers, "wb") as telling:
            for file, size in files:
                with open(file, "rb", buffering=0) as opened:
                    for start in range(numbers.start * PART, size, numbers.step * PART):
                        passed, left = skimmed(opened, start, size, PART, texts)
                        telling.write(_ANSWER.pack(passed, len(left)) + left)
                        telling.flush()
    finally:
        os._exit(0)  # and nothing of what the process that it was forked from does at its end


def skimmed(file: BinaryIO, start: int, size: int, part: int, texts: Iterable[str]) -> tuple[int, bytes]:
    """Of the lines that begin in a part of a file: how many events can be passed over, and what is left.

    Args:
        file: the log.
        start: of the part.
        size: of the file, when it was divided; its last part goes on to the end that is found.
        part: how long a part is.
        texts: see ``Skim``.
    """
    last = start + part >= size
    at, end = _line_start(file, start), 0 if last else _line_start(file, start + part)
    file.seek(at)

    def read(wanted: int) -> bytes:
        return file.read(wanted if last else min(wanted, end - file.tell()))

    def refuse(reason: str, byte: int) -> None:
        raise OSError(f"{reason} (byte {byte})")

    skim = Skim(Stream(read, refuse), texts)
    left = b"".join(iter(lambda: skim.read(_PIECE), b""))
    return skim.passed, left


def _line_start(file: BinaryIO, place: int) -> int:
    """Where the first line begins that does not begin before a place; the end of the file if there is none."""
    at = max(place - 1, 0)
    file.seek(at)
    while place and (piece := file.read(_PIECE)):
        found = piece.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(piece)
    return at
