"""How fast ``replay`` reads logs and searches: whole processes, from start to the last result.

Each figure stands beside its floor: the bare reading of the same bytes, the start of a Python that imports DuckDB, or
SQL written by hand over the same Parquet. Medians of several runs by the clock, so keep the machine idle. Usage, in
dev/: ``python -m bench.search [EVENTS [EVENTS_OF_THE_CORPUS_RUN [SIZES...]]]``; sizes are numbers of events to index,
to show how time and memory grow.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from bench import events as generated

ROOT = Path(__file__).resolve().parents[2]
REPLAY = (sys.executable, "-m", "replay")
SAMPLE = ROOT / "dev" / "datasets" / "msra-windows-sysmon.log"
CORPUS = ROOT.parent / "shared" / "corpus"
RUNS = 3
SHORT_RUNS = 15
"""Of what is done in half a second: other work of the machine may take as long."""
_BY = (
    "dest", "user", "parent_process_name", "process_name", "original_file_name", "process", "process_id",
    "parent_process_id",
)  # fmt: skip
_TSTATS = "| tstats count min(_time) as firstTime max(_time) as lastTime from datamodel=Endpoint.Processes where Processes.parent_process_name=msra.exe by "  # noqa: E501
_BY_HAND = """
import sys, time, duckdb
con = duckdb.connect()
by = ", ".join(f'"Processes.{name}"' for name in sys.argv[2].split())
sql = f\"\"\"SELECT {by}, count(*), min(_time), max(_time) FROM read_parquet('{sys.argv[1]}')
WHERE lower("Processes.parent_process_name") = 'msra.exe' GROUP BY ALL\"\"\"
con.execute(sql).fetchall()
started = time.perf_counter()
rows = con.execute(sql).fetchall()
print(time.perf_counter() - started, len(rows))
"""
_BY_REPLAY = """
import sys, time
from pathlib import Path
from replay.errors import Place
from replay.plan import plan_search
from replay.session import Session
session = Session(store=Path(sys.argv[1]))
def run():
    return list(session.engine.rows(plan_search(sys.argv[2], session.context(session.home, Place()))))
run()
started = time.perf_counter()
rows = run()
print(time.perf_counter() - started, len(rows))
"""


_SUMMARY_ANEW = """
import sys, time
from msgspec.structs import replace
from pathlib import Path
from replay.session import Session
from replay.store.folder import StoreFolder
from replay.store.summarising import datasets_read, summarise
store, session = Path(sys.argv[1]), Session()
with datasets_read(session) as datasets:
    wanted = datasets()
folder = StoreFolder(store)
with folder.changing() as manifest:
    for bucket in manifest.buckets:
        manifest = manifest.with_bucket(replace(bucket, summaries=()))
    folder.commit(manifest, ())
