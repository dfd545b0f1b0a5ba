"""How fast ``replay`` reads logs and runs the shipped search: from process start to the last result.

Each figure stands beside its floor: the bare reading of the same bytes, or the start of a Python that imports DuckDB.
Medians of several runs by the clock, so keep the machine idle. Usage, in dev/: ``python -m bench.search [EVENTS]``.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from bench import events as generated

ROOT = Path(__file__).resolve().parents[2]
REPLAY = (sys.executable, "-m", "replay")
SAMPLE = ROOT / "dev" / "datasets" / "msra-windows-sysmon.log"
RUNS = 3
_SUMMARY = """
import sys
from replay.commands import Needs
from replay.errors import Place
from replay.session import Session
session = Session()
session.load([sys.argv[1]])
ctx = session.context(session.home, Place())
rel = session.index.dataset(ctx, "Endpoint", "Processes", Needs(everything=True)).drop(["_raw"])
session.engine.execute(f"COPY ({rel.sql()}) TO '{sys.argv[2]}' (FORMAT parquet)")
"""


def seconds(command: Sequence[str]) -> float:
    """Median of the wall time of a command, which must succeed."""
    taken = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)  # noqa: S603
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def read_time(path: Path) -> float:
    """Seconds that reading the bytes takes, once they are in the page cache."""
    taken = []
    for _ in range(RUNS):
        started = time.perf_counter()
        with path.open("rb", buffering=0) as file:
            while file.read(8 * 1024 * 1024):
                pass
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def main(events: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="replay-bench-") as folder:
        log, summary = Path(folder) / "sysmon.log", Path(folder) / "summary.parquet"
        size = generated.write(log, events) / 1e6
        print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
        print(f"DuckDB {version('duckdb')}; {events} Sysmon events, {size:.0f} MB; medians of {RUNS} runs\n")
        print(f"{'':44}{'figure':>12}{'floor':>12}{'ratio':>9}")
        floor = seconds((sys.executable, "-c", "import duckdb"))
        start = seconds((*REPLAY, "run", str(SAMPLE)))
        print(f"{'start: replay run on the sample, s':44}{start:12.2f}{floor:12.2f}{start / floor:9.1f}")
        floor = size / read_time(log)
        for name, options in (("prefilter", ()), ("no prefilter", ("--no-prefilter",))):
            rate = size / seconds((*REPLAY, "run", str(log), *options))
            print(f"{f'shipped search, {name}, MB/s':44}{rate:12.0f}{floor:12.0f}{rate / floor:9.3f}")
        rate = size / seconds((sys.executable, "-c", _SUMMARY, str(log), str(summary)))
        print(f"{'every Endpoint.Processes field, MB/s':44}{rate:12.0f}{floor:12.0f}{rate / floor:9.3f}")
        print(f"\nmost memory of any run: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
