"""Models as lookup files: of the session, of apps, and files that are not what they say."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from replay.check import check_search
from replay.context import Context
from replay.engine import Engine
from replay.errors import Place, ReplayError
from replay.knowledge import Knowledge
from replay.models.codec import Coded, encode
from replay.plan import plan_search
from replay.session import Session
from support import RowStore, run_spl, write_app

ROWS = [{"n": str(n), "y": str(2 * n + 1)} for n in range(1, 5)]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write_app(tmp_path / "ml", {"savedsearches": {"Uses it": {"search": "| makeresults | eval n=7 | apply m"}}})


def write_model(app: Path, algorithm: str, model: str, options: object, name: str = "m") -> None:
    (app / "lookups").mkdir(exist_ok=True)
    with (app / f"lookups/__mlspl_{name}.mlmodel").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([["algo", "model", "options"], [algorithm, model, json.dumps(options)]])


def linear(**changes: Any) -> Coded:
    """y = 2n + 1, as the toolkit keeps it."""
    fitted = {"coef_": np.array([2.0]), "intercept_": 1.0, "fit_intercept": True}
    state = {
        "estimator": Coded("sklearn.linear_model._base", "LinearRegression", fitted),
        "feature_variables": ["n"],
        "target_variable": "y",
        "columns": ["n"],
    }
    return Coded("algos.LinearRegression", "LinearRegression", state | changes)


def test_a_model_file_of_an_app(app: Path) -> None:
    write_model(app, "LinearRegression", encode(linear()), {"feature_variables": ["n"], "target_variable": ["y"]})
    rows, _ = run_spl("| makeresults | eval n=7 | apply m | table predicted*", app)
    assert rows == [{"predicted(y)": 15.0}]


def test_a_model_file_in_the_form_of_those_that_splunk_has_published(app: Path) -> None:
    """As ``lookups/__mlspl_lm_lr.mlmodel`` of splunk/security_content is written, with numbers of our own: the array is
    made here without the codec, the intercept is an integer, the options hold more than ``fit`` was given."""
    array = io.BytesIO()
    np.save(array, np.array([0.5, -2.0]))
    coefficients = {"__mlspl_type": ["numpy", "ndarray"], "npy": base64.b64encode(array.getvalue()).decode()}
    names = ["tfidf_0_(", "tfidf_1_~"]
    estimator: dict[str, Any] = {
        "fit_intercept": False,
        "normalize": False,
        "copy_X": True,
        "n_jobs": None,
        "intercept_": 0,
    }
    state = {
        "estimator": {
            "__mlspl_type": ["sklearn.linear_model.base", "LinearRegression"],
            "dict": estimator | {"coef_": coefficients},
        },
        "columns": names,
        "target_variable": "y",
        "feature_variables": names,
    }
    text = json.dumps({"__mlspl_type": ["algos.LinearRegression", "LinearRegression"], "dict": state})
    options: dict[str, Any] = {
        "args": ["y", *names],
        "target_variable": ["y"],
        "feature_variables": names,
        "kfold_cv": None,
    }
    options |= {"model_name": "another", "algo_name": "LinearRegression", "mlspl_limits": {"max_inputs": "100000"}}
    write_model(app, "LinearRegression", text, options)
    rows, _ = run_spl('| makeresults | eval "tfidf_0_("=4, "tfidf_1_~"=3 | apply m | table predicted*', app)
    assert rows == [{"predicted(y)": -4.0}]


def test_what_inputlookup_shows_is_the_file(app: Path) -> None:
    rows, columns = run_spl(
        "search * | fit LinearRegression y from n into m | stats count | append [| inputlookup __mlspl_m.mlmodel]"
        "| where isnull(count) | table algo model options",
        app,
        ROWS,
    )
    assert columns == ["algo", "model", "options"]
    write_model(app, str(rows[0]["algo"]), str(rows[0]["model"]), json.loads(str(rows[0]["options"])))
    applied, _ = run_spl("search * | fields n | apply m", app, ROWS)
    assert [float(str(row["predicted(y)"])) for row in applied] == pytest.approx([3, 5, 7, 9])


def test_fit_touches_no_file(app: Path) -> None:
    before = sorted(app.rglob("*"))
    run_spl("search * | fit LinearRegression y from n into app:m", app, ROWS)
    assert sorted(app.rglob("*")) == before


def test_a_model_outlives_the_search_that_trained_it_as_in_the_jobs_of_a_server(app: Path) -> None:
    engine = Engine()
    ctx = Context(engine, Knowledge.load([app]), RowStore(engine, ROWS), app.name)
    for search in ("search * | fit LinearRegression y from n into m", "search * | fields n | apply m"):
        branch = engine.branch()
        rel = plan_search(search, replace(ctx, engine=branch, store=RowStore(branch, ROWS)))
        rows = list(branch.rows(rel))
        branch.close()
    assert [float(str(row["predicted(y)"])) for row in rows] == pytest.approx([3, 5, 7, 9])


def test_check_says_what_is_missing_and_that_a_model_is_there(app: Path) -> None:
    def verdict() -> tuple[str, str]:
        session = Session([app])
        found = check_search(session, session.knowledge.saved_search("Uses it"))
        return found.status, found.reason

    status, reason = verdict()
    assert status == "fails"
    assert re.match(
        r"model `m` does not exist: train it first.*`\| fit <algorithm> … into m`.*__mlspl_m.mlmodel", reason
    )
    write_model(app, "LinearRegression", encode(linear()), {})
    assert verdict() == ("runs", "")


def test_a_model_that_another_app_keeps_to_itself(app: Path, tmp_path: Path) -> None:
    other = write_app(tmp_path / "other", {})
    write_model(other, "LinearRegression", encode(linear()), {})
    session = Session([other, app])
    found = check_search(session, session.knowledge.saved_search("Uses it"))
    assert found.reason == "model `m` does not exist for app `ml`: other has it and does not export it"
    (other / "metadata/default.meta").write_text("[lookups]\nexport = system\n", encoding="utf-8")
    session = Session([other, app])
    assert check_search(session, session.knowledge.saved_search("Uses it")).status == "runs"


DENSITY = Coded(
    "algos.DensityFunction",
    "DensityFunction",
    {
        "feature_variables": ["n"],
        "split_by": ["hour", "day"],
        "_threshold": Coded(
            "algos_support.density_function.outlier_threshold", "OutlierThreshold", {"threshold": 0.01}
        ),
        "_dist": {
            "9_Mon": Coded(
                "algos.DensityFunction",
                "LabeledDistribution",
                {
                    "fields": {"hour": 9, "day": "Mon"},
                    "dist": Coded(
                        "algos_support.density_function.normal_distribution",
                        "NormalDistribution",
                        {"_mean": 10.0, "_std": 2.0, "_cardinality": 80},
                    ),
                },
            )
        },
    },
)
"""As an old toolkit kept it: one number for a threshold, no least and greatest value, an hour as a number."""


def test_a_model_of_an_old_toolkit(app: Path) -> None:
    write_model(app, "DensityFunction", encode(DENSITY), {"params": {"dist": "norm"}})
    rows, _ = run_spl('| makeresults | eval n=16, hour="09", day="Mon" | apply m | table Is* Bound*', app)
    assert rows == [{"IsOutlier(n)": 1.0, "BoundaryRanges": ["-Infinity:4.8483:0.005", "15.1517:Infinity:0.005"]}]


def changed(coded: Coded, **changes: Any) -> Coded:
    return Coded(coded.module, coded.name, {**coded.state, **changes})


@pytest.mark.parametrize(
    ("algorithm", "model", "reason"),
    [
        ("KMeans", encode(linear()), "algorithm `KMeans` is not among those of this engine"),
        ("LogisticRegression", encode(linear()), "it is not the state of a `LogisticRegression`"),
        ("LinearRegression", "{}", "it holds no state of an algorithm"),
        ("LinearRegression", "gASV", "its content cannot be read"),
        ("LinearRegression", encode(linear(columns=["n", "k"])), "2 columns and 1 coefficients"),
        ("LinearRegression", encode(linear(columns=["k"])), "its column `k` belongs to none of its fields"),
        ("LinearRegression", encode(linear(target_variable=None)), "`LinearRegression.target_variable` is missing"),
        (
            "LinearRegression",
            encode(linear(estimator=Coded("s", "LinearRegression", {"coef_": ["0) --"], "intercept_": 0.0}))),
            "`LinearRegression.coef_` holds what is no number",
        ),
        (
            "LinearRegression",
            encode(linear(estimator=Coded("s", "LinearRegression", {"coef_": [1.0], "intercept_": math.nan}))),
            "`LinearRegression.intercept_` is missing, or no finite number",
        ),
        ("DensityFunction", encode(changed(DENSITY, _supervise_split_by=True)), "trained with `supervise_split_by`"),
        ("DensityFunction", encode(changed(DENSITY, _dist={"x": None})), "a group of it is not the state of"),
        ("DensityFunction", encode(changed(DENSITY, split_by=None)), "a distribution of an unknown kind"),
        ("DensityFunction", encode(changed(DENSITY, _threshold=None)), "`DensityFunction._threshold` is missing"),
    ],
)
def test_a_file_that_is_not_what_it_says(app: Path, algorithm: str, model: str, reason: str) -> None:
    write_model(app, algorithm, model, {})
    with pytest.raises(ReplayError, match=f"model `m` cannot be (read|applied): .*{re.escape(reason)}"):
        run_spl("| makeresults | eval n=7, hour=1, day=1 | apply m", app)


def test_names_and_values_of_a_file_are_no_sql(app: Path) -> None:
    wicked = "x') FROM t; DROP TABLE t; --"
    state = linear(feature_variables=["n", wicked], columns=[f"{wicked}={wicked}"], target_variable=wicked)
    write_model(app, "LinearRegression", encode(state), {})
    rows, columns = run_spl("| makeresults | eval n=7 | apply m | fields - _time", app)
    assert columns[-1] == f"predicted({wicked})"
    assert rows == [{"n": 7.0, f"predicted({wicked})": 1.0}]


def test_a_file_without_its_columns(app: Path) -> None:
    (app / "lookups").mkdir()
    (app / "lookups/__mlspl_m.mlmodel").write_text("algo,model\nLinearRegression,{}\n", encoding="utf-8")
    with pytest.raises(ReplayError, match="its file is not one row of `algo`, `model` and `options`") as e:
        run_spl("| makeresults | apply m", app)
    assert e.value.place.file == str(app / "lookups/__mlspl_m.mlmodel")


@pytest.mark.parametrize("spl", ["| summary m", "| makeresults | apply m"])
def test_a_file_that_cannot_be_read_is_not_said_to_be_applied(app: Path, spl: str) -> None:
    write_model(app, "LinearRegression", "gASV", {})
    with pytest.raises(ReplayError, match=r"model `m` cannot be read: its content cannot be read"):
        run_spl(spl, app)


def test_a_missing_model_has_the_column_of_its_name(app: Path) -> None:
    with pytest.raises(ReplayError) as e:
        run_spl("| makeresults | apply  m", app)
    assert e.value.place == Place(column=24)
