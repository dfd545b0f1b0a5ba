"""A table for people. Where not all fields fit, those that an analyst reads first are shown, and the others named; in a
narrow terminal each row is a block of lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from replay.console import console
from replay.report import Row, report, text_of

PIPE_WIDTH = 200
READABLE = 12
"""Columns of the screen that a folded field needs at least to be read with ease."""
HEADLINE = (
    "_time", "firstTime", "lastTime", "risk_object", "dest", "src", "user", "parent_process_name", "process_name",
    "process", "file_name", "registry_path", "signature", "count", "risk_score", "risk_message",
)  # fmt: skip
"""Fields that tell what happened, in the order in which one reads them."""


@report("table")
def write_table(fields: Sequence[str], rows: Iterable[Row]) -> None:
    """Write to standard output, as wide as the terminal, or 200 columns into a pipe."""
    screen = console()
    if not screen.is_terminal:
        screen = console(width=PIPE_WIDTH)
    printed = [{n: printable(text_of(v)) for n, v in row.items()} for row in rows]
    if not printed:
        screen.print("no results")
        return
    names = [n for n in fields if any(n in row for row in printed)]
    shown = names
    if _natural_width(names, printed) > screen.width:
        shown = [n for n in HEADLINE if n in names] or names
    if _readable_width(shown, printed) > screen.width:
        for number, row in enumerate(printed, 1):
            screen.print(f"[bold]{number}[/bold]")
            screen.print(Padding(_block(shown, row), (0, 0, 1, 2)))
    else:
        screen.print(_table(shown, printed))
    hidden = [n for n in names if n not in shown]
    if hidden:
        screen.print(f"[dim]not shown: {escape(', '.join(hidden))} (--output json has every field)[/dim]")


def _table(names: Sequence[str], rows: Sequence[dict[str, str]]) -> Table:
    table = Table(header_style="bold", show_lines=_natural_width(names, rows) > PIPE_WIDTH)
    for name in names:
        table.add_column(escape(name), overflow="fold")
    for row in rows:
        table.add_row(*(escape(row.get(n, "")) for n in names))
    return table


def _block(names: Sequence[str], row: dict[str, str]) -> Table:
    block = Table.grid(padding=(0, 2))
    block.add_column(style="dim")
    block.add_column(overflow="fold")
    for name in names:
        if name in row:
            block.add_row(escape(name), escape(row[name]))
    return block


def _widths(names: Sequence[str], rows: Sequence[dict[str, str]]) -> list[int]:
    """Columns of the screen that each field needs so that none of its values is folded."""
    cells = ([name, *(row.get(name, "") for row in rows)] for name in names)
    return [max(len(line) for cell in column for line in cell.split("\n")) for column in cells]


def _natural_width(names: Sequence[str], rows: Sequence[dict[str, str]]) -> int:
    return sum(width + 3 for width in _widths(names, rows)) + 1


def _readable_width(names: Sequence[str], rows: Sequence[dict[str, str]]) -> int:
    return sum(min(width, READABLE) + 3 for width in _widths(names, rows)) + 1


def printable(text: str) -> str:
    """Control characters made visible: what an event holds must not steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)
