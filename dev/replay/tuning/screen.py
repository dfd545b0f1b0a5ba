"""Candidates for people: what each keeps and drops, whose risk it takes, and which known attack it hides."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from replay.console import console
from replay.report import text_of
from replay.report.table import printable, write_table
from replay.tuning.effect import Effect, Tuning

_ROWS_SHOWN = 20


def show(tuning: Tuning) -> None:
    """All of it, on standard output."""
    screen = console(soft_wrap=True)
    hits = len(tuning.hits.rows)
    screen.print(f"{_hits(hits)} with the empty filter")
    for effect in tuning.effects:
        if effect.origin != "suggested":
            screen.print()
            _show_candidate(screen, effect, tuning.fields)
    _show_suggestions(screen, [effect for effect in tuning.effects if effect.origin == "suggested"], tuning)


def _hits(number: int) -> str:
    return f"{number} hit{'' if number == 1 else 's'}"


def _show_candidate(screen: Console, effect: Effect, fields: Sequence[str]) -> None:
    installed = " [dim](the filter as it is installed)[/dim]" if effect.origin == "installed" else ""
    screen.print(f"[bold]{escape(printable(effect.filter))}[/bold]{installed}")
    screen.print(f"  keeps {effect.hits - len(effect.dropped)} of {_hits(effect.hits)}, drops {len(effect.dropped)}")
    width = max((len(printable(name)) for name in effect.risk), default=0)
    for name, (before, after) in effect.risk.items():
        loss = f"  [yellow]{text_of(after - before)}[/yellow]" if after != before else ""
        risk = f"risk {text_of(before)} -> {text_of(after)}"
        screen.print(f"  {escape(printable(name).ljust(width))}  {risk}{loss}")
    _show_attacks(screen, effect)
    if effect.dropped:
        screen.print("  dropped:")
        write_table(fields, (dict(row) for row in effect.dropped[:_ROWS_SHOWN]))
        if len(effect.dropped) > _ROWS_SHOWN:
            screen.print(f"  … and {len(effect.dropped) - _ROWS_SHOWN} more (--output json has them all)")


def _show_attacks(screen: Console, effect: Effect) -> None:
    for attack in effect.attacks:
        what = "is no longer found" if not attack.after else f"loses {attack.before - attack.after} of its hits"
        rows = f"{attack.before} -> {attack.after} rows"
        screen.print(f"  [bold red]known attack:[/bold red] `{escape(attack.test)}` {what} ({rows}; {attack.place})")


def _show_suggestions(screen: Console, effects: Sequence[Effect], tuning: Tuning) -> None:
    if effects:
        screen.print("\nthe most frequent values among them, each as a filter:")
    for effect in effects:
        risk = f", risk {text_of(-effect.lost)}" if effect.lost else ""
        screen.print(f"\n[bold]{escape(effect.filter)}[/bold]")
        screen.print(f"  drops {len(effect.dropped)} of {_hits(effect.hits)}{risk}")
        if effect.note:
            screen.print(f"  [dim]{escape(effect.note)}[/dim]")
        if effect.attacks:
            gone = [attack.test for attack in effect.attacks if not attack.after]
            said = f"no longer finds {', '.join(f'`{name}`' for name in gone)}" if gone else "loses some of their hits"
            screen.print(f"  [bold red]known attacks:[/bold red] {escape(printable(said))}")
    for line in tuning.unfiltered:
        screen.print(f"[yellow]{escape(printable(line))}[/yellow]")
    if tuning.hits.rows and not tuning.effects:
        screen.print("no value is in some of them and not in others: there is nothing to filter by")
