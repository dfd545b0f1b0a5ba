"""LogisticRegression: a category by weighted sums of fields."""

from __future__ import annotations

import warnings
from typing import Any

from replay.algorithms import Algorithm, algorithm, regression_fields
from replay.context import Context
from replay.models import ModelError, library
from replay.models.call import Call
from replay.models.codec import Coded
from replay.models.features import (
    applied_columns,
    count_filled,
    distinct,
    matrix,
    number_of,
    text_of,
    training_columns,
    weighted,
)
from replay.models.limits import limit
from replay.models.state import attribute, numbers, obj, texts
from replay.relation import Expr, Kind, Relation, quote

_SCORE = "__mlspl_score_"


@algorithm("LogisticRegression")
class LogisticRegression(Algorithm):
    """``LogisticRegression <target> from <field> … [fit_intercept=t] [probabilities=f]``.

    The results are ``predicted(<target>)`` and, with ``probabilities``, a ``probability(<target>=<value>)`` for each
    value. Source: AI Toolkit, "Algorithms in the AI Toolkit", "LogisticRegression": scikit-learn's estimator of that
    name; the toolkit has it weigh the classes as if each were as frequent (``class_weight='balanced'``).
    """

    options = flags = ("fit_intercept", "probabilities")

    def fit(self, rel: Relation, call: Call, ctx: Context) -> Coded:
        """Train on the rows that have every field."""
        target, features = regression_fields(call)
        if not count_filled(rel, [target], ctx)[target].values:
            raise ModelError(f"field `{target}`, which is to be predicted, has no value", call.place)
        columns, whole = training_columns(rel, features, target, call.algorithm, ctx)
        label = _label(rel, target, ctx)
        most = limit("max_distinct_cat_values_for_classifiers", call.algorithm, ctx)
        if len(distinct(rel, target, whole, most + 1, ctx)) > most:
            raise ModelError(f"field `{target}` has more than {most} distinct values to predict", call.place)
        x, y = matrix(rel, columns, label, whole, ctx)
        if len(set(y)) < 2:
            raise ModelError(
                f"field `{target}` has one value only, `{y[0]}`: there is nothing to tell apart", call.place
            )
        estimator = _trained(x, y, call.flag("fit_intercept", True), ctx)
        state = {
            "estimator": Coded("sklearn.linear_model._logistic", "LogisticRegression", dict(vars(estimator))),
            "feature_variables": list(features),
            "target_variable": target,
            "columns": [column.name for column in columns],
            "classes": estimator.classes_,
        }
        return Coded("algos.LogisticRegression", "LogisticRegression", state)

    def apply(self, rel: Relation, state: Coded, call: Call, ctx: Context) -> Relation:
        """The sums in SQL, and what follows from them: the greatest wins, its share is the probability."""
        target = attribute(obj(state, "LogisticRegression", "it"), "target_variable", str)
        estimator = obj(state.state.get("estimator"), "LogisticRegression", "its estimator")
        classes, columns = texts(estimator, "classes_"), texts(state, "columns")
        weights, constants = numbers(estimator, "coef_"), numbers(estimator, "intercept_")
        _check_shape(classes, columns, weights, constants, estimator)
        applied = applied_columns(rel, texts(state, "feature_variables"), columns, ctx)
        constants = constants * (len(weights) // len(columns)) if len(constants) == 1 else constants
        scores = {}
        for i, constant in enumerate(constants):
            own = weights[i * len(columns) : (i + 1) * len(columns)]
            scores[f"{_SCORE}{i}"] = Expr(
                f"CASE WHEN {applied.valid} THEN {weighted(applied, own, constant)} END", Kind.NUM
            )
        scored = rel.extend(scores)
        z = [scored.field(name).sql for name in scores]
        name = f"predicted({target})" if call.output is None else call.output
        items = {f: scored.field(f) for f in rel.columns} | {name: Expr(_winner(z, classes), Kind.STR)}
        if call.flag("probabilities"):
            shares = _shares(z)
            items |= {f"probability({target}={c})": Expr(p, Kind.NUM) for c, p in zip(classes, shares, strict=True)}
        return scored.project(items)

    def summary(self, state: Coded) -> list[dict[str, str | float]]:
        """The weight of each column and the intercept, for each class; of two classes, once, with the first's name."""
        inner = obj(state, "LogisticRegression", "it").state.get("estimator")
        estimator = obj(inner, "LogisticRegression", "its estimator")
        columns, weights = texts(state, "columns"), iter(numbers(estimator, "coef_"))
        rows: list[dict[str, str | float]] = []
        for name, constant in zip(texts(estimator, "classes_"), numbers(estimator, "intercept_"), strict=False):
            own = [*zip(columns, weights, strict=False), ("_intercept", constant)]
            rows += [{"feature": feature, "coefficient": weight, "class": name} for feature, weight in own]
        return rows


def _label(rel: Relation, target: str, ctx: Context) -> str:
    """The category as text; whole numbers are written without decimals where all are numbers."""
    e = rel.field(target)
    if count_filled(rel, [target], ctx)[target].numeric:
        return f"spl_text({number_of(e)})"
    return text_of(e).sql


def _trained(x: Any, y: list[Any], intercept: bool, ctx: Context) -> Any:
    estimator = library("sklearn.linear_model").LogisticRegression(class_weight="balanced", fit_intercept=intercept)
    # One thread: its many small steps cost less than handing them around, and give the same sums every time.
    with library("threadpoolctl").threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(x, y)
    for one in caught:
        ctx.warn(f"LogisticRegression: {str(one.message).splitlines()[0]}")
    return estimator


def _check_shape(
    classes: list[str], columns: list[str], weights: list[float], constants: list[float], estimator: Coded
) -> None:
    sums = 1 if len(classes) == 2 else len(classes)
    if len(classes) < 2 or len(weights) != sums * len(columns) or len(constants) not in (1, sums):
        raise ModelError(f"{len(classes)} classes, {len(columns)} columns and {len(weights)} coefficients do not fit")
    kind, solver = estimator.state.get("multi_class"), estimator.state.get("solver")
    if (sums > 1 and (kind == "ovr" or solver == "liblinear")) or (sums == 1 and kind == "multinomial"):
        raise ModelError(f"it was trained by an old way of scikit-learn (multi_class={kind}, solver={solver})")


def _winner(z: list[str], classes: list[str]) -> str:
    if len(z) == 1:
        return f"CASE WHEN {z[0]} > 0 THEN {quote(classes[1])} WHEN {z[0]} <= 0 THEN {quote(classes[0])} END"
    whens = " ".join(
        f"WHEN {score} = greatest({', '.join(z)}) THEN {quote(c)}" for score, c in zip(z, classes, strict=True)
    )
    return f"CASE {whens} END"


def _shares(z: list[str]) -> list[str]:
    if len(z) == 1:  # of two: the logistic function, in the form that does not overflow
        return [f"(1 / (1 + exp({z[0]})))", f"(1 / (1 + exp(-({z[0]}))))"]
    largest = f"greatest({', '.join(z)})"
    total = " + ".join(f"exp({score} - {largest})" for score in z)
    return [f"(exp({score} - {largest}) / ({total}))" for score in z]
