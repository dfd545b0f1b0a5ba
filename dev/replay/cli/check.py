"""``replay check``: which saved searches of apps can run."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from replay.cli.common import WRONG, Apps, app, err
from replay.session import Session


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
