"""``replay search``: a search as typed, on logs."""

from __future__ import annotations

from typing import Annotated

import typer

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
    finish,
    large,
    load,
    open_session,
)
from replay.errors import Place
from replay.plan import parse, plan_pipeline
from replay.prefilter import required_texts


@app.command()
def search(
    spl: Annotated[str, typer.Argument(help="A search, as typed into Splunk.", metavar="SPL")], data: Data = [],  # noqa: B006
    apps: Apps = [], earliest: Earliest = None, latest: Latest = None, macros: Macros = [],  # noqa: B006
    output: Output = "table", expect: Expect = None, sourcetype: Sourcetype = None, index: IndexName = "main",
    tolerate: Tolerate = False, prefilter: Prefilter = True, store: Store = None,
) -> None:  # fmt: skip
    """Run a search on logs."""
    session = open_session(apps, macros, store)
    session.index.prefilter = prefilter
    ctx = session.context(session.home, Place(), earliest, latest)
    pipeline = parse(spl, ctx)
    texts = required_texts(pipeline, ctx) if prefilter and large(data) else None
    loaded = load(session, data, sourcetype, index, texts)
    finish(session, lambda: plan_pipeline(pipeline, ctx), loaded, output, expect, tolerate)
