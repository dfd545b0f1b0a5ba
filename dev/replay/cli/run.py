"""``replay run``: a saved search of an app on logs."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

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
    Tolerate,
    app,
    conclude,
    err,
    finish,
    load,
    open_session,
    until_the_reader_leaves,
)
from replay.errors import ReplayError
from replay.plan import plan_search
from replay.report import REPORTS

if TYPE_CHECKING:
    from replay.context import Context
    from replay.knowledge import SavedSearch
    from replay.session import Loaded, Session

HTML = "html"
RunOutput = Annotated[str, typer.Option(help="table, json (one object a line), csv, or html (a page to send).")]


@app.command()
def run(
    data: Data, apps: Apps = [], search: Annotated[str | None, typer.Option(help="Name of a saved search.")] = None,  # noqa: B006
    earliest: Earliest = None, latest: Latest = None, macros: Macros = [], output: RunOutput = "table",  # noqa: B006
    expect: Expect = None, sourcetype: Sourcetype = None, index: IndexName = "main", tolerate: Tolerate = False,
    prefilter: Prefilter = True,
) -> None:  # fmt: skip
    """Run a saved search of an app on logs (without --search: the app's own correlation search)."""
    check_output(output)
    session = open_session(apps, macros)
    warnings = overhear(session)
    saved = session.knowledge.saved_search(search) if search else session.default_search()
    err.print(f"[bold]{escape(saved.name)}[/bold] ({saved.app})")
    err.print(escape(session.expanded(saved)), style="dim")
    ctx = session.saved_context(saved, earliest, latest)
    loaded = load(session, saved.search, ctx, data, sourcetype, index, prefilter and output != HTML)
    if output == HTML:
        started = time.perf_counter()
        hits = write_page(session, saved, ctx, loaded, data, (earliest, latest), warnings)
        conclude(loaded, hits, time.perf_counter() - started, expect, tolerate)
        return
    finish(session, plan_search(saved.search, ctx), loaded, output, expect, tolerate)


def check_output(output: str) -> None:
    """Refuse, before anything is read, an output that there is not, and a page on a screen."""
    if output != HTML and REPORTS.get(output) is None:
        raise ReplayError(f"--output {output}: one of {', '.join(sorted([HTML, *REPORTS.names()]))}")
    if output == HTML and sys.stdout.isatty():
        raise ReplayError(
            "--output html is a page for a browser: send it to a file, as in … --output html > report.html"
        )


def overhear(session: Session) -> list[str]:
    """The list in which every warning of the session will be, beside where it goes already."""
    heard: list[str] = []
    tell = session.warn

    def warn(message: str) -> None:
        heard.append(message)
        tell(message)

    session.warn = warn
    return heard


def write_page(
    session: Session, saved: SavedSearch, ctx: Context, loaded: Loaded, data: list[str],
    times: tuple[str | None, str | None], warnings: list[str],
) -> int:  # fmt: skip
    """Write the report of a run to standard output; returns how many hits it has."""
    from replay.report.html.findings import findings
    from replay.report.html.page import Run, page

    found = findings(session, saved, ctx, loaded)
    app = session.knowledge.apps[saved.app]
    text = page(found, Run(data, app, *times, session.macros, session.now, warnings))
    with until_the_reader_leaves():
        sys.stdout.buffer.write(text.encode("utf-8"))  # as its head says, whatever the locale
    return found.count
