"""``replay test``: detection tests that are data."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from replay.cli.common import UNEXPECTED, WRONG, Apps, Sourcetype, app, err
from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.testing.spec import DetectionTest

Paths = Annotated[
    list[Path],
    typer.Argument(help="Files of tests, or folders of them (tests/detections of the app); with --new, logs."),
]


@app.command()
def test(
    paths: Paths = [], apps: Apps = [],  # noqa: B006
    junit_xml: Annotated[Path | None, typer.Option(help="Write JUnit XML for a CI system.", metavar="FILE")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 for one a core.")] = 0,
    output: Annotated[str, typer.Option(help="text or json (one object a line).")] = "text",
    new: Annotated[str | None, typer.Option(help="Write the test of this saved search.", metavar="NAME")] = None,
    sourcetype: Sourcetype = None,
) -> None:  # fmt: skip
    """Run detection tests: each a saved search on its logs. Exit with 1 if one fails, with 2 if one is wrong."""
    if output not in ("text", "json"):
        raise ReplayError(f"--output {output}: one of text, json")
    from replay.testing.runner import Runner, run_all, tests_folder

    if new is not None:
        from replay.testing.new import write_test

        sys.stdout.write(f"{write_test(Runner(apps), new, paths, tests_folder(apps), sourcetype)}\n")
        return
    from replay.testing.junit import write_junit
    from replay.testing.screen import show, summary

    started = time.perf_counter()
    tests = _read(paths or [tests_folder(apps)])
    outcomes = []
    for outcome in run_all(tests, apps, min(workers or os.cpu_count() or 1, len(tests))):
        outcomes.append(outcome)
        if output == "json":
            sys.stdout.write(json.dumps(outcome.as_dict(), ensure_ascii=False) + "\n")
        else:
            show(outcome)
    if junit_xml is not None:
        try:
            write_junit(outcomes, junit_xml)
        except OSError as e:
            raise ReplayError(f"--junit-xml {junit_xml}: cannot be written: {e.strerror}") from e
    err.print(summary(outcomes, time.perf_counter() - started))
    if any(outcome.wrong for outcome in outcomes):
        raise typer.Exit(WRONG)
    if any(outcome.status in ("failed", "error") for outcome in outcomes):
        raise typer.Exit(UNEXPECTED)


def _read(paths: list[Path]) -> list[DetectionTest]:
    from replay.testing.spec import find_files, read_tests

    tests: list[DetectionTest] = []
    errors: list[ReplayError] = []
    for file in find_files(paths):
        try:
            tests += read_tests(file)
        except ReplayError as e:
            errors.append(e)
    for error in errors[:-1]:  # the last one ends the run
        err.print(f"[bold red]error:[/bold red] {escape(str(error))}")
    if errors:
        raise errors[-1]
    return tests
