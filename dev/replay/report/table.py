"""A table for people. Where not all fields fit, those that an analyst reads first are shown, and the others named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from replay.report import Row, report, text_of

PIPE_WIDTH = 200
HEADLINE = (
    "_time", "firstTime", "lastTime", "risk_object", "dest", "src", "user", "parent_process_name", "process_name",
    "process", "file_name", "registry_path", "signature", "count", "risk_score", "risk_message",
)  # fmt: skip
"""Fields that tell what happened, in the order in which one reads them."""


@report("table")
def write_table(fields: Sequence[str], rows: Iterable[Row]) -> None:
    """Write to standard output, as wide as the terminal, or 200 columns into a pipe."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPE_WIDTH)
    printed = [{n: printable(text_of(v)) for n, v in row.items()} for row in rows]
    if not printed:
        console.print("no results")
        return
    names = [n for n in fields if any(n in row for row in printed)]
    table = _table(names, printed)
    if console.measure(table).minimum > console.width or _natural_width(names, printed) > console.width:
        shown = [n for n in HEADLINE if n in names] or names
        table = _table(shown, printed)
        names = [n for n in names if n not in shown]
    else:
        names = []
    console.print(table)
    if names:
        console.print(f"[dim]not shown: {escape(', '.join(names))} (--output json has every field)[/dim]")


def _table(names: Sequence[str], rows: Sequence[dict[str, str]]) -> Table:
    table = Table(header_style="bold", show_lines=_natural_width(names, rows) > PIPE_WIDTH)
    for name in names:
        table.add_column(escape(name), overflow="fold")
    for row in rows:
        table.add_row(*(escape(row.get(n, "")) for n in names))
    return table


def _natural_width(names: Sequence[str], rows: Sequence[dict[str, str]]) -> int:
    """Columns that the table needs so that no cell is folded."""
    cells = ([name, *(row.get(name, "") for row in rows)] for name in names)
    return sum(max(len(line) for cell in column for line in cell.split("\n")) + 3 for column in cells) + 1


def printable(text: str) -> str:
    """Control characters made visible: what an event holds must not steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)
