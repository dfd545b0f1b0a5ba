"""Outcomes for people: one line a test, and under each that failed what was expected and what came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.markup import escape

from replay.console import console
from replay.report.table import printable
from replay.testing.junit import lines
from replay.testing.outcome import Outcome

_MARKS = {"passed": "[green]pass[/green]", "failed": "[bold red]FAIL[/bold red]",
          "error": "[bold red]ERROR[/bold red]", "skipped": "[yellow]skip[/yellow]"}  # fmt: skip


def show(outcome: Outcome) -> None:
    """One test, on standard output."""
    screen = console(soft_wrap=True)
    rows = f"{outcome.rows} row{'' if outcome.rows == 1 else 's'}, " if outcome.status in ("passed", "failed") else ""
    name = escape(printable(outcome.name))
    screen.print(f"{_MARKS[outcome.status]}  {name} [dim]({rows}{outcome.seconds:.2f} s)[/dim]")
    if outcome.status == "passed":
        return
    if outcome.status != "skipped":
        screen.print(f"      [dim]{escape(f'{outcome.file}:{outcome.line}')}[/dim]")
    if outcome.reason:
        screen.print(f"      {escape(printable(outcome.reason))}")
    for finding in outcome.findings:
        kind, *details = "\n".join(lines(finding)).split("\n")
        screen.print(f"      {escape(printable(kind))}")
        for line in details:
            different = line.startswith("  ! ")
            screen.print(f"      {escape(printable(line))}", style="red" if different else "dim")


def summary(outcomes: Sequence[Outcome], seconds: float) -> str:
    """The last line: how many passed, failed, and so on."""
    states = Counter(outcome.status for outcome in outcomes)
    parts = [f"{states[status]} {status}" for status in ("passed", "failed", "error", "skipped") if states[status]]
    return f"{', '.join(parts) or 'no tests'} in {seconds:.1f} s"
