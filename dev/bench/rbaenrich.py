"""How close the command ``rbaenrich`` comes to plain Python: its first reply, its rate, its memory.

Each figure stands beside its floor, a chunked command as small as it can be (in ``dev/bench/floors/``):
``start.py`` answers getinfo and no more; ``plain.py`` reads and writes every cell with csv and adds as many
columns; ``sdk.py`` does the same with the SDK's own StreamingCommand. All of them get the same bytes from a
file and write to /dev/null. Runs of figure and floor alternate, so that a busy machine slows both; medians
are compared. ``wall`` is the clock, ``CPU`` is user and system time of the process, which other work on the
machine disturbs less: neither program waits for anything, so on an idle machine the two agree.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "bin" / "rbaenrich.py"
FLOORS = Path(__file__).parent / "floors"
SPENT = Path(__file__).parent / "spent.py"
DETECTION = "Endpoint - Windows Remote Assistance Spawning Process - Rule"
VERSIONS = ("3.9", "3.13")
RECORDS, CHUNK = 200_000, 50_000
FIELDS = [
    "_time",
    "dest",
    "user",
    "parent_process_name",
    "process_name",
    "original_file_name",
    "process",
    "process_id",
    "parent_process_id",
    "count",
    "firstTime",
    "lastTime",
]
MV = "__mv_"


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        goal: what is measured, its unit, and the limit of the ratio that the goal sets.
        figure: median of the command.
        floor: median of the floor.
        ratio: figure by floor.
        runs: how often each ran.
    """

    goal: str
    figure: float
    floor: float
    ratio: float
    runs: int


class Spent(NamedTuple):
    """What one run took: seconds by the clock, seconds of CPU, megabytes at most."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Shape:
    """What the records are like: all alike in host and process or each its own, and with ``__mv_`` columns."""

    distinct: bool
    multivalues: bool

    def __str__(self) -> str:
        return ("distinct" if self.distinct else "repeated") + (", __mv_" if self.multivalues else "")


def find_python(version: str) -> str | None:
    """A Python of this version, of pyenv or on PATH; None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/python3")))
    return found[-1] if found else shutil.which(f"python{version}")


def frame(metadata: Mapping[str, object], body: str = "") -> bytes:
    """One frame of the chunked protocol."""
    meta, data = json.dumps(metadata).encode(), body.encode()
    return b"chunked 1.0,%d,%d\n" % (len(meta), len(data)) + meta + data


def getinfo() -> bytes:
    """The frame that begins a search."""
    names = ("app", "owner", "username", "session_key", "splunkd_uri")
    info: dict[str, object] = dict.fromkeys(names, "")
    args = [f"detection={DETECTION}"]
    info |= {"args": args, "raw_args": args, "dispatch_dir": "/nonexistent", "sid": "1.1", "search": "x"}
    info |= {"earliest_time": "0", "latest_time": "0", "splunk_version": "9.4.0", "maxresultrows": CHUNK}
    return frame({"action": "getinfo", "preview": False, "searchinfo": info})


