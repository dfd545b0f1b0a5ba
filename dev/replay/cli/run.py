"""``replay run``: a saved search of an app on logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from replay.cli.common import (
    MALFORMED,
    Apps,
    Data,
    Earliest,
    Expect,
    IndexName,
    Latest,
    Macros,
    Output,
    Prefilter,
    Sourcetype,
    Store,
    Tolerate,
    app,
    err,
    finish,
    load,
    open_session,
    problems,
)
from replay.errors import ReplayError
from replay.plan import plan_search
from replay.prefilter import required_texts
from replay.session import Loaded, Session

if TYPE_CHECKING:
    from replay.check import Outcome


@app.command()
def run(
    data: Data = [], apps: Apps = [],  # noqa: B006
    search: Annotated[str | None, typer.Option(help="Name of a saved search.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Run every saved search of the app: a line for each.")] = False,
    earliest: Earliest = None, latest: Latest = None, macros: Macros = [], output: Output = "table",  # noqa: B006
    expect: Expect = None, sourcetype: Sourcetype = None, index: IndexName = "main", tolerate: Tolerate = False,
    prefilter: Prefilter = True, store: Store = None,
) -> None:  # fmt: skip
    """Run a saved search of an app on logs (without --search: the app's own correlation search)."""
    if every:
        if search is not None or expect is not None:
            raise ReplayError("--all runs every search: it goes with neither --search nor --expect")
        session = open_session(apps, macros, store, accelerate=True)
        loaded = load(session, data, sourcetype, index)
        _run_all(session, loaded, earliest, latest, output, tolerate)
        return
    session = open_session(apps, macros, store)
    saved = session.knowledge.saved_search(search) if search else session.default_search()
    err.print(f"[bold]{escape(saved.name)}[/bold] ({saved.app})")
    err.print(escape(session.expanded(saved)), style="dim")
    ctx = session.saved_context(saved, earliest, latest)
    loaded = load(session, data, sourcetype, index, required_texts(saved.search, ctx) if prefilter else None)
    finish(session, plan_search(saved.search, ctx), loaded, output, expect, tolerate)


def _run_all(
    session: Session, loaded: Loaded, earliest: str | None, latest: str | None, output: str, tolerate: bool
) -> None:
    from replay.check import run_searches
    from replay.cli.progress import counting
    from replay.cli.verdicts import print_verdicts

    searches = session.own_searches()
    with counting("searching", len(searches)) as advance:
        outcomes = run_searches(session, searches, earliest=earliest, latest=latest)
        print_verdicts(_each(outcomes, advance), "text" if output == "table" else output)
    problems(loaded)
    if loaded.problems and not tolerate:
        raise typer.Exit(MALFORMED)


def _each(outcomes: Iterator[Outcome], advance: Callable[[int], None]) -> Iterator[Outcome]:
    for outcome in outcomes:
        advance(1)
        yield outcome
