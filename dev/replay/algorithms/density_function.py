"""DensityFunction: how usual a value is, among all rows or among those of its group."""

from __future__ import annotations

import math
from collections.abc import Sequence

from replay.algorithms import Algorithm, algorithm
from replay.context import Context
from replay.errors import SearchError
from replay.models import ModelError
from replay.models.call import Call
from replay.models.codec import Coded
from replay.models.density_state import DensityModel, Group
from replay.models.distributions import KINDS, Distribution, DoesNotFit, best_fit
from replay.models.features import count_filled, number_of, text_of
from replay.models.limits import limit
from replay.models.thresholds import DEFAULT, OPTIONS, Thresholds
from replay.relation import ORDER, Expr, Kind, Relation, assign_columns

_METRICS = ("wasserstein", "kolmogorov_smirnov")
_DRAWN = ("sample", "full_sample")
_G = "__mlspl_"
_PARAMETERS = [f"{_G}p{i}" for i in range(4)]


@algorithm("DensityFunction")
class DensityFunction(Algorithm):
    """``DensityFunction <field> [by "<field>,…"] [dist=auto] [threshold=0.01 | lower_threshold= upper_threshold=]
    [show_density=f] [metric=wasserstein] [exclude_dist=] [random_state=]``.

    The results are ``IsOutlier(<field>)`` (1 or 0), ``BoundaryRanges`` (values ``begin:end:area``, rounded to four
    digits) and, with ``show_density``, ``ProbabilityDensity(<field>)``. Of several thresholds, each has its own
    ``IsOutlier_th=<t>(<field>)`` and ``BoundaryRanges_th=<t>``. Rows of a group that training did not see, and rows
    without the field, have none of these. Source: AI Toolkit, "Algorithms in the AI Toolkit", "DensityFunction".
    """

    flags = ("show_density", *_DRAWN)
    options = (*OPTIONS, "dist", "metric", "exclude_dist", "random_state", *flags)

    def check(self, call: Call, ctx: Context) -> None:
        """See ``Algorithm``; what is drawn at random is refused."""
        super().check(call, ctx)
        for name in _DRAWN:
            if call.flag(name):
                raise SearchError(f"`{name}` draws values at random, which this engine does not do", call.place)
        _check_count(Thresholds.parse(call.options, call.place) or DEFAULT, call, ctx)
        _kinds(call)
        if call.options.get("metric", _METRICS[0]) not in _METRICS:
            raise SearchError(f"`metric` is {' or '.join(_METRICS)}", call.place)
        if not call.options.get("random_state", "0").isdigit():
            raise SearchError("`random_state` takes a whole number", call.place)

    def fit(self, rel: Relation, call: Call, ctx: Context) -> Coded:
        """A distribution for each group."""
        import numpy as np

        if len(call.fields) != 1 or call.features:
            hint = 'several fields after `by`, and several thresholds, stand in quotes: by "a,b"'
            raise SearchError(f"write `fit DensityFunction <field> …`, with one field ({hint})", call.place)
        most = limit("max_fields_in_by_clause", call.algorithm, ctx)
        if len(call.by) > most:
            raise ModelError(f"DensityFunction splits by {most} fields at most, not {len(call.by)}", call.place)
        field = call.fields[0]
        _check_field(rel, field, ctx)
        kinds, metric = _kinds(call), call.options.get("metric", _METRICS[0])
        most = limit("max_kde_parameter_size", call.algorithm, ctx)
        groups: dict[Group, Distribution] = {}
        distances: dict[Group, float] = {}
        for key, values in _groups(rel, field, call, ctx):
            rng = np.random.default_rng(int(call.options.get("random_state", "0")))
            try:
                groups[key], distances[key] = best_fit(np.array(values), kinds, metric, rng, most)
            except DoesNotFit as e:
                where = f" ({', '.join(f'{n}={v}' for n, v in zip(call.by, key, strict=True))})" if key else ""
                raise DoesNotFit(f"`{field}`{where}: {e.message}") from e
        enough = limit("min_data_size_to_fit", call.algorithm, ctx)
        few = sum(one.size < enough for one in groups.values())
        if few:
            ctx.warn(f"DensityFunction: {few} of {len(groups)} distributions stand on fewer than {enough} values")
        thresholds = Thresholds.parse(call.options, call.place) or DEFAULT
        dist = call.options.get("dist", "auto")
        return DensityModel(field, call.by, groups, thresholds, distances, dist, metric).coded()

    def apply(self, rel: Relation, state: Coded, call: Call, ctx: Context) -> Relation:
        """The ranges of each distribution, joined to the rows of its group."""
        model = DensityModel.decoded(state)
        if ctx.engine.count(rel):
            _check_field(rel, model.field, ctx)
        thresholds = Thresholds.parse(call.options, call.place) or model.thresholds
        _check_count(thresholds, call, ctx)
        labels = thresholds.labels()
        tails = [kind.name for kind in {type(d) for d in model.groups.values()} if kind.name == "expon"]
        if tails and thresholds.lower:
            ctx.warn("an exponential distribution has no left tail: `lower_threshold` finds only what lies before it")
        table = _table(model, thresholds, ctx)
        key = _key(rel, model.by)
        if model.by:
            self._warn_of_groups(rel, key, table, model, ctx)
        joined = ", ".join(column.sql for column in table.columns.values())
        tail = f"LEFT JOIN (SELECT {joined} FROM {table.name}) AS g ON {table.field(f'{_G}key').sql} = {key}"
        x = number_of(rel.field(model.field))
        items = {name: rel.field(name) for name in rel.columns}
        for i, label in enumerate(labels):
            name = f"IsOutlier{label}({model.field})" if call.output is None else f"{call.output}{label}"
            items[name] = Expr(_outlier(x, table, i), Kind.NUM)
        for i, label in enumerate(labels):
            shown = table.field(f"{_G}shown{i}").sql
            items[f"BoundaryRanges{label}"] = Expr(f"CASE WHEN ({x}) IS NOT NULL THEN {shown} END", Kind.MV)
        if call.flag("show_density"):
            items[f"ProbabilityDensity({model.field})"] = Expr(_density(f"({x})", table), Kind.NUM)
        return rel.project(items, order=f"{rel.name}.{ORDER}", tail=tail, others=[table])

    def summary(self, state: Coded) -> list[dict[str, str | float]]:
        """Each distribution: the values of ``by``, its kind and numbers, how many values it stands on."""
        return DensityModel.decoded(state).summary()

    @staticmethod
    def _warn_of_groups(rel: Relation, key: str, table: Relation, model: DensityModel, ctx: Context) -> None:
        match = f"SELECT 1 FROM {table.name} WHERE {table.field(f'{_G}key').sql} = k"
        keys = f"SELECT {key} AS k FROM {rel.name}"
        unknown = ctx.engine.scalar(f"SELECT count(*) FROM ({keys}) WHERE k IS NOT NULL AND NOT EXISTS ({match})")
        if unknown:
            ctx.warn(
                f"DensityFunction: {unknown} rows have values of {', '.join(model.by)} that the model was not trained "
                "with: they are no outliers and no others"
            )


