"""Runs a search up to its filter once, and each candidate filter over what came.

Each row that reaches the filter gets a number, which tells afterwards whether it was kept. Risk is what the app's
command ``rbaenrich output=events`` gives: one row for each risk object, with the score that the search arrives at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from replay.context import Context
from replay.engine import Value
from replay.errors import Place, SearchError
from replay.knowledge import SavedSearch
from replay.plan import Parser, Pipeline, expand_macros, parse, plan_onto, plan_pipeline
from replay.relation import ORDER, Expr, Kind, Relation
from replay.report import text_of
from replay.risk import by_risk_object, enriched
from replay.spl.scanner import Scanner
from replay.tuning.filters import EMPTY, FilterCall

HIT = "_hit"
"""The field that numbers the hits; its name begins with ``_``, so that ``fields`` leaves it."""
_NUMBER = Expr(f"CAST(row_number() OVER (ORDER BY {ORDER}) AS DOUBLE)", Kind.NUM)


class Hits(Struct, frozen=True):
    """The hits that a filter keeps.

    Attributes:
        rows: number of the hit -> its fields.
        risk: risk object -> the sum of the scores that these hits give it; empty without a risk action.
    """

    rows: Mapping[int, Mapping[str, Value]]
    risk: Mapping[str, float]


class Tuner:
    """A saved search on the events that the session holds now.

    Args:
        saved: the search.
        call: where it calls its filter.
        ctx: its context; nothing that is asked later sees other events.

    Raises:
        ReplayError: the search cannot run.
    """

    def __init__(self, saved: SavedSearch, call: FilterCall, ctx: Context) -> None:
        self._call, self._ctx = call, ctx
        before = plan_pipeline(parse(call.before, ctx), ctx)
        self._before = ctx.materialize(before.extend({HIT: _NUMBER}))
        self.fields = [name for name in before.columns if not name.startswith("_") or name in ("_time", "_raw")]
        self._after = _after(saved, call, ctx)

    def reaching(self, candidate: str = EMPTY) -> set[int]:
        """Numbers of the rows that reach the filter and that the candidate keeps.

        Raises:
            SearchError: see ``keep``.
        """
        return {_number(row) for row in self._ctx.engine.rows(self._filtered(candidate).keep([HIT]))}

    def keep(self, candidate: str = EMPTY) -> Hits:
        """What comes out of the search with this filter.

        Raises:
            SearchError: the candidate is no search command, or makes rows that are no longer those that came in; or
                what follows the filter does.
        """
        relation = plan_onto(self._filtered(candidate), self._after.commands, self._ctx)
        rows: dict[int, Mapping[str, Value]] = {}
        risk: dict[str, float] = defaultdict(float)
        for row in self._ctx.engine.rows(relation):
            if HIT not in row:
                why = "what follows the filter makes new rows of the hits, so that they cannot be told apart"
                raise SearchError(f"`{self._call.macro}`: {why}", self._ctx.place)
            rows.setdefault(_number(row), {name: row[name] for name in self.fields if name in row})
            risk_object = text_of(row.get("risk_object"))
            if risk_object:
                risk[risk_object] += float(text_of(row.get("risk_score")) or 0)
        return Hits(dict(sorted(rows.items())), dict(sorted(risk.items())))

    def _filtered(self, candidate: str) -> Relation:
        place = Place(file=f"filter `{candidate}`")
        ctx = replace(self._ctx, place=place)
        pipeline = Parser(ctx).pipeline(Scanner(expand_macros(candidate, ctx), place=place), generates=False)
        relation = plan_onto(self._before, pipeline.commands, ctx)
        if not relation.has(HIT):
            raise SearchError("it makes other rows of those that come in: a filter only keeps or drops", place)
        return relation


def _number(row: Mapping[str, Value]) -> int:
    return int(float(text_of(row[HIT])))


def _after(saved: SavedSearch, call: FilterCall, ctx: Context) -> Pipeline:
    """What follows the filter, with the risk of each object in it, if the search has any."""
    text = enriched(saved, expand_macros(call.after, ctx), ctx)
    if not text.strip():
        return Pipeline(())
    commands = Parser(ctx).pipeline(Scanner(text, place=ctx.place), generates=False).commands
    return Pipeline(by_risk_object(commands))


def frequent_values(hits: Hits) -> Iterator[tuple[str, str, int]]:
    """Field, value and in how many hits, the most frequent first; none that is in every hit.

    Values that differ in case only are one, as they are for ``search``, in the most frequent spelling. What tells one
    run of a program from another (times, ids of processes) is left out: it does not come again.
    """
    counts: dict[tuple[str, str], set[int]] = defaultdict(set)
    spellings: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for number, row in hits.rows.items():
        for field, value in row.items():
            for one in value if isinstance(value, list) else [value]:
                if not _passing(field) and one not in (None, ""):
                    key = field, text_of(one).lower()
                    counts[key].add(number)
                    spellings[key][text_of(one)] += 1
    for key, numbers in sorted(counts.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(numbers) < len(hits.rows):
            yield key[0], spellings[key].most_common(1)[0][0], len(numbers)


_PASSING = ("count", "firsttime", "lasttime")
_PASSING_ENDS = ("process_id", "process_guid", "_time", "_raw")


def _passing(field: str) -> bool:
    return field.lower() in _PASSING or field.lower().endswith(_PASSING_ENDS)


def losses(before: Hits, after: Hits) -> dict[str, tuple[float, float]]:
    """Risk object -> its risk with every hit, and with those that are left."""
    return {name: (score, after.risk.get(name, 0.0)) for name, score in before.risk.items()}


def dropped(before: Hits, after: Hits) -> Sequence[Mapping[str, Value]]:
    """The hits that are no longer there."""
    return [row for number, row in before.rows.items() if number not in after.rows]
