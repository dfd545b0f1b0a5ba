"""``replay check``: which saved searches of apps can run."""

from __future__ import annotations

from typing import Annotated

import typer

from replay.cli.common import Apps, app
from replay.session import Session


@app.command()
def check(
    apps: Apps = [], output: Annotated[str, typer.Option(help="text or json (one object a line).")] = "text",  # noqa: B006
) -> None:  # fmt: skip
    """Plan every saved search of the apps without data; exit with 2 if any fails."""
    from replay.check import check_searches
    from replay.cli.verdicts import check_output, print_verdicts

    check_output(output)
    print_verdicts(check_searches(Session(apps, accelerate=True)), output)
