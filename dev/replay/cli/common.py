"""What several verbs share: options, the screen, the session, the end of a run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from replay.console import console
from replay.errors import ReplayError
from replay.inputs import files_of
from replay.relation import Relation
from replay.report import REPORTS
from replay.session import PROBLEMS_SHOWN, Loaded, Session

DONE, UNEXPECTED, WRONG, MALFORMED = 0, 1, 2, 3
_LARGE = 1024 * 1024

app = typer.Typer(
    help="A Splunk search head in one process: loads Splunk apps as they are and runs their searches on real logs.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip
err = console(stderr=True, soft_wrap=True)

Data = Annotated[
    list[str], typer.Argument(help="Log files, folders or archives; - for standard input.", metavar="DATA...")
]
Store = Annotated[
    Path | None, typer.Option("--store", help="Search what `replay index` put there, not DATA.", metavar="DIR")
]
Apps = Annotated[
    list[Path], typer.Option("--app", help="A Splunk app to load; may be given several times.", metavar="DIR")
]
Earliest = Annotated[str | None, typer.Option(help="Start of the time range, e.g. -24h@h or 2024-05-01T00:00:00Z.")]
Latest = Annotated[str | None, typer.Option(help="End of the time range (exclusive).")]
Macros = Annotated[list[str], typer.Option("--set", help="Replace a macro.", metavar="MACRO=DEFINITION")]
Output = Annotated[str, typer.Option(help="table, json (one object a line) or csv.")]
Expect = Annotated[int | None, typer.Option(help="Exit with 1 unless the search gives this many rows.")]
Sourcetype = Annotated[str | None, typer.Option(help="What the events are, if their content does not say it.")]
IndexName = Annotated[str, typer.Option("--index", help="The index that the events belong to.")]
Prefilter = Annotated[
    bool, typer.Option(help="Pass over XML events whose raw text cannot hold what the search asks for.")
]
Tolerate = Annotated[bool, typer.Option("--tolerate", help="Malformed input does not fail the run.")]


def large(data: list[str]) -> bool:
    """True if it is worth while to find out which events may be passed over."""
    return any(not os.path.isfile(name) for name in data) or sum(map(os.path.getsize, data)) > _LARGE


def load(
    session: Session, data: list[str], sourcetype: str | None, index: str, texts: frozenset[str] | None = None
) -> Loaded:
    """Read the logs that searches are to run on; see ``Session.load``.

    Raises:
        ReplayError: there are both logs and a store, or neither.
    """
    from replay.cli.progress import reading
    from replay.inputs.skim_parts import helpers

    if session.store is not None:
        if data:
            raise ReplayError("--store searches what is in the store: index further logs with `replay index`")
        if sourcetype is not None:
            raise ReplayError("--sourcetype says what logs are: it belongs to `replay index`, not to --store")
        return Loaded(events=session.index.count(), store=session.store)
    if not data:
        raise ReplayError("nothing to search: name logs, or a store that `replay index` has made (--store DIR)")
    files = files_of(data, lambda problem: None) if texts is not None else ()  # what is wrong, the reader tells
    with helpers(files, texts) as processes, reading(data) as on_bytes:
        return session.load(data, sourcetype, index, texts, on_bytes, processes)


def open_session(
    apps: list[Path], macros: list[str], store: Path | None = None, *, accelerate: bool = False
) -> Session:
    """A session with the apps, macros and store that the options name; warnings go to the screen.

    Raises:
        ReplayError: a ``--set`` is none.
    """
    replaced: dict[str, str] = {}
    for text in macros:
        name, equals, definition = text.partition("=")
        if not equals:
            raise ReplayError(f"--set takes MACRO=DEFINITION, not `{text}`")
        replaced[name.strip()] = definition
    return Session(apps, macros=replaced, warn=warn, store=store, accelerate=accelerate)


def warn(message: str) -> None:
    """Say it on the screen; the run goes on."""
    err.print(f"[yellow]warning:[/yellow] {escape(message)}")


def finish(
    session: Session, plan: Callable[[], Relation], loaded: Loaded, output: str, expect: int | None, tolerate: bool
) -> None:
    """Print the results of what ``plan`` gives, then ``conclude``; to plan takes its time, too: it may read events."""
    writer = REPORTS.get(output)
    if writer is None:
        hint = " (a page is what `replay run` makes of a saved search)" if output == "html" else ""
        raise ReplayError(f"--output {output}: one of {', '.join(REPORTS.names())}{hint}")
    started = time.perf_counter()
    relation = plan()
    rows = list(session.engine.rows(relation))
    fields = [n for n in relation.columns if not n.startswith("_") or n in ("_time", "_raw")]
    with until_the_reader_leaves():
        writer(fields, ({n: v for n, v in row.items() if n in fields} for row in rows))
    conclude(loaded, len(rows), time.perf_counter() - started, expect, tolerate)


@contextmanager
def until_the_reader_leaves() -> Iterator[None]:
    """While results are written: whoever reads them (``| head``) may have seen enough."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:  # what Python flushes at its end goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def conclude(loaded: Loaded, rows: int, seconds: float, expect: int | None, tolerate: bool) -> None:
    """Print the account of the run; leave with the status that it deserves."""
    account(loaded, rows, seconds)
    if expect is not None and rows != expect:
        err.print(f"[bold red]expected {expect} rows, got {rows}[/bold red]")
        raise typer.Exit(UNEXPECTED)
    if loaded.problems and not tolerate:
        raise typer.Exit(MALFORMED)


def account(loaded: Loaded, rows: int, seconds: float) -> None:
    """Say on the screen what was read and what of it was malformed, and how many results there are."""
    problems(loaded)
    if loaded.store is not None:
        err.print(f"{rows} results; {loaded.events} events in {escape(str(loaded.store))}; searched in {seconds:.2f} s")
        return
    passed = f" ({loaded.passed} passed over)" if loaded.passed else ""
    err.print(
        f"{rows} results; read {loaded.files} files, {loaded.events} events{passed}, {len(loaded.problems)} problems "
        f"in {loaded.seconds:.2f} s; searched in {seconds:.2f} s"
    )


def problems(loaded: Loaded) -> None:
    """Say on the screen what was malformed."""
    for problem in loaded.problems_in_order[:PROBLEMS_SHOWN]:
        err.print(f"[yellow]malformed:[/yellow] {escape(f'{problem.place}: {problem.reason}')}")
    if len(loaded.problems) > PROBLEMS_SHOWN:
        err.print(f"… and {len(loaded.problems) - PROBLEMS_SHOWN} more")
