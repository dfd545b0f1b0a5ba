"""A skim of large files by several processes: within one, Python lets only one thread search at a time.

Each process takes one part of a file after the other, and answers for each with how many events it passed over, how
many bytes are left, and these bytes. A line belongs to the part in which it begins.

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
from functools import partial
from io import BytesIO
from itertools import chain, count
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple, NoReturn

from replay.inputs.base import EVENT_LIMIT
from replay.inputs.skim import BLOCK, Skim
from replay.inputs.stream import Damaged

LARGE = 256 * 1024 * 1024
"""Bytes of a file that are worth the processes."""
PART = 4 * 1024 * 1024
_MOST_PROCESSES = 8
_LINE = 4096
"""Bytes in which the end of a line is looked for: most lines are shorter."""
_NUMBER = struct.Struct("<Q")
_LEFT = struct.Struct("<QQ")


class _Part(NamedTuple):
    """A part of a file.

    Attributes:
        number: among the parts of all files.
        file: its path.
        size: of the file in bytes, when it was divided.
        start: the byte where the part begins.
    """

    number: int
    file: str
    size: int
    start: int


class _Helper:
    """A process.

    Args:
        process: its id.
        answers: what it writes.
    """

    def __init__(self, process: int, answers: BinaryIO) -> None:
        self.process = process
        self.answers = answers
        self._at = b""  # the number of the part that it answers for next, once that is known

    def answer(self, number: int) -> tuple[int, bytes] | None:
        """Events passed over, and bytes left, of a part; None if another process has it, or this one has ended.

        Args:
            number: of the part. All before must have been asked for: whoever has it answers for it next.
        """
        self._at = self._at or self.answers.read(_NUMBER.size)
        if self._at != _NUMBER.pack(number):
            return None
        self._at = b""
        head = self.answers.read(_LEFT.size)
        if len(head) < _LEFT.size:
            return None
        passed, length = _LEFT.unpack(head)
        left = self.answers.read(length)
        return (passed, left) if len(left) == length else None

    def end(self) -> None:
        """End it, whatever it does."""
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        self.answers.close()


class PartedSkim:
    """As ``Skim``, of a file.

    Args:
        parts: of the file.
        helpers: the processes.
        on_bytes: takes how many bytes more were skimmed.

    Attributes:
        passed: events that were passed over.
        ended: it was read to its end.
    """

    def __init__(self, parts: Iterable[_Part], helpers: Sequence[_Helper], on_bytes: Callable[[int], None]) -> None:
        self.passed = 0
        self.ended = False
        self._ready = BytesIO()
        self._parts, self._helpers, self._on_bytes = iter(parts), helpers, on_bytes

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes of what is left of the log.

        Raises:
            Damaged: the process that had a part has ended.
        """
        while not (piece := self._ready.read(size)):
            part = next(self._parts, None)
            if part is None:
                self.ended = True
                break
            answer = next((found for helper in self._helpers if (found := helper.answer(part.number))), None)
            if answer is None:
                raise Damaged("a process that read along has ended")
            self.passed += answer[0]
            self._ready = BytesIO(answer[1])
            self._on_bytes(min(PART, part.size - part.start))
        return piece


class Helpers:
    """Processes that skim one file after the other.

    Args:
        helpers: the processes.
        files: the parts of each file, in their order.
    """

    def __init__(self, helpers: Sequence[_Helper], files: Sequence[Sequence[_Part]]) -> None:
        self._helpers = helpers
        self._files = list(files)
        self._last: PartedSkim | None = None

    def skim(self, file: str, on_bytes: Callable[[int], None]) -> PartedSkim | None:
        """What they leave of a file; None if it is not the one that they are at."""
        if not self._files or self._files[0][0].file != file or (self._last is not None and not self._last.ended):
            return None
        self._last = PartedSkim(self._files.pop(0), self._helpers, on_bytes)
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
    processes = min(_cores(), _MOST_PROCESSES)
    possible = sys.platform == "linux" and threading.active_count() == 1 and processes > 1 and texts is not None
    numbers = count()
    divided = [parts for file in files if (parts := _divided(file, numbers))] if possible else []
    with ExitStack() as stack:
        found = None
        if divided and texts is not None:
            with suppress(OSError):  # no more processes: those that have been started end with the stack
                found = Helpers(_started(processes, [*chain(*divided)], sorted(texts), stack), divided)
        yield found


