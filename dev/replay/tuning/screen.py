"""Candidates for people: what each keeps and drops, whose risk it takes, and which known attack it hides."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from replay.report import text_of
from replay.report.table import printable, write_table
from replay.tuning.effect import Effect, Tuning

_ROWS_SHOWN = 20


def show(tuning: Tuning) -> None:
    """All of it, on standard output."""
    console = Console(soft_wrap=True, highlight=False)
    hits = len(tuning.hits.rows)
    console.print(f"{_hits(hits)} with the empty filter")
    for effect in tuning.effects:
        if effect.origin != "suggested":
            console.print()
            _show_candidate(console, effect, tuning.fields)
    _show_suggestions(console, [effect for effect in tuning.effects if effect.origin == "suggested"], tuning)


def _hits(number: int) -> str:
    return f"{number} hit{'' if number == 1 else 's'}"


def _show_candidate(console: Console, effect: Effect, fields: Sequence[str]) -> None:
    installed = " [dim](the filter as it is installed)[/dim]" if effect.origin == "installed" else ""
    console.print(f"[bold]{escape(printable(effect.filter))}[/bold]{installed}")
    console.print(f"  keeps {effect.hits - len(effect.dropped)} of {_hits(effect.hits)}, drops {len(effect.dropped)}")
    width = max((len(printable(name)) for name in effect.risk), default=0)
    for name, (before, after) in effect.risk.items():
        loss = f"  [yellow]{text_of(after - before)}[/yellow]" if after != before else ""
        risk = f"risk {text_of(before)} -> {text_of(after)}"
        console.print(f"  {escape(printable(name).ljust(width))}  {risk}{loss}")
    _show_attacks(console, effect)
    if effect.dropped:
        console.print("  dropped:")
        write_table(fields, (dict(row) for row in effect.dropped[:_ROWS_SHOWN]))
        if len(effect.dropped) > _ROWS_SHOWN:
            console.print(f"  … and {len(effect.dropped) - _ROWS_SHOWN} more (--output json has them all)")


def _show_attacks(console: Console, effect: Effect) -> None:
    for attack in effect.attacks:
        what = "is no longer found" if not attack.after else f"loses {attack.before - attack.after} of its hits"
        rows = f"{attack.before} -> {attack.after} rows"
        console.print(f"  [bold red]known attack:[/bold red] `{escape(attack.test)}` {what} ({rows}; {attack.place})")


def _show_suggestions(console: Console, effects: Sequence[Effect], tuning: Tuning) -> None:
    if effects:
        console.print("\nthe most frequent values among them, each as a filter:")
    for effect in effects:
        risk = f", risk {text_of(-effect.lost)}" if effect.lost else ""
        console.print(f"\n[bold]{escape(effect.filter)}[/bold]")
        console.print(f"  drops {len(effect.dropped)} of {_hits(effect.hits)}{risk}")
        if effect.note:
            console.print(f"  [dim]{escape(effect.note)}[/dim]")
        if effect.attacks:
            gone = [attack.test for attack in effect.attacks if not attack.after]
            said = f"no longer finds {', '.join(f'`{name}`' for name in gone)}" if gone else "loses some of their hits"
            console.print(f"  [bold red]known attacks:[/bold red] {escape(printable(said))}")
    for line in tuning.unfiltered:
        console.print(f"[yellow]{escape(printable(line))}[/yellow]")
    if tuning.hits.rows and not tuning.effects:
        console.print("no value is in some of them and not in others: there is nothing to filter by")