def _check_count(thresholds: Thresholds, call: Call, ctx: Context) -> None:
    most = limit("max_threshold_num", call.algorithm, ctx)
    if thresholds.count > most:
        says = f"there may be {most} thresholds at most (mlspl.conf, `max_threshold_num`), not {thresholds.count}"
        raise SearchError(says, call.place)


def _kinds(call: Call) -> list[str]:
    """The distributions to try."""
    dist, excluded = call.options.get("dist", "auto"), call.options.get("exclude_dist", "")
    without = [name.strip() for name in excluded.split(",") if name.strip()]
    if dist not in (*KINDS, "auto") or any(name not in KINDS for name in without):
        raise SearchError(f"`dist` and `exclude_dist` know {', '.join(KINDS)}; `dist` is auto, too", call.place)
    if without and (dist != "auto" or len(set(without)) == len(KINDS)):
        raise SearchError("`exclude_dist` goes with dist=auto only, and leaves at least one", call.place)
    return [name for name in KINDS if name not in without] if dist == "auto" else [dist]


def _check_field(rel: Relation, field: str, ctx: Context) -> None:
    filled = count_filled(rel, [field], ctx)[field]
    if not filled.values:
        raise ModelError(f"field `{field}` has no value in any row")
    if not filled.numeric:
        raise ModelError(f"field `{field}` must hold numbers: {filled.values - filled.numbers} rows have other values")


