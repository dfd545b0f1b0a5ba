"""makeresults: rows out of nothing."""

from __future__ import annotations

import csv
import io
import json
from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.engine import Value
from replay.errors import SearchError
from replay.plan import Parser
from replay.relation import NULL, Expr, Kind, Relation, assign_columns, number
from replay.spl.scanner import Scanner


@command("makeresults")
class MakeResults(Command, frozen=True):
    """``makeresults [count=N] [annotate=b] [format=csv|json data="…"]``. Source: Search Reference, "makeresults"."""

    count: int = 1
    annotate: bool = False
    data: str | None = None
    format: str | None = None

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the options."""
        options = s.options(
            ("count", "annotate", "splunk_server", "splunk_server_group", "format", "data"), "makeresults"
        )
        s.finish("makeresults")
        form = options.get("format")
        if (form is None) != ("data" not in options) or form not in (None, "csv", "json"):
            raise s.error('`makeresults` takes `format=csv` or `format=json` together with `data="…"`')
        return cls(
            s.integer(options.get("count", "1"), "count"),
            s.boolean(options.get("annotate", "f")),
            options.get("data"),
            form,
        )

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Refuse: the command generates."""
        raise SearchError("`makeresults` must be the first command of a search", ctx.place)

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """The rows; each has ``_time`` = now."""
        if self.data is not None:
            return self._from_data(self.data, ctx)
        time = number(ctx.now)
        columns = {"_time": time}
        if self.annotate:
            columns |= dict.fromkeys(("_raw", "host", "source", "sourcetype", "splunk_server_group"), NULL)
            columns["splunk_server"] = Expr("'replay'", Kind.STR)
        base = Relation(f"(SELECT unnest(generate_series(1, {self.count})) AS __n)", {})
        return base.project(columns)

    def _from_data(self, data: str, ctx: Context) -> Relation:
        rows: list[dict[str, Value]] = []
        if self.format == "csv":
            table = list(csv.reader(io.StringIO(data.strip("\n"))))
            names = table[0] if table else []
            rows = [{n: v for n, v in zip(names, row, strict=False) if v != ""} for row in table[1:]]
        else:
            try:
                parsed = json.loads(data)
            except ValueError as e:
                raise SearchError(f"`makeresults`: data is not JSON: {e}", ctx.place) from e
            for item in parsed if isinstance(parsed, list) else [parsed]:
                if not isinstance(item, dict):
                    raise SearchError("`makeresults`: data must be JSON objects", ctx.place)
                rows.append({k: v if isinstance(v, str) else json.dumps(v) for k, v in item.items() if v is not None})
            names = list(dict.fromkeys(k for row in rows for k in row))
        kinds = dict.fromkeys(names, Kind.STR)
        return ctx.engine.load_rows(rows, assign_columns(kinds)).extend({"_time": number(ctx.now)})
