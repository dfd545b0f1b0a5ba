"""A skim of a large file by several processes: within one, Python lets only one thread search at a time.

Each process takes every n-th part of the file, and answers for each part with how many events it passed over, how many
bytes are left, and these bytes. A line belongs to the part in which it begins.
"""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BytesIO
from itertools import cycle
from typing import BinaryIO

from replay.inputs.skim import Skim
from replay.inputs.stream import Damaged, Stream

PART = 16 * 1024 * 1024
_MOST_PROCESSES = 8
_PIECE = 256 * 1024
_ANSWER = struct.Struct("<QQ")


class PartedSkim:
    """As ``Skim``, of a file.

    Args:
        file: the log, in UTF-8.
        size: of the file, in bytes, by which it is divided.
        texts: see ``Skim``.
        others: processes that skim it, too; this one takes its turn behind them.
        on_bytes: takes how many bytes more were skimmed.

    Attributes:
        passed: events that were passed over.
    """

    def __init__(
        self, file: BinaryIO, size: int, texts: Sequence[str], others: Sequence[subprocess.Popen[bytes]],
        on_bytes: Callable[[int], None],
    ) -> None:  # fmt: skip
        self.passed = 0
        self._ready = BytesIO()
        self._file, self._size, self._texts, self._on_bytes = file, size, texts, on_bytes
        self._parts = zip(range(0, size, PART), cycle([*others, None]))

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes of what is left of the log.

        Raises:
            Damaged, OSError: a part could not be read.
        """
        while not (piece := self._ready.read(size)):
            start, process = next(self._parts, (None, None))
            if start is None:
                break
            passed, left = _answer(process) if process else skimmed(self._file, start, self._size, PART, self._texts)
            self.passed += passed
            self._ready = BytesIO(left)
            self._on_bytes(min(PART, self._size - start))
        return piece


def _answer(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    assert process.stdout is not None
    head = process.stdout.read(_ANSWER.size)
    if len(head) == _ANSWER.size:
        passed, length = _ANSWER.unpack(head)
        left = process.stdout.read(length)
        if len(left) == length:
            return passed, left
    raise Damaged(f"a process that read along ended with {process.wait()}")


@contextmanager
def parted_skim(
    file: str, size: int, texts: Sequence[str], on_bytes: Callable[[int], None] = lambda count: None
) -> Iterator[PartedSkim]:
    """The skim, by as many processes as there are cores; the others end with the context.

    Raises:
        OSError: no process can be started.
    """
    if not sys.executable:
        raise OSError("this Python does not know where it lies")
    count = min(_cores(), _MOST_PROCESSES, -(-size // PART))
    with ExitStack() as stack:
        others = []
        for number in range(count - 1):
            command = [sys.executable, "-m", __name__, file, str(size), str(PART), str(number), str(count), *texts]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603
            stack.enter_context(process)
            stack.callback(process.kill)
            others.append(process)
        yield PartedSkim(stack.enter_context(open(file, "rb", buffering=0)), size, texts, others, on_bytes)


def _cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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


def main(file: str, size: str, part: str, first: str, step: str, *texts: str) -> None:
    """One of the processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    with open(file, "rb", buffering=0) as opened:
        for start in range(int(first) * int(part), int(size), int(step) * int(part)):
            passed, left = skimmed(opened, start, int(size), int(part), texts)
            sys.stdout.buffer.write(_ANSWER.pack(passed, len(left)) + left)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