def _key(rel: Relation, by: Sequence[str]) -> str:
    """SQL of the group of a row, a list: the values of its fields, numbers without leading zeros; null if one is
    missing."""
    if not by:
        return "['']"
    parts = []
    for name in by:
        text, number = text_of(rel.field(name)).sql, number_of(rel.field(name))
        parts.append(f"coalesce(spl_text({number}), {text})")
    missing = " OR ".join(f"{part} IS NULL" for part in parts)
    return f"CASE WHEN NOT ({missing}) THEN [{', '.join(parts)}] END"


def _groups(rel: Relation, field: str, call: Call, ctx: Context) -> list[tuple[Group, list[float]]]:
    key, x = _key(rel, call.by), number_of(rel.field(field))
    found = f"FROM (SELECT {key} AS k, {x} AS x, {ORDER} AS n FROM {rel.name}) WHERE k IS NOT NULL AND x IS NOT NULL"
    count = ctx.engine.scalar(f"SELECT count(DISTINCT k) {found}")
    if not count:
        raise ModelError(f"no row has both `{field}` and every field of `by`: {', '.join(call.by)}")
    most = limit("max_groups", call.algorithm, ctx)
    if count > most:
        raise ModelError(f"`by` makes {count} groups: more than the {most} that `max_groups` of mlspl.conf allows")
    rows = ctx.engine.execute(f"SELECT k, list(x ORDER BY n) {found} GROUP BY k ORDER BY k")
    return [(tuple(k) if call.by else (), values) for k, values in rows]


def _table(model: DensityModel, thresholds: Thresholds, ctx: Context) -> Relation:
    """One row for each group: its key, the bounds of each threshold as numbers and as text, what its density needs."""
    count = len(thresholds.labels())
    kinds = {f"{_G}key": Kind.MV, f"{_G}kind": Kind.STR, f"{_G}points": Kind.MV}
    kinds |= dict.fromkeys(_PARAMETERS, Kind.NUM)
    for i in range(count):
        kinds |= {f"{_G}{what}{i}": Kind.MV for what in ("low", "high", "shown")}
    rows = []
    for key, fitted in model.groups.items():
        p, points = fitted.parameters()
        row: dict[str, str | float | list[str] | None] = dict(zip(_PARAMETERS, p, strict=False))
        row |= {f"{_G}key": list(key) or [""], f"{_G}kind": fitted.name, f"{_G}points": [repr(v) for v in points]}
        for i, ranges in enumerate(thresholds.ranges(fitted)):
            row[f"{_G}low{i}"] = [repr(one[0]) for one in ranges]
            row[f"{_G}high{i}"] = [repr(one[1]) for one in ranges]
            row[f"{_G}shown{i}"] = [":".join(map(_rounded, one)) for one in ranges]
        rows.append(row)
    return ctx.engine.load_rows(rows, assign_columns(kinds))


def _rounded(value: float) -> str:
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(round(value, 4))


def _outlier(x: str, table: Relation, i: int) -> str:
    low, high = table.field(f"{_G}low{i}").sql, table.field(f"{_G}high{i}").sql
    r = f"{_G}range"  # a name that no field has: it hides one in the lambda
    inside = f"CAST({r}[1] AS DOUBLE) < {x} AND {x} < CAST({r}[2] AS DOUBLE)"
    found = f"len(list_filter(list_zip({low}, {high}), lambda {r}: {inside}))"
    return f"CASE WHEN ({x}) IS NOT NULL AND {low} IS NOT NULL THEN CAST({found} > 0 AS DOUBLE) END"


def _density(x: str, table: Relation) -> str:
    kind, points = table.field(f"{_G}kind").sql, table.field(f"{_G}points").sql
    p = [table.field(name).sql for name in _PARAMETERS]
    whens = " ".join(f"WHEN '{name}' THEN {one.density_sql(x, p, points)}" for name, one in KINDS.items())
    return f"CASE {kind} {whens} END"
