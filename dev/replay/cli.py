"""The verbs of ``replay``. Results go to standard output, all else to standard error.

Exit status: 0 done, 1 ``--expect`` not met, 2 the search or an app is wrong, 3 input was malformed (results are still
printed; ``--tolerate`` makes it 0).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from replay.context import Context
from replay.errors import Place, ReplayError
from replay.plan import explain_sql, plan_search
from replay.prefilter import required_texts
from replay.relation import Relation
from replay.report import REPORTS
from replay.session import Loaded, Session

DONE, UNEXPECTED, WRONG, MALFORMED = 0, 1, 2, 3
_PROBLEMS_SHOWN = 20

app = typer.Typer(
    help="A Splunk search head in one process: loads Splunk apps as they are and runs their searches on real logs.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip
err = Console(stderr=True, soft_wrap=True, highlight=False)

Data = Annotated[
    list[str], typer.Argument(help="Log files, folders or archives; - for standard input.", metavar="DATA...")
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


def main() -> None:
    """Entry point of the console script."""
    try:
        app(standalone_mode=True)
    except ReplayError as e:
        err.print(f"[bold red]error:[/bold red] {escape(str(e))}")
        sys.exit(WRONG)


@app.command()
def run(
    data: Data, apps: Apps = [], search: Annotated[str | None, typer.Option(help="Name of a saved search.")] = None,  # noqa: B006
    earliest: Earliest = None, latest: Latest = None, macros: Macros = [], output: Output = "table",  # noqa: B006
    expect: Expect = None, sourcetype: Sourcetype = None, index: IndexName = "main", tolerate: Tolerate = False,
    prefilter: Prefilter = True,
) -> None:  # fmt: skip
    """Run a saved search of an app on logs (without --search: the app's own correlation search)."""
    session = _session(apps, macros)
    saved = session.knowledge.saved_search(search) if search else session.default_search()
    err.print(f"[bold]{escape(saved.name)}[/bold] ({saved.app})")
    err.print(escape(session.expanded(saved)), style="dim")
    ctx = session.saved_context(saved, earliest, latest)
    loaded = _load(session, saved.search, ctx, data, sourcetype, index, prefilter)
    _finish(session, plan_search(saved.search, ctx), loaded, output, expect, tolerate)


@app.command()
def search(
    spl: Annotated[str, typer.Argument(help="A search, as typed into Splunk.", metavar="SPL")], data: Data,
    apps: Apps = [], earliest: Earliest = None, latest: Latest = None, macros: Macros = [],  # noqa: B006
    output: Output = "table", expect: Expect = None, sourcetype: Sourcetype = None, index: IndexName = "main",
    tolerate: Tolerate = False, prefilter: Prefilter = True,
) -> None:  # fmt: skip
    """Run a search on logs."""
    session = _session(apps, macros)
    ctx = session.context(session.home, Place(), earliest, latest)
    loaded = _load(session, spl, ctx, data, sourcetype, index, prefilter)
    _finish(session, plan_search(spl, ctx), loaded, output, expect, tolerate)


@app.command()
def explain(
    name: Annotated[str | None, typer.Argument(help="Name of a saved search.")] = None,
    apps: Apps = [], macros: Macros = [],  # noqa: B006
) -> None:  # fmt: skip
    """Show a saved search with its macros expanded, and the SQL that it becomes."""
    session = _session(apps, macros)
    saved = session.knowledge.saved_search(name) if name else session.default_search()
    head = f"-- {saved.name} ({saved.app})\n\n{session.expanded(saved)}\n"
    sys.stdout.write(f"{head}\n{explain_sql(saved.search, session.saved_context(saved))}\n")


@app.command()
def check(
    apps: Apps = [], output: Annotated[str, typer.Option(help="text or json (one object a line).")] = "text",  # noqa: B006
) -> None:  # fmt: skip
    """Plan every saved search of the apps without data; exit with 2 if any fails."""
    from replay.check import check_searches

    session = Session(apps, accelerate=True)
    failed = 0
    for verdict in check_searches(session):
        failed += verdict.status != "runs"
        if output == "json":
            sys.stdout.write(json.dumps(verdict.as_dict(), ensure_ascii=False) + "\n")
        else:
            why = f": {verdict.reason}" + (f" ({verdict.place})" if verdict.place else "") if verdict.reason else ""
            sys.stdout.write(f"{verdict.status:5}  {verdict.app}  {verdict.search}{why}\n")
    if failed:
        err.print(f"{failed} fail")
        raise typer.Exit(WRONG)


@app.command()
def serve(
    apps: Apps = [],  # noqa: B006
    store: Annotated[Path | None, typer.Option(help="Folder that keeps all from one run to the next.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    api_port: Annotated[int, typer.Option(help="Port of the REST API; 0 takes any.")] = 8089,
    hec_port: Annotated[int, typer.Option(help="Port of the HTTP Event Collector; 0 takes any.")] = 8088,
    password_file: Annotated[Path | None, typer.Option(help="Holds the password of admin.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate (PEM), instead of a self-signed one.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
) -> None:
    """Answer Splunk clients: the REST API and the HTTP Event Collector of a Splunk server, until it is stopped."""
    from replay.serve.command import run as run_server

    def say(text: str) -> None:
        err.print(escape(text))

    run_server(apps, store, host, api_port, hec_port, password_file, tls_cert, tls_key, say)


def _load(
    session: Session,
    spl: str,
    ctx: Context,
    data: list[str],
    sourcetype: str | None,
    index: str,
    prefilter: bool,
) -> Loaded:
    return session.load(data, sourcetype, index, required_texts(spl, ctx) if prefilter else None)


def _session(apps: list[Path], macros: list[str]) -> Session:
    replaced: dict[str, str] = {}
    for text in macros:
        name, equals, definition = text.partition("=")
        if not equals:
            raise ReplayError(f"--set takes MACRO=DEFINITION, not `{text}`")
        replaced[name.strip()] = definition
    return Session(apps, macros=replaced, warn=lambda m: err.print(f"[yellow]warning:[/yellow] {escape(m)}"))


def _finish(
    session: Session, relation: Relation, loaded: Loaded, output: str, expect: int | None, tolerate: bool
) -> None:
    """Print results and the account of the run; leave with the status that it deserves."""
    writer = REPORTS.get(output)
    if writer is None:
        raise ReplayError(f"--output {output}: one of {', '.join(REPORTS.names())}")
    started = time.perf_counter()
    rows = list(session.engine.rows(relation))
    fields = [n for n in relation.columns if not n.startswith("_") or n in ("_time", "_raw")]
    try:
        writer(fields, ({n: v for n, v in row.items() if n in fields} for row in rows))
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads (`| head`) has seen enough; what Python flushes at its end goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _account(loaded, len(rows), time.perf_counter() - started)
    if expect is not None and len(rows) != expect:
        err.print(f"[bold red]expected {expect} rows, got {len(rows)}[/bold red]")
        raise typer.Exit(UNEXPECTED)
    if loaded.problems and not tolerate:
        raise typer.Exit(MALFORMED)


def _account(loaded: Loaded, rows: int, seconds: float) -> None:
    for problem in loaded.problems[:_PROBLEMS_SHOWN]:
        err.print(f"[yellow]malformed:[/yellow] {escape(f'{problem.place}: {problem.reason}')}")
    if len(loaded.problems) > _PROBLEMS_SHOWN:
        err.print(f"… and {len(loaded.problems) - _PROBLEMS_SHOWN} more")
    passed = f" ({loaded.passed} passed over)" if loaded.passed else ""
    err.print(
        f"{rows} results; read {loaded.files} files, {loaded.events} events{passed}, {len(loaded.problems)} problems "
        f"in {loaded.seconds:.2f} s; searched in {seconds:.2f} s"
    )
