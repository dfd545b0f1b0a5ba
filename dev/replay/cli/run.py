"""``replay run``: a saved search of an app on logs."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.markup import escape

from replay.cli.common import (
    Apps,
    Data,
    Earliest,
    Expect,
    IndexName,
    Latest,
    Macros,
    Prefilter,
    Sourcetype,
    Store,
    Tolerate,
    app,
    conclude,
    err,
    finish,
    large,
    load,
    open_session,
)
from replay.cli.page import HTML, check_output, overhear, write_page
from replay.errors import ReplayError
from replay.plan import Parser, expand_macros, plan_pipeline
from replay.prefilter import required_texts

RunOutput = Annotated[str, typer.Option(help="table, json (one object a line), csv, or html (a page to send).")]


@app.command()
def run(
    data: Data = [], apps: Apps = [],  # noqa: B006
    search: Annotated[str | None, typer.Option(help="Name of a saved search.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Run every saved search of the app: a line for each.")] = False,
    earliest: Earliest = None, latest: Latest = None, macros: Macros = [], output: RunOutput = "table",  # noqa: B006
    expect: Expect = None, sourcetype: Sourcetype = None, index: IndexName = "main", tolerate: Tolerate = False,
    prefilter: Prefilter = True, store: Store = None,
) -> None:  # fmt: skip
    """Run a saved search of an app on logs (without --search: the app's own correlation search)."""
    if every:
        from replay.cli.every import run_all

        if search is not None or expect is not None:
            raise ReplayError("--all runs every search: it goes with neither --search nor --expect")
        session = open_session(apps, macros, store, accelerate=True)
        run_all(session, lambda: load(session, data, sourcetype, index), earliest, latest, output, tolerate)
        return
    check_output(output)
    session = open_session(apps, macros, store)
    session.index.prefilter = prefilter
    warnings = overhear(session)
    saved = session.knowledge.saved_search(search) if search else session.default_search()
    err.print(f"[bold]{escape(saved.name)}[/bold] ({saved.app})")
    ctx = session.saved_context(saved, earliest, latest)
    expanded = expand_macros(saved.search, ctx)
    err.print(escape(expanded), style="dim")
    if output == HTML:
        loaded = load(session, data, sourcetype, index)
        started = time.perf_counter()
        read = data or [str(store)]
        hits = write_page(session, saved, ctx, loaded, read, (earliest, latest), warnings)
        conclude(loaded, hits, time.perf_counter() - started, expect, tolerate)
        return
    pipeline = Parser(ctx).search(expanded)
    texts = required_texts(pipeline, ctx) if prefilter and large(data) else None
    loaded = load(session, data, sourcetype, index, texts)
    finish(session, lambda: plan_pipeline(pipeline, ctx), loaded, output, expect, tolerate)
