"""Results as people and programs read them: table, JSON lines, CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from replay.engine import Value
from replay.registry import Registry

Row = dict[str, Value]
Report = Callable[[Sequence[str], Iterable[Row]], None]

REPORTS: Registry[Report] = Registry("replay.report", "output format")
report = REPORTS.claim


def text_of(value: Value) -> str:
    """A value as Splunk prints it: integers without decimals, multivalues one a line."""
    if isinstance(value, list):
        return "\n".join(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e17 else repr(value)
    return "" if value is None else str(value)