def _cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _divided(file: str, numbers: Iterator[int]) -> list[_Part]:
    """The parts of a large file that may hold XML; none of any other, or of one that the reader cannot read either."""
    with suppress(OSError):
        size = os.path.getsize(file)
        if size >= LARGE and os.path.isfile(file):  # a pipe must not even be opened: it can be read but once
            with open(file, "rb") as opened:
                parts = range(0, size, PART) if opened.read(1) == b"<" else ()
            return [_Part(next(numbers), file, size, start) for start in parts]
    return []


def _started(processes: int, parts: Sequence[_Part], texts: Sequence[str], stack: ExitStack) -> list[_Helper]:
    """Processes that share the parts: they take the next number from a file whose position they have in common."""
    numbers = stack.enter_context(TemporaryFile(buffering=0))  # noqa: SIM115  (the stack closes it)
    numbers.write(b"".join(_NUMBER.pack(part.number) for part in parts))
    numbers.seek(0)
    started: list[_Helper] = []
    for _ in range(processes):
        answers, telling = os.pipe()
        process = os.fork()
        if process == 0:
            _work(numbers.fileno(), telling, [answers, *(other.answers.fileno() for other in started)], parts, texts)
        os.close(telling)
        started.append(_Helper(process, os.fdopen(answers, "rb")))
        stack.callback(started[-1].end)
    return started


def _work(numbers: int, answers: int, readers: Sequence[int], parts: Sequence[_Part], texts: Sequence[str]) -> NoReturn:
    """Of a process: skim one part after the other."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
        for reader in readers:  # else there would be one even if whoever started it is gone
            os.close(reader)
        with os.fdopen(answers, "wb") as telling:
            while number := _next(numbers):
                part = parts[_NUMBER.unpack(number)[0]]
                with open(part.file, "rb", buffering=0) as file:
                    passed, left = skimmed(file, part.start, part.size, PART, texts)
                telling.write(number + _LEFT.pack(passed, len(left)) + left)
                telling.flush()
    finally:
        os._exit(0)  # and nothing of what the process that it was forked from does at its end


def _next(numbers: int) -> bytes:
    """The next number; nothing at the end. Without the lock, two processes may be given the same."""
    import fcntl  # there is none on Windows

    fcntl.lockf(numbers, fcntl.LOCK_EX)
    number = os.read(numbers, _NUMBER.size)
    fcntl.lockf(numbers, fcntl.LOCK_UN)
    return number


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
    at, end = _line_start(file, start), sys.maxsize if last else _line_start(file, start + part)
    file.seek(at)
    skim = Skim(partial(_lines, file, end), texts)
    left = b"".join(iter(lambda: skim.read(BLOCK), b""))
    return skim.passed, left


def _lines(file: BinaryIO, end: int) -> bytes:
    """The next lines of a file, about ``BLOCK`` bytes, up to ``end``. Where they end is found first, so that they are
    read as they are handed on: to put pieces together would take a third as long as to read them."""
    at = file.tell()
    end = min(_line_start(file, at + BLOCK), end, at + EVENT_LIMIT)  # more is no event, and too much to hold
    file.seek(at)
    return file.read(max(end - at, 0))


def _line_start(file: BinaryIO, place: int) -> int:
    """Where the first line begins that does not begin before a place; the end of the file if there is none."""
    at = max(place - 1, 0)
    file.seek(at)
    while place and (piece := file.read(_LINE)):
        found = piece.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(piece)
    return at
