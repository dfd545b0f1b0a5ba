"""Logs to raw events: files, folders, archives and standard input, whatever their format.

``read`` is all that others need. Formats are told apart by their content, never by their names, and each is
one file in ``formats``; what holds other files is in ``containers``. Everything is read forward only and in
pieces.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Required, TypedDict, TypeVar, Unpack

from replay.errors import InputError, Place
from replay.inputs import registry, skim
from replay.inputs.base import ANY_SOURCETYPE, Confidence, Event, Format, Lines, Log, Problem
from replay.inputs.quick import whole_lines
from replay.inputs.stream import Stream, as_utf8

if TYPE_CHECKING:
    from replay.inputs.skim_parts import Helpers, PartedSkim

__all__ = ["Event", "Lines", "Options", "Problem", "files_of", "read", "read_blocks"]

HEAD = 64 * 1024
"""Bytes of a file that are looked at to recognise its format."""

_DEEPEST = 8
"""Archives within archives; a file that unpacks to itself would never end."""

_OnProblem = Callable[[Problem], None]
_Found = TypeVar("_Found", Event, Event | Lines)


class Options(TypedDict, total=False):
    """How logs are read.

    Attributes:
        sourcetype: what the events are, where their content does not say it; it is also their ``sourcetype``
            then. With a source type that belongs to no format here, each JSON object or else each line is an
            event.
        on_problem: takes each problem; what is good around it is still read.
        on_file: takes the name of each file, or member of an archive, before it is read.
        texts: events that hold none of these may be passed over unread, where the format allows it (skim.py).
        helpers: processes that look for ``texts`` in large files.
        on_passed: takes how many events of a file were passed over.
        on_bytes: takes how many bytes of a file were read, again and again.
        on_piece: takes each piece of a file as it is read, before it is unpacked; an empty one at its end, if it was
            read to the end.
    """

    sourcetype: str | None
    on_problem: Required[_OnProblem]
    on_file: Callable[[str], None]
    texts: frozenset[str] | None
    helpers: Helpers | None
    on_passed: Callable[[int], None]
    on_bytes: Callable[[int], None]
    on_piece: Callable[[bytes], None]


def files_of(paths: Sequence[Path | str], on_problem: _OnProblem) -> Iterator[str]:
    """The files that reading these paths reads, in that order; ``-`` is itself.

    Raises:
        InputError: as ``read_blocks``.
    """
    return (file for path in _checked(paths) for file in _files(path, on_problem))


def read(paths: Sequence[Path | str], **options: Unpack[Options]) -> Iterator[Event]:
    """As ``read_blocks``, every event by itself."""
    return _read_all(files_of(paths, options["on_problem"]), options, lambda format: format.read)


def read_blocks(paths: Sequence[Path | str], **options: Unpack[Options]) -> Iterator[Event | Lines]:
    """Reads logs.

    Args:
        paths: files, folders (read with all that is in them, in the order of their names), or ``-`` for
            standard input; gzip, zip and tar are unpacked as they are read, one in the other, too.
        options: see ``Options``.

    Returns:
        The events in the order of the files; those of large and simple logs by the block (quick.py).

    Raises:
        InputError: no path was given, or one does not exist or cannot be opened (before anything is read).
    """
    return _read_all(files_of(paths, options["on_problem"]), options, lambda format: format.blocks or format.read)


def _checked(paths: Sequence[Path | str]) -> list[str]:
    if not paths:
        raise InputError("nothing to read: name a file, a folder, or - for standard input")
    names = [os.fspath(path) for path in paths]
    for name in names:
        _check(name)
    return names


def _check(path: str) -> None:
    if path == "-":
        return
    if not path:
        raise InputError("nothing to read: the name of a file is empty")
    if not os.path.exists(path):
        raise InputError("no such file or folder", Place(file=path))
    if not os.access(path, os.R_OK):
        raise InputError("no permission to read it", Place(file=path))


def _read_all(
    files: Iterator[str], options: Options, reader: Callable[[Format], Callable[[Log], Iterator[_Found]]]
) -> Iterator[_Found]:
    on_file = options.get("on_file")
    for file in files:
        for log in _logs(file, options):
            if on_file is not None:
                on_file(log.name)
            yield from _read_log(log, options, reader)


def _files(path: str, on_problem: _OnProblem) -> Iterator[str]:
    if path == "-" or not os.path.isdir(path):
        yield path
        return

    def refuse(error: OSError) -> None:
        on_problem(Problem(Place(file=str(error.filename)), f"the folder cannot be read: {error.strerror}"))

    for folder, folders, names in os.walk(path, onerror=refuse):
        folders.sort()
        for name in sorted(names):
            file = os.path.join(folder, name)
            try:
                regular = stat.S_ISREG(os.stat(file).st_mode)
            except OSError as error:
                on_problem(Problem(Place(file=file), f"the file cannot be read: {error.strerror}"))
                continue
            if regular:
                yield file
            else:  # a pipe in a folder would wait for ever
                on_problem(Problem(Place(file=file), "left out: it is not a regular file"))


def _logs(path: str, options: Options) -> Iterator[Log]:
    sourcetype, on_problem = options.get("sourcetype"), options["on_problem"]
    on_bytes, on_piece = options.get("on_bytes"), options.get("on_piece")
    with ExitStack() as stack:
        number = sys.stdin.fileno() if path == "-" else -1
        if path != "-":
            try:
                number = stack.enter_context(open(path, "rb", buffering=0)).fileno()
            except OSError as error:
                on_problem(Problem(Place(file=path), f"the file cannot be read: {error.strerror}"))
                return

        def read(size: int) -> bytes:
            piece = os.read(number, size)
            if on_bytes is not None:
                on_bytes(len(piece))
            if on_piece is not None:
                on_piece(piece)
            return piece

        yield from _unpack(path, read, sourcetype, on_problem, 0)


def _unpack(
    name: str, read: Callable[[int], bytes], sourcetype: str | None, on_problem: _OnProblem, depth: int
) -> Iterator[Log]:
    def report(reason: str, byte: int) -> None:
        on_problem(Problem(Place(file=name, byte=byte), reason))

    stream = Stream(read, report)
    head = stream.peek(512)
    container = next((found for found in registry.containers() if found.sniff(head)), None)
    if container is None:
        text = as_utf8(stream, report)
        log = Log(name, text, on_problem, sourcetype)
        log.is_file = depth == 0 and name != "-" and text is stream and stream.offset == 0
        yield log
    elif depth == _DEEPEST:
        report(f"left out: more than {_DEEPEST} archives within each other", 0)
    else:
        for member, content in container.members(stream, report):
            inner = name if member is None else f"{name}!{member}"
            yield from _unpack(inner, content, sourcetype, on_problem, depth + 1)


def _read_log(
    log: Log, options: Options, reader: Callable[[Format], Callable[[Log], Iterator[_Found]]]
) -> Iterator[_Found]:
    head = log.stream.peek(HEAD)
    if not head:
        return
    format = recognise(head, log.sourcetype)
    if format is None:
        known = ", ".join(found.name for found in registry.formats())
        log.report(f"left out: none of the known formats ({known}); --sourcetype says what it is", log.stream.offset)
        return
    texts = options.get("texts")
    if texts is None or not format.skims:
        yield from reader(format)(log)
        return
    skimmed = _skimmed(log, texts, options)
    log.stream = Stream(skimmed.read, log.report)
    yield from reader(format)(log)
    if "on_passed" in options:
        options["on_passed"](skimmed.passed)


def _skimmed(log: Log, texts: frozenset[str], options: Options) -> skim.Skim | PartedSkim:
    helpers = options.get("helpers")
    parted = helpers.skim(log.name, options.get("on_bytes", lambda count: None)) if helpers and log.is_file else None
    return parted or skim.Skim(partial(whole_lines, log.stream, skim.BLOCK), texts)


def recognise(head: bytes, sourcetype: str | None = None) -> Format | None:
    """The format of a file by its first bytes and by what the user says; None if it is none of those known.

    A source type that belongs to a format settles what the content leaves open. One that belongs to none
    makes each line an event, unless the content is certainly of another format.
    """
    known = registry.formats()
    sure = {format.name: format.sniff(head) for format in known}
    best = max(known, key=lambda format: sure[format.name])
    if sure[best.name] is Confidence.CERTAIN:
        return best
    if sourcetype is not None:
        named = [format for format in known if sourcetype.lower().split(":")[0] in format.sourcetypes]
        lines = [format for format in known if ANY_SOURCETYPE in format.sourcetypes]
        return (named or lines)[0]
    return best if sure[best.name] is Confidence.LIKELY else None
