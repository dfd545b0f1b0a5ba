"""Outcomes for people: one line a test, and under each that failed what was expected and what came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from replay.report.table import printable
from replay.testing.junit import lines
from replay.testing.outcome import Outcome

_MARKS = {"passed": "[green]pass[/green]", "failed": "[bold red]FAIL[/bold red]",
          "error": "[bold red]ERROR[/bold red]", "skipped": "[yellow]skip[/yellow]"}  # fmt: skip


def show(outcome: Outcome) -> None:
    """One test, on standard output."""
    console = Console(soft_wrap=True, highlight=False)
    rows = f"{outcome.rows} row{'' if outcome.rows == 1 else 's'}, " if outcome.status in ("passed", "failed") else ""
    name = escape(printable(outcome.name))
    console.print(f"{_MARKS[outcome.status]}  {name} [dim]({rows}{outcome.seconds:.2f} s)[/dim]")
    if outcome.status == "passed":
        return
    if outcome.status != "skipped":
        console.print(f"      [dim]{escape(f'{outcome.file}:{outcome.line}')}[/dim]")
    if outcome.reason:
        console.print(f"      {escape(printable(outcome.reason))}")
    for finding in outcome.findings:
        kind, *details = "\n".join(lines(finding)).split("\n")
        console.print(f"      {escape(printable(kind))}")
        for line in details:
            different = line.startswith("  ! ")
            console.print(f"      {escape(printable(line))}", style="red" if different else "dim")


def summary(outcomes: Sequence[Outcome], seconds: float) -> str:
    """The last line: how many passed, failed, and so on."""
    states = Counter(outcome.status for outcome in outcomes)
    parts = [f"{states[status]} {status}" for status in ("passed", "failed", "error", "skipped") if states[status]]
    return f"{', '.join(parts) or 'no tests'} in {seconds:.1f} s"
