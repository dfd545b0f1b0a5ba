"""Helpers of the tests: small apps on disk, small stores of rows, and comparison of result rows."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from replay.commands import Needs
from replay.context import Context
from replay.engine import Engine, Value
from replay.knowledge import Knowledge
from replay.plan import plan_search
from replay.relation import Kind, Relation, as_number, assign_columns, string
from replay.spl.search import SearchExpr

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

Row = Mapping[str, Any]


def write_app(folder: Path, confs: Mapping[str, Mapping[str, Mapping[str, str]]]) -> Path:
    """An app on disk: conf name -> stanza -> key -> value."""
    (folder / "default").mkdir(parents=True, exist_ok=True)
    (folder / "metadata").mkdir(exist_ok=True)
    (folder / "default/app.conf").write_text(f"[package]\nid = {folder.name}\n", encoding="utf-8")
    for conf, stanzas in confs.items():
        lines = []
        for stanza, settings in stanzas.items():
            lines += [f"[{stanza}]", *(f"{k} = {v}" for k, v in settings.items()), ""]
        (folder / f"default/{conf}.conf").write_text("\n".join(lines), encoding="utf-8")
    return folder


def write_lookup(folder: Path, name: str, rows: Sequence[Row]) -> None:
    """A CSV lookup in the app; an absent key is an empty cell."""
    (folder / "lookups").mkdir(parents=True, exist_ok=True)
    fields = list(dict.fromkeys(k for row in rows for k in row)) or ["unused"]
    with (folder / "lookups" / name).open("w", encoding="utf-8", newline="") as f:
        writer = csv.DictWriter(f, fields)
        writer.writeheader()
        writer.writerows(rows)


def sysmon_event(number: int, host: str, time: str, **data: str) -> str:
    """A line of a log: an event of Sysmon, with these data.

    Args:
        number: its EventID; 1 is the start of a process.
        host: where.
        time: after the day, such as ``10:00:00``; the day is 2024-03-12.
        data: EventData by Sysmon's names.
    """
    told = {"UtcTime": f"2024-03-12 {time}.000", **data}
    fields = "".join(f"<Data Name='{name}'>{escape(value)}</Data>" for name, value in told.items())
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        f"<Provider Name='Microsoft-Windows-Sysmon'/><EventID>{number}</EventID>"
        f"<TimeCreated SystemTime='2024-03-12T{time}.000000000Z'/>"
        f"<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>{escape(host)}</Computer></System>"
        f"<EventData>{fields}</EventData></Event>\n"
    )


class RowStore:
    """A store whose events are given rows: dataset ``DM.Proc`` and plain searches read the same ones."""

    def __init__(self, engine: Engine, rows: Sequence[Row], model: str = "DM", dataset: str = "Proc") -> None:
        self.engine, self.rows, self.model, self.name = engine, rows, model, dataset

    def events(self, ctx: Context, expr: SearchExpr, needs: Needs) -> Relation:
        from replay.terms import compile_terms

        rel = self._relation("", ctx)
        return rel.filter(compile_terms(expr, rel.field, ctx))

    def dataset(self, ctx: Context, model: str, dataset: str, needs: Needs) -> Relation:
        assert (model, dataset) == (self.model, self.name)
        return self._relation(f"{dataset}.", ctx).extend({"nodename": string(dataset)})

    def _relation(self, prefix: str, ctx: Context) -> Relation:
        from replay.terms import TimeRange, time_predicate

        names = dict.fromkeys(k for row in self.rows for k in row)
        columns = {n if n.startswith("_") else prefix + n: n for n in names}
        rows = [{field: row[n] for field, n in columns.items() if n in row} for row in self.rows]
        rel = self.engine.load_rows(rows, assign_columns(dict.fromkeys(columns, Kind.STR)))
        if not rel.has("_time"):
            return rel
        rel = rel.extend({"_time": as_number(rel.field("_time"))})
        return rel.filter(time_predicate(TimeRange(ctx.earliest, ctx.latest)))


def run_spl(spl: str, app: Path, rows: Sequence[Row] = (), **context: Any) -> tuple[list[dict[str, Value]], list[str]]:
    """Run a search in the app over given events; returns rows and columns."""
    engine = Engine()
    store = RowStore(engine, rows, context.pop("model", "DM"), context.pop("dataset", "Proc"))
    ctx = Context(engine, Knowledge.load([app]), store, app.name, **context)
    rel = plan_search(spl, ctx)
    return list(engine.rows(rel)), list(rel.columns)


def run_case(case: Mapping[str, Any], folder: Path) -> tuple[list[dict[str, Value]], list[str]]:
    """Run one case: its input is the lookup ``input`` and, with ``setup.datamodel``, the events of a data model."""
    setup = case.get("setup") or {}
    transforms = {"input": {"filename": "input.csv", **setup.get("transforms", {}).get("input", {})}}
    app = write_app(folder / "cases", {"macros": setup.get("macros", {}), "transforms": transforms})
    write_lookup(app, "input.csv", case["input"])
    model = setup.get("datamodel")
    extra = {"model": model["name"], "dataset": model["dataset"]} if model else {}
    return run_spl(case["spl"], app, case["input"], **extra)


def same_rows(got: Sequence[Row], expected: Sequence[Row], *, ordered: bool) -> bool:
    """Rows agree: absent is null, a list is a multivalue, an expected number equals any text that parses to it."""
    visible = [{k: v for k, v in row.items() if not (k.startswith("_") and k not in _keys(expected))} for row in got]
    if len(visible) != len(expected):
        return False
    if ordered:
        return all(same_row(a, b) for a, b in zip(visible, expected, strict=True))
    left = list(visible)
    for row in expected:
        match = next((i for i, candidate in enumerate(left) if same_row(candidate, row)), None)
        if match is None:
            return False
        del left[match]
    return True


def _keys(rows: Sequence[Row]) -> set[str]:
    return {k for row in rows for k in row}


def same_row(got: Row, expected: Row) -> bool:
    """One row agrees with what is expected."""
    wanted = {k: v for k, v in expected.items() if v is not None}
    return got.keys() == wanted.keys() and all(_same_value(got[k], v) for k, v in wanted.items())


def _same_value(got: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        return isinstance(got, list) and len(got) == len(expected) and all(map(_same_value, got, expected))
    if isinstance(got, list):
        return len(got) == 1 and _same_value(got[0], expected)
    if isinstance(expected, (int, float)) and not isinstance(expected, bool):
        try:
            return math.isclose(float(got), expected, rel_tol=1e-6)
        except ValueError:
            return False
    return _text(got) == str(expected)


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
