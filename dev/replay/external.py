"""Custom search commands, run as splunkd runs them: a process that speaks the chunked protocol, version 2.

Frame: ``chunked 1.0,<metadata bytes>,<body bytes>\\n``, metadata (JSON), body (CSV). The first request is ``getinfo``
(no body), then ``execute`` with rows; each is answered by one frame. A multivalue travels in ``__mv_<field>`` as
``$a$;$b$``, dollars doubled. Source: Splunk developer documentation, "Custom search command protocol"; splunk-sdk for
Python, ``splunklib/searchcommands/internals.py``.

The process gets what it would find on a search head: its own folder as working directory, SPLUNK_HOME with the loaded
apps under etc/apps, and nothing else of this environment but what Python needs.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from threading import Thread, Timer
from typing import IO, Any, Self

from msgspec.structs import replace

from replay.commands import Command, Needs
from replay.context import Context
from replay.engine import Value
from replay.errors import CommandFailed, Place, SearchError
from replay.knowledge.externals import ExternalCommand
from replay.relation import Kind, Relation, as_number, as_text, assign_columns
from replay.silence import Silence
from replay.spl.scanner import Scanner

CHUNK = 50_000
"""Rows in one request (limits.conf, maxresultrows)."""
MAX_FRAME = 1 << 31
PATIENCE = 10
"""Seconds that a command has to end after its input has ended."""
SILENCE = 300
"""Seconds for which a command may give no piece of an answer, if its ``maxwait`` does not say. Splunk's default is to
wait for ever; a run on a laptop, or in CI, that never ends tells nobody why."""
PIECE = 1 << 20
NUMERIC = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"


class External(Command, frozen=True):
    """A call of a custom command: ``rbaenrich detection="…"``."""

    definition: ExternalCommand
    arguments: tuple[str, ...]
    raw: str
    process: Process | None = None
    """Its process, if it was started ahead."""

    @classmethod
    def parse(cls, s: Scanner, parser: object) -> Self:
        """Not used: custom commands are parsed by ``parse_call``."""
        raise NotImplementedError

    @classmethod
    def parse_call(cls, definition: ExternalCommand, s: Scanner) -> Self:
        """Take all that is left as the command's arguments; the command itself reads them."""
        raw = s.rest().strip()
        s.pos = s.end
        return cls(definition, tuple(split_arguments(raw)), raw)

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """Refuse: a custom command works on the rows it is sent."""
        raise SearchError(
            f"`{self.definition.name}` cannot be the first command: generating custom commands are not supported",
            ctx.place,
        )

    def reads_events(self) -> bool:
        """No: the process sees the rows it is sent, and no other event."""
        return False

    @contextmanager
    def started(self, ctx: Context) -> Iterator[External]:
        """The command with its process, which starts up while the commands before it are planned.

        Raises:
            CommandFailed: it does not speak the chunked protocol.
        """
        if not self.definition.chunked:
            raise CommandFailed("only chunked = true commands can be run", self.definition.place)
        with Process(self, ctx) as process, ctx.engine.stopping(process.kill):
            yield replace(self, process=process)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Send the rows through the process.

        Raises:
            CommandFailed: the command reported an error, or broke the protocol.
        """
        if self.process is None:
            with self.started(ctx) as started:
                return started.plan(rel, ctx)
        texts = {name: as_text(rel.field(name)) for name, c in rel.columns.items() if c.kind is Kind.NUM}
        rows = ctx.engine.rows(rel.extend(texts))
        names = list(rel.columns)
        got = list(self.process.run(rows, names))
        fields = dict.fromkeys(name for row in got for name in row)
        ordered = [n for n in names if n in fields] + [n for n in fields if n not in names]
        kinds = {n: Kind.MV if any(isinstance(r.get(n), list) for r in got) else Kind.STR for n in ordered}
        for name, kind in kinds.items():
            if kind is Kind.MV:
                for row in got:
                    value = row.get(name)
                    if isinstance(value, str):
                        row[name] = [value]
        result = ctx.engine.load_rows(got, assign_columns(kinds))
        numeric = {n: as_number(result.field(n)) for n in ordered if rel.field(n).kind is Kind.NUM}
        # A field that was a number stays one, unless the command made text of it.
        kept = {n: e for n, e in numeric.items() if all(_is_number(row.get(n)) for row in got)}
        return result.extend(kept) if kept else result


def _is_number(value: Value) -> bool:
    return value is None or (isinstance(value, str) and re.fullmatch(NUMERIC, value, re.ASCII) is not None)


def split_arguments(raw: str) -> list[str]:
    """Arguments as splunkd cuts them: at white space outside double quotes; the quotes stay off."""
    try:
        lexer = shlex.shlex(raw, posix=True)
        lexer.whitespace_split = True
        lexer.quotes = '"'
        lexer.commenters = ""
        return list(lexer)
    except ValueError:
        return raw.split()


class Process:
    """One running command.

    Args:
        call: the command and its arguments.
        ctx: the search.
    """

    def __init__(self, call: External, ctx: Context) -> None:
        self.call = call
        self.ctx = ctx
        self._home = tempfile.TemporaryDirectory(prefix="replay-splunk-home-")
        self._warned: set[str] = set()
        self._maxwait = _maxwait(call.definition)

    def __enter__(self) -> Self:
        apps = Path(self._home.name, "etc", "apps")
        apps.mkdir(parents=True)
        for app in self.ctx.knowledge.apps.values():
            (apps / app.id).symlink_to(app.folder.resolve(), target_is_directory=True)
        definition = self.call.definition
        env = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "TMPDIR")}
        env |= {"SPLUNK_HOME": self._home.name, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
        self._stderr = tempfile.TemporaryFile()
        self._process = subprocess.Popen(  # noqa: S603  # the program is one that commands.conf of a loaded app names
            [sys.executable, str(definition.path.absolute())],  # absolute: it has another working directory
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, cwd=definition.folder, env=env,
            start_new_session=True,
        )  # fmt: skip
        self._silence = Silence(self._maxwait, self.kill)
        with self._silence.awaited():
            self._send({"action": "getinfo", "preview": False, "searchinfo": self._searchinfo()}, b"")
        return self

    def __exit__(self, *_: object) -> None:
        self._silence.close()
        Thread(target=self._leave).start()  # what it said is all there: nothing has to wait for its end

    def _leave(self) -> None:
        self._end()
        self._stderr.close()
        self._home.cleanup()

    def kill(self) -> None:
        """End it at once, and what it has started: they may hold the pipe that we read."""
        if os.name != "posix":
            self._process.kill()
        elif self._process.returncode is None:  # else its id may be another's by now
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _end(self) -> None:
        """Close the pipes, which ends a command that obeys the protocol; make sure that any other ends, too."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                with suppress(BrokenPipeError):
                    pipe.close()
        impatient = Timer(PATIENCE, self.kill)  # waiting with a timeout sleeps longer than most commands take
        impatient.start()
        self._process.wait()
        impatient.cancel()

    def run(self, rows: Iterable[Mapping[str, Value]], names: list[str]) -> Iterator[dict[str, Value]]:
        """Send all rows, yield all that come back.

        Raises:
            CommandFailed: see ``External.plan``.
        """
        with self._silence.awaited():
            self._receive()  # what it says to getinfo: if it is an error, the rows need not be computed
        stream = iter(rows)
        chunk = list(islice(stream, CHUNK))
        while True:
            following = list(islice(stream, 1))
            sent = encode(chunk, names)
            with self._silence.awaited():
                self._send({"action": "execute", "finished": not following}, sent)
                reply, body = self._receive()
            yield from decode(body)
            if reply.get("finished") or not following:
                return
            chunk = following + list(islice(stream, CHUNK - 1))

    def _searchinfo(self) -> dict[str, Any]:
        ctx, job = self.ctx, self.ctx.dispatch
        return {
            "args": list(self.call.arguments), "raw_args": list(self.call.arguments), "dispatch_dir": self._home.name,
            "sid": job.sid or f"{ctx.now:.6f}", "app": ctx.app, "owner": job.owner, "username": job.owner,
            "session_key": job.session_key, "splunkd_uri": job.splunkd_uri, "splunk_version": "9.4.0", "search": "",
            "command": self.call.definition.name,
            "maxresultrows": CHUNK, "earliest_time": f"{ctx.earliest or 0}", "latest_time": f"{ctx.latest or 0}",
        }  # fmt: skip

    def _send(self, metadata: dict[str, Any], body: bytes) -> None:
        head = json.dumps(metadata).encode()
        stdin = self._process.stdin
        assert stdin is not None
        # A command may end early: what it said is in its last reply, or in its standard error.
        with suppress(BrokenPipeError):
            stdin.write(b"chunked 1.0,%d,%d\n" % (len(head), len(body)))
            stdin.write(head)
            stdin.write(body)
            stdin.flush()

    def _receive(self) -> tuple[dict[str, Any], bytes]:
        assert self._process.stdout is not None
        reply, body = self._read(self._process.stdout)
        self._messages(reply)
        return reply, body

    def _read(self, stdout: IO[bytes]) -> tuple[dict[str, Any], bytes]:
        header = stdout.readline(200)
        parts = header.strip().removeprefix(b"chunked 1.0,").split(b",")
        if not header.startswith(b"chunked 1.0,") or len(parts) != 2 or not all(p.isdigit() for p in parts):
            raise self._failed("the command broke the chunked protocol or ended without an answer")
        head, body = (int(p) for p in parts)
        if max(head, body) > MAX_FRAME:
            raise self._failed(f"the command announced a frame of {max(head, body)} bytes")
        text, rows = self._take(stdout, head), self._take(stdout, body)
        if len(text) < head or len(rows) < body:
            raise self._failed("the command ended in the middle of its answer")
        try:
            metadata = json.loads(text)
        except ValueError as e:
            raise self._failed(f"the command's metadata is not JSON: {e}") from e
        return (metadata if isinstance(metadata, dict) else {}), rows

    def _take(self, stdout: IO[bytes], size: int) -> bytes:
        """So many bytes, or fewer at the end."""
        pieces: list[bytes] = []
        while size:
            self._silence.heard()
            piece: bytes = stdout.read1(min(size, PIECE))  # type: ignore[attr-defined]  # a pipe has it
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _failed(self, message: str) -> CommandFailed:
        self._end()
        if self._silence.broken:
            message = (
                f"the command gave no answer for {self._silence.limit} seconds and was ended; if it needs longer, "
                "say so with maxwait (seconds, 0 is no limit) in its stanza"
            )
        self._stderr.seek(0)
        said = self._stderr.read()[-2000:].decode(errors="replace").strip()
        detail = f"{message}; it wrote: {said}" if said else message
        return CommandFailed(f"`{self.call.definition.name}`: {detail}", self.call.definition.place)

    def _messages(self, reply: Mapping[str, Any]) -> None:
        inspector = reply.get("inspector") or {}
        for level, text in inspector.get("messages") or []:
            if level in ("ERROR", "FATAL"):
                raise CommandFailed(f"`{self.call.definition.name}`: {text}", self.ctx.place)
            if level == "WARN" and text not in self._warned:
                self._warned.add(text)
                self.ctx.warn(f"`{self.call.definition.name}`: {text}")
        if "error" in reply:
            raise CommandFailed(f"`{self.call.definition.name}`: {reply['error']}", Place())


