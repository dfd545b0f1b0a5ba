"""``replay explain``: what a saved search becomes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from replay.cli.common import Apps, Macros, app, open_session
from replay.plan import explain_sql


@app.command()
def explain(
    name: Annotated[str | None, typer.Argument(help="Name of a saved search.")] = None,
    apps: Apps = [], macros: Macros = [],  # noqa: B006
) -> None:  # fmt: skip
    """Show a saved search with its macros expanded, and the SQL that it becomes."""
    session = open_session(apps, macros)
    saved = session.knowledge.saved_search(name) if name else session.default_search()
    head = f"-- {saved.name} ({saved.app})\n\n{session.expanded(saved)}\n"
    sys.stdout.write(f"{head}\n{explain_sql(saved.search, session.saved_context(saved))}\n")
