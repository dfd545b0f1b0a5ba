"""``replay run``: a saved search of an app on logs."""

from __future__ import annotations

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
)
from replay.plan import plan_search


@app.command()
def run(
    data: Data = [], apps: Apps = [],  # noqa: B006
    search: Annotated[str | None, typer.Option(help="Name of a saved search.")] = None,
    earliest: Earliest = None, latest: Latest = None, macros: Macros = [], output: Output = "table",  # noqa: B006
    expect: Expect = None, sourcetype: Sourcetype = None, index: IndexName = "main", tolerate: Tolerate = False,
    prefilter: Prefilter = True, store: Store = None,
) -> None:  # fmt: skip
    """Run a saved search of an app on logs (without --search: the app's own correlation search)."""
    session = open_session(apps, macros, store)
    saved = session.knowledge.saved_search(search) if search else session.default_search()
    err.print(f"[bold]{escape(saved.name)}[/bold] ({saved.app})")
    err.print(escape(session.expanded(saved)), style="dim")
    ctx = session.saved_context(saved, earliest, latest)
    loaded = load(session, saved.search, ctx, data, sourcetype, index, prefilter)
    finish(session, plan_search(saved.search, ctx), loaded, output, expect, tolerate)
