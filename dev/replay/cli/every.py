"""``replay run --all``: every saved search of an app, a line for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import typer

from replay.check import Outcome, run_searches
from replay.cli.common import MALFORMED, err, problems
from replay.cli.progress import counting
from replay.cli.verdicts import check_output, print_verdicts
from replay.session import Loaded, Session


def run_all(
    session: Session, read: Callable[[], Loaded], earliest: str | None, latest: str | None, output: str, tolerate: bool
) -> None:
    """Read events, run the saved searches and print what they found; leave with the status that the run deserves."""
    output = "text" if output == "table" else output
    check_output(output)
    loaded = read()
    problems(loaded)
    err.print(f"{loaded.events} events" + (f", read from {loaded.files} files" if loaded.files else ""))
    searches = session.own_searches()
    with counting("searching", len(searches)) as advance:
        outcomes = run_searches(session, searches, earliest=earliest, latest=latest)
        print_verdicts(_each(outcomes, advance), output)
    if loaded.problems and not tolerate:
        raise typer.Exit(MALFORMED)


def _each(outcomes: Iterator[Outcome], advance: Callable[[int], None]) -> Iterator[Outcome]:
    for outcome in outcomes:
        advance(1)
        yield outcome