def records(shape: Shape, first: int, count: int) -> str:
    """The body of a chunk; the last field has two values where the shape has multivalues."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*FIELDS, *[MV + field for field in FIELDS]] if shape.multivalues else FIELDS)
    for n in range(first, first + count):
        who = n if shape.distinct else n % 50
        process = f'"C:\\Windows\\System32\\cmd.exe" /c whoami /all > C:\\Temp\\out{who}.txt'
        row = [str(1_700_000_000 + n), f"HOST-{who}.example.com", f"USER{who}", "msra.exe", f"cmd{who}.exe", "Cmd.Exe"]
        row += [process, str(4000 + n), str(n % 1000), "1", "2022-02-07T10:00:00"]
        writer.writerow([*row, "a\nb", *[""] * 11, "$a$;$b$"] if shape.multivalues else [*row, "2022-02-07T11:00:00"])
    return out.getvalue()


def write_input(path: Path, shape: Shape) -> None:
    """A whole search: getinfo and the records in chunks."""
    with path.open("wb") as file:
        file.write(getinfo())
        for first in range(0, RECORDS, CHUNK):
            finished = first + CHUNK >= RECORDS
            file.write(frame({"action": "execute", "finished": finished}, records(shape, first, CHUNK)))


@dataclass(frozen=True)
class Bench:
    """Runs programs under one Python with the SDK on its path."""

    python: str
    sdk: Path

    def _environ(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(self.sdk)}

    def run(self, program: Path, given: Path) -> Spent:
        """A whole run over the bytes of a file."""
        command = [sys.executable, str(SPENT), str(given), self.python, str(program)]
        done = subprocess.run(command, env=self._environ(), stdout=subprocess.PIPE, check=False)  # noqa: S603
        if done.returncode:
            raise RuntimeError(f"{program} ended with {done.returncode} under {self.python}")
        return Spent(*json.loads(done.stdout))

    def first_reply(self, program: Path) -> Spent:
        """From the start of the process to the reply to getinfo."""
        start = time.perf_counter()
        command = [self.python, str(program)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=self._environ(), stdin=pipe, stdout=pipe)  # noqa: S603
        assert process.stdin
        assert process.stdout
        process.stdin.write(getinfo())
        process.stdin.flush()
        line = process.stdout.readline()
        wall, cpu = time.perf_counter() - start, _cpu(process.pid)
        if not line.startswith(b"chunked 1.0,"):
            raise RuntimeError(f"{program} answered {line!r} under {self.python}")
        process.stdin.close()
        process.stdout.read()
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return Spent(wall, cpu, usage.ru_maxrss / 1024)

    def added_columns(self) -> int:
        """How many columns the command adds, so that the floors add as many."""
        given = getinfo() + frame({"action": "execute", "finished": True}, records(Shape(False, False), 0, 1))
        done = subprocess.run(  # noqa: S603
            [self.python, str(COMMAND)], env=self._environ(), input=given, stdout=subprocess.PIPE, check=True
        )
        body = done.stdout.decode().rpartition('"finished":true}')[2]
        return len(next(csv.reader(io.StringIO(body)))) - len(FIELDS)


def _cpu(process: int) -> float:
    """Seconds of CPU that a running process has taken: Linux makes the number of its clock of its id, as
    clock_getcpuclockid(3) does."""
    return time.clock_gettime((~process << 3) | 2)


def _median(spent: Sequence[Spent]) -> Spent:
    return Spent(*[statistics.median(column) for column in zip(*spent, strict=True)])


def _row(goal: str, figure: float, floor: float, runs: int) -> Row:
    return Row(goal, round(figure, 4), round(floor, 4), round(figure / floor, 2), runs)


def measure(runs: int = 5, starts: int = 21) -> Iterator[Row]:
    """The table, line by line: ``runs`` runs over the records, ``starts`` first replies."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sdk = _sdk_alone(folder)
        shapes = {Shape(d, m): folder / f"{d}{m}" for d in (False, True) for m in (False, True)}
        for shape, path in shapes.items():
            write_input(path, shape)
        for version in VERSIONS:
            python = find_python(version)
            if python is None:
                print(f"Python {version} is not there: nothing was measured on it.", file=sys.stderr)
                continue
            bench = Bench(python, sdk)
            yield from _measure_start(bench, version, starts)
            for shape, path in shapes.items():
                yield from _measure_rate(bench, version, shape, path, runs)


def _sdk_alone(folder: Path) -> Path:
    """A copy of this environment's SDK and nothing else, which any Python may compile."""
    import splunklib

    shutil.copytree(Path(splunklib.__file__).parent, folder / "sdk" / "splunklib")
    return folder / "sdk"


def _measure_start(bench: Bench, version: str, runs: int) -> Iterator[Row]:
    pairs = [(bench.first_reply(COMMAND), bench.first_reply(FLOORS / "start.py")) for _ in range(runs + 1)][1:]
    figure, floor = _median([pair[0] for pair in pairs]), _median([pair[1] for pair in pairs])
    yield _row(f"5 first reply, wall s, at most 2 x ({version})", figure.wall, floor.wall, runs)
    yield _row(f"5 first reply, CPU s, at most 2 x ({version})", figure.cpu, floor.cpu, runs)


def _measure_rate(bench: Bench, version: str, shape: Shape, given: Path, runs: int) -> Iterator[Row]:
    count = bench.added_columns()
    floor_program = _with_columns(given.parent, "plain.py", count)
    pairs = [(bench.run(COMMAND, given), bench.run(floor_program, given)) for _ in range(runs)]
    figure, floor = _median([pair[0] for pair in pairs]), _median([pair[1] for pair in pairs])
    sdk = bench.run(_with_columns(given.parent, "sdk.py", count), given)
    case = f"({version}, {shape})"
    yield _row(f"6 200,000 records, wall s, at most 1.3 x {case}", figure.wall, floor.wall, runs)
    yield _row(f"6 200,000 records, CPU s, at most 1.3 x {case}", figure.cpu, floor.cpu, runs)
    yield _row(f"6 memory MB, at most 1 x the SDK's {case}", figure.memory, sdk.memory, runs)


def _with_columns(folder: Path, floor: str, count: int) -> Path:
    """The floor program, adding ``count`` columns."""
    text = (FLOORS / floor).read_text(encoding="utf-8").replace("ADDED = 16", f"ADDED = {count}")
    (folder / floor).write_text(text, encoding="utf-8")
    return folder / floor


def rows(runs: int = 5, starts: int = 21) -> list[Row]:
    """The whole table."""
    return list(measure(runs, starts))


def main() -> None:
    """Prints the table as it comes."""
    print(f"{'goal':<70} {'figure':>9} {'floor':>9} {'ratio':>6} {'runs':>4}")
    for row in measure():
        print(f"{row.goal:<70} {row.figure:>9.3f} {row.floor:>9.3f} {row.ratio:>6.2f} {row.runs:>4}", flush=True)


if __name__ == "__main__":
    main()
