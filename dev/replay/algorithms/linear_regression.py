"""LinearRegression: a number as a weighted sum of fields."""

from __future__ import annotations

from replay.algorithms import Algorithm, algorithm, regression_fields
from replay.context import Context
from replay.models import ModelError, library
from replay.models.call import Call
from replay.models.codec import Coded
from replay.models.features import applied_columns, count_filled, matrix, number_of, training_columns, weighted
from replay.models.state import attribute, number, numbers, obj, texts
from replay.relation import Expr, Kind, Relation


@algorithm("LinearRegression")
class LinearRegression(Algorithm):
    """``LinearRegression <target> from <field> … [fit_intercept=t]``; the result is ``predicted(<target>)``.

    Source: AI Toolkit, "Algorithms in the AI Toolkit", "LinearRegression": scikit-learn's estimator of that name.
    """

    options = flags = ("fit_intercept",)

    def fit(self, rel: Relation, call: Call, ctx: Context) -> Coded:
        """Least squares over the rows that have every field."""
        target, features = regression_fields(call)
        filled = count_filled(rel, [target], ctx)[target]
        if not filled.values or not filled.numeric:
            raise ModelError(f"LinearRegression predicts numbers: `{target}` has {_others(filled.values)}", call.place)
        columns, whole = training_columns(rel, features, target, call.algorithm, ctx)
        x, y = matrix(rel, columns, number_of(rel.field(target)), whole, ctx)
        unfitted = library("sklearn.linear_model").LinearRegression(fit_intercept=call.flag("fit_intercept", True))
        estimator = unfitted.fit(x, y)
        state = {
            "estimator": Coded("sklearn.linear_model._base", "LinearRegression", dict(vars(estimator))),
            "feature_variables": list(features),
            "target_variable": target,
            "columns": [column.name for column in columns],
        }
        return Coded("algos.LinearRegression", "LinearRegression", state)

    def apply(self, rel: Relation, state: Coded, call: Call, ctx: Context) -> Relation:
        """The weighted sum, in SQL."""
        target = attribute(obj(state, "LinearRegression", "it"), "target_variable", str)
        estimator = obj(state.state.get("estimator"), "LinearRegression", "its estimator")
        columns, weights = texts(state, "columns"), numbers(estimator, "coef_")
        if len(columns) != len(weights):
            raise ModelError(f"it has {len(columns)} columns and {len(weights)} coefficients")
        applied = applied_columns(rel, texts(state, "feature_variables"), columns, ctx)
        total = weighted(applied, weights, number(estimator, "intercept_"))
        name = f"predicted({target})" if call.output is None else call.output
        return rel.extend({name: Expr(f"CASE WHEN {applied.valid} THEN {total} END", Kind.NUM)})

    def summary(self, state: Coded) -> list[dict[str, str | float]]:
        """The weight of each column, and the intercept."""
        inner = obj(state, "LinearRegression", "it").state.get("estimator")
        estimator = obj(inner, "LinearRegression", "its estimator")
        weights = dict(zip(texts(state, "columns"), numbers(estimator, "coef_"), strict=False))
        weights["_intercept"] = number(estimator, "intercept_")
        return [{"feature": name, "coefficient": weight} for name, weight in weights.items()]


def _others(values: int) -> str:
    return "other values, too" if values else "no value at all"