def _maxwait(definition: ExternalCommand) -> int:
    """Seconds that the command may pause (commands.conf, ``maxwait``); 0 is for ever."""
    text = definition.settings.get("maxwait", "").strip()
    if not re.fullmatch(r"[0-9]{0,9}", text, re.ASCII):
        raise CommandFailed(f"`{definition.name}`: maxwait = {text[:50]} is no number of seconds", definition.place)
    return int(text) if text else SILENCE


def encode(rows: Iterable[Mapping[str, Value]], names: list[str]) -> bytes:
    """Rows as the protocol's CSV; ``__mv_`` columns only for fields that are multivalue somewhere."""
    rows = list(rows)
    multivalue = [n for n in names if any(isinstance(r.get(n), list) for r in rows)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # so that values with \r or \n are quoted
    writer.writerow([*names, *(f"__mv_{n}" for n in multivalue)])
    for row in rows:
        plain = [_plain(row.get(n)) for n in names]
        writer.writerow(plain + [_encode_list(row.get(n)) for n in multivalue])
    return out.getvalue().encode("utf-8", errors="surrogatepass")


def _plain(value: Value) -> str:
    if isinstance(value, list):
        return "\n".join(value)
    return "" if value is None else str(value)


def _encode_list(value: Value) -> str:
    if not isinstance(value, list) or len(value) < 2:
        return ""
    return ";".join("$" + v.replace("$", "$$") + "$" for v in value)


def decode(body: bytes) -> Iterator[dict[str, Value]]:
    """Rows of a reply; an empty cell is a missing field."""
    if not body:
        return
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(body.decode("utf-8", errors="replace"), newline=""))
    header = next(reader, [])
    for cells in reader:
        row: dict[str, Value] = {}
        for name, cell in zip(header, cells, strict=False):
            if cell and not name.startswith("__mv_"):
                row[name] = cell
        for name, cell in zip(header, cells, strict=False):
            if cell and name.startswith("__mv_"):
                row[name[5:]] = _decode_list(cell)
        yield row


def _decode_list(cell: str) -> list[str]:
    """``$a$;$b$$c$`` is [a, b$c]."""
    values: list[str] = []
    i = 0
    while i < len(cell):
        i += 1  # the opening dollar
        value: list[str] = []
        while i < len(cell):
            if cell.startswith("$$", i):
                value.append("$")
                i += 2
            elif cell[i] == "$":
                break
            else:
                value.append(cell[i])
                i += 1
        values.append("".join(value))
        i += 2  # the closing dollar and the semicolon
    return values
