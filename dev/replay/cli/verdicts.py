"""What the verbs that try many saved searches print: a line for each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

import typer

from replay.check import Outcome, Verdict
from replay.cli.common import WRONG, err
from replay.errors import ReplayError

OUTPUTS = ("text", "json")


def check_output(output: str) -> None:
    """Refuse, before anything is done, an output that there is not.

    Raises:
        ReplayError: it is none.
    """
    if output not in OUTPUTS:
        raise ReplayError(f"--output {output}: one of {', '.join(OUTPUTS)}")


def print_verdicts(verdicts: Iterable[Verdict], output: str) -> None:
    """Print a line for each verdict as it comes; leave with 2 if one fails."""
    failed = 0
    for verdict in verdicts:
        failed += verdict.status != "runs"
        line = json.dumps(verdict.as_dict(), ensure_ascii=False) if output == "json" else _text(verdict)
        sys.stdout.write(line + "\n")
    if failed:
        err.print(f"{failed} fail")
        raise typer.Exit(WRONG)


def _text(verdict: Verdict) -> str:
    why = f": {verdict.reason}" + (f" ({verdict.place})" if verdict.place else "") if verdict.reason else ""
    counted = ""
    if isinstance(verdict, Outcome):
        counted = f"{'' if verdict.results is None else verdict.results:>8}  {verdict.seconds:7.2f} s  "
    return f"{verdict.status:5}  {counted}{verdict.app}  {verdict.search}{why}"
