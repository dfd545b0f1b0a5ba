"""``replay check``: which saved searches of apps can run."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from replay.cli.common import Apps, app, err
from replay.session import Session


@app.command()
def check(
    apps: Apps = [], output: Annotated[str, typer.Option(help="text or json (one object a line).")] = "text",  # noqa: B006
) -> None:  # fmt: skip
    """Plan every saved search of the apps without data; exit with 2 if any fails."""
    from replay.check import check_searches
    from replay.cli.verdicts import check_output, print_verdicts
    from replay.custom_commands import taken_names

    check_output(output)
    session = Session(apps, accelerate=True)
    for one in session.knowledge.apps.values():
        for taken in taken_names(one):
            err.print(f"[yellow]warning:[/yellow] {escape(f'{taken.place}: {taken.message}')}")
    print_verdicts(check_searches(session), output)
