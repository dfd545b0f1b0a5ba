"""``replay run --output html``: the report of a run as a page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from replay.cli.common import until_the_reader_leaves
from replay.errors import ReplayError
from replay.report import REPORTS

if TYPE_CHECKING:
    from replay.context import Context
    from replay.knowledge import SavedSearch
    from replay.session import Loaded, Session

HTML = "html"


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
