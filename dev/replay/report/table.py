"""A table for people. What is the same in every row is said once, below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from replay.report import Row, report, text_of

_PIPE_WIDTH = 200


@report("table")
def write_table(fields: Sequence[str], rows: Iterable[Row]) -> None:
    """Write to standard output, as wide as the terminal, or 200 columns into a pipe."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPE_WIDTH)
    everything = [{n: printable(text_of(v)) for n, v in row.items()} for row in rows]
    if not everything:
        console.print("no results")
        return
    names = [n for n in fields if any(n in row for row in everything)]
    shared = [n for n in names if len(everything) > 1 and len({row.get(n) for row in everything}) == 1]
    table = Table(show_lines=any(len(row) > 6 for row in everything), header_style="bold")
    for name in names:
        if name not in shared:
            table.add_column(escape(name), overflow="fold")
    for row in everything:
        table.add_row(*(escape(row.get(n, "")) for n in names if n not in shared))
    if table.columns:
        console.print(table)
    for name in shared:
        console.print(
            f"[dim]in every row:[/dim] {escape(name)} = {escape(everything[0][name])}", highlight=False
        )


def printable(text: str) -> str:
    """Control characters made visible: what an event holds must not steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)
