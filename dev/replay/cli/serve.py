"""``replay serve``: a Splunk server's interfaces over the same engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from replay.cli.common import Apps, app, err


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
    scheduler: Annotated[bool, typer.Option(help="Run scheduled searches when they are due.")] = True,
) -> None:
    """Answer Splunk clients: the REST API and the HTTP Event Collector of a Splunk server, until it is stopped."""
    from replay.serve.command import run as run_server

    def say(text: str) -> None:
        err.print(escape(text))

    run_server(apps, store, host, api_port, hec_port, password_file, tls_cert, tls_key, scheduler, say)
