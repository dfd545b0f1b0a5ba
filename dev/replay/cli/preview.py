"""``replay preview``: the dashboards of apps in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from replay.cli.common import Apps, IndexName, app, err


@app.command()
def preview(
    data: Annotated[
        list[Path],
        typer.Argument(help="Log files, folders or archives; without any, the shipped sample.", metavar="DATA..."),
    ] = [],  # noqa: B006
    apps: Apps = [],  # noqa: B006
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes any.")] = 8000,
    index: IndexName = "main",
    risk: Annotated[
        bool, typer.Option(help="Run the app's correlation searches first, so that there are risk events.")
    ] = True,
) -> None:
    """Show the apps' dashboards in a browser, drawn by Splunk's own packages (needs Node.js), over events of logs."""
    from replay.preview.command import run

    run(apps, [str(path) for path in data], port, index, risk, lambda text: err.print(escape(text), highlight=False))