started = time.perf_counter()
made = list(summarise(session.over(store), wanted))
print(time.perf_counter() - started, len(made))
"""
_READ_BY_HAND = """
import sys, time, duckdb
con = duckdb.connect()
con.execute("SET enable_progress_bar = false")
started = time.perf_counter()
((characters,),) = con.execute(f"SELECT sum(strlen(_raw)) FROM read_parquet('{sys.argv[1]}')").fetchall()
print(time.perf_counter() - started, int(characters))
"""
_TEXT = "mimikatz"
_TEXT_BY_HAND = """
import sys, time, duckdb
started = time.perf_counter()
sql = f"SELECT count(*) FROM read_parquet('{sys.argv[1]}') WHERE regexp_matches(_raw, '(?i){sys.argv[2]}')"
con = duckdb.connect()
con.execute("SET enable_progress_bar = false")
((rows,),) = con.execute(sql).fetchall()
print(time.perf_counter() - started, rows)
"""


class Spent(NamedTuple):
    """What a process took.

    Attributes:
        wall: seconds.
        memory: megabytes at most.
    """

    wall: float
    memory: float


def spent(command: Sequence[str], runs: int = RUNS) -> Spent:
    """Medians of a command, which must succeed."""
    found = []
    for _ in range(runs):
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT / "dev")  # noqa: S603
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        found.append(Spent(time.perf_counter() - started, usage.ru_maxrss / 1024))
    return Spent(statistics.median(f.wall for f in found), statistics.median(f.memory for f in found))


def told(script: str, *arguments: str, runs: int = RUNS) -> tuple[float, int]:
    """Median of the seconds that a script prints, and the number that it prints behind them."""
    command = [sys.executable, "-c", script, *arguments]
    printed = [
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT / "dev")  # noqa: S603
        for _ in range(runs)
    ]
    values = [done.stdout.split() for done in printed]
    return statistics.median(float(seconds) for seconds, _ in values), int(values[0][1])


def _runs(size: float) -> int:
    """How often to do what takes seconds for a file of so many megabytes."""
    return 1 if size > 5000 else RUNS


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


def line(what: str, figure: float, floor: float, more: str = "") -> None:
    """One line of the table."""
    beside = f"{floor:12.3g}{figure / floor:9.3g}"
    print(f"{what:46}{figure:12.3g}{beside:21}{more and '   ' + more}", flush=True)


def indexing(log: Path, store: Path, runs: int = RUNS) -> Spent:
    """Of ``replay index``, into a new store each time."""
    found = []
    for _ in range(runs):
        shutil.rmtree(store, ignore_errors=True)
        found.append(spent((*REPLAY, "index", str(log), "--store", str(store), "--tolerate"), 1))
    return Spent(statistics.median(f.wall for f in found), statistics.median(f.memory for f in found))


def one_off(folder: Path, events: int, more: int) -> None:
    """Start, and the shipped search over logs: of so many events, and with the prefilter over one of more."""
    log = folder / f"{events}.log"
    size = generated.write(log, events) / 1e6
    os.sync()  # else the disk is still writing the log while it is searched
    print(f"{events} Sysmon events, {size:.0f} MB\n\n{'':46}{'figure':>12}{'floor':>12}{'ratio':>9}")
    floor = spent((sys.executable, "-c", "import duckdb"), SHORT_RUNS).wall
    line("start: replay run on the sample, s", spent((*REPLAY, "run", str(SAMPLE)), SHORT_RUNS).wall, floor)
    floor = size / read_time(log)
    for name, options, runs in (("prefilter", (), SHORT_RUNS), ("no prefilter", ("--no-prefilter",), RUNS)):
        taken = spent((*REPLAY, "run", str(log), *options), runs)
        line(f"shipped search, {name}, MB/s", size / taken.wall, floor, f"{taken.memory:.0f} MB of memory")
    large = folder / f"{more}.log"
    size = generated.write(large, more) / 1e6
    os.sync()
    taken = spent((*REPLAY, "run", str(large)))
    line(f"shipped search over {more} events, MB/s", size / taken.wall, size / read_time(large), f"{taken.wall:.2f} s")


def indexes(folder: Path, events: int, sizes: Sequence[int]) -> None:
    """``replay index``: events and every Endpoint.Processes field, on disk."""
    logs = [folder / f"{events}.json", *(folder / f"{n}.log" for n in sorted({events, *sizes}))]
    for log in logs:
        size = generated.write(log, int(log.stem)) / 1e6
        os.sync()
        taken = indexing(log, folder / f"store-{log.name}", _runs(size))
        what = f"replay index, {log.stem} events as {'JSON' if log.suffix == '.json' else 'XML'}, MB/s"
        line(what, size / taken.wall, size / read_time(log), f"{taken.wall:.1f} s, {taken.memory:.0f} MB of memory")
    evtx = sorted((ROOT.parent / "shared" / "data" / "events").glob("*.evtx"))
    if evtx:
        taken = spent((*REPLAY, "index", *map(str, evtx), "--store", str(folder / "evtx"), "--tolerate"), 1)
        size = sum(path.stat().st_size for path in evtx) / 1e6
        floor = size / sum(map(read_time, evtx))
        line(f"replay index, {len(evtx)} EVTX files of {size:.1f} MB, MB/s", size / taken.wall, floor)


def over_a_store(folder: Path, events: int) -> float:
    """The summary made anew; tstats over it, and a search for a text in the events, beside the same in SQL.

    Returns:
        Seconds that the tstats takes in SQL.
    """
    log, store = folder / f"{events}.log", folder / f"store-{events}.log"
    size = log.stat().st_size / 1e6
    taken, _ = told(_SUMMARY_ANEW, str(store), runs=_runs(size))
    read, _ = told(_READ_BY_HAND, f"{store}/*/events-*.parquet")
    line(f"summary of the {events} events in a store, MB/s", size / taken, size / read, f"{taken:.1f} s")
    by_hand, _ = told(_TEXT_BY_HAND, f"{store}/*/events-*.parquet", _TEXT)
    taken = spent((*REPLAY, "search", f'index=main CommandLine="*{_TEXT}*"', "--store", str(store))).wall
    line("search for a text in them, s", taken, by_hand)
    (summary,) = store.rglob("Endpoint.Processes-*")
    by_hand, groups = told(_BY_HAND, str(summary), " ".join(_BY))
    figure, rows = told(_BY_REPLAY, str(store), _TSTATS + " ".join(f"Processes.{name}" for name in _BY))
    if rows != groups:
        raise SystemExit(f"tstats gives {rows} rows, SQL {groups}")
    line(f"tstats over {events} events, ms", figure * 1000, by_hand * 1000)
    return by_hand


def corpus(folder: Path, events: int, by_hand: float) -> None:
    """All detections on Endpoint.Processes over one summary; the floor is ``by_hand`` seconds for each."""
    if not CORPUS.is_dir():
        print("the corpus run is left out: no detections beside the checkout")
        return
    app, store = folder / "corpus", folder / f"store-{events}.log"
    detections = str(CORPUS / "escu_endpoint_processes.jsonl")
    subprocess.run([sys.executable, str(CORPUS / "make_app.py"), str(app), detections], check=True, capture_output=True)  # noqa: S603
    command = (*REPLAY, "run", "--all", "--store", str(store), "--app", str(app), "--output", "json")
    for name in ("and their summaries, s", "s"):
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT / "dev")  # noqa: S603
        taken = time.perf_counter() - started
        outcomes = [json.loads(printed) for printed in done.stdout.splitlines()]
        ran = sum(outcome["status"] == "runs" for outcome in outcomes)
        line(f"{len(outcomes)} detections over {events} events, {name}", taken, by_hand * len(outcomes), f"{ran} run")


def main(events: int, corpus_events: int, sizes: Sequence[int]) -> None:
    """Print the table."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
    print(f"DuckDB {version('duckdb')}; medians of {RUNS} runs ", end="")
    print(f"({SHORT_RUNS} of the start and of the search with the prefilter), of one for files over 5 GB")
    with tempfile.TemporaryDirectory(prefix="replay-bench-") as name:
        folder = Path(name)
        one_off(folder, events, corpus_events)
        indexes(folder, events, [*sizes, corpus_events])
        by_hand = {size: over_a_store(folder, size) for size in sorted({events, corpus_events, *sizes})}
        corpus(folder, corpus_events, by_hand[corpus_events])


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else every run compiles again what is imported
    numbers = [int(argument) for argument in sys.argv[1:]] or [200_000, 1_000_000]
    main(numbers[0], numbers[1] if len(numbers) > 1 else numbers[0], numbers[2:])
