"""What the regressions predict in SQL is what scikit-learn itself predicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, LogisticRegression
from support import run_spl, write_app

few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
numbers = st.floats(-1000, 1000).map(lambda x: round(x, 3))


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write_app(tmp_path / "ml", {})


def predictions(app: Path, rows: list[dict[str, Any]], fit: str) -> list[dict[str, Any]]:
    """The rows after a fit, and after an apply of the model that it kept: they must be the same."""
    texts = [{name: str(value) for name, value in row.items()} for row in rows]
    fitted, _ = run_spl(f"search * | {fit} into m", app, texts)
    applied, _ = run_spl(f"search * | {fit} into m | fields - predicted* probability* | apply m", app, texts)
    assert fitted == applied
    return fitted


@given(rows=st.lists(st.tuples(numbers, numbers, numbers), min_size=4, max_size=30))
@few
def test_linear_regression(app: Path, rows: list[tuple[float, float, float]]) -> None:
    got = predictions(app, [{"a": a, "b": b, "y": y} for a, b, y in rows], "fit LinearRegression y from a b")
    x, y = np.array([r[:2] for r in rows]), np.array([r[2] for r in rows])
    expected = LinearRegression().fit(x, y).predict(x)
    assert [float(r["predicted(y)"]) for r in got] == pytest.approx(expected.tolist(), rel=1e-6, abs=1e-6)


@given(
    rows=st.lists(
        st.tuples(numbers, st.sampled_from(["red", "green", "o'b\"lue"]), st.sampled_from("abc")),
        min_size=6,
        max_size=30,
    ).filter(lambda rows: len({r[2] for r in rows}) > 1)
)
@few
def test_logistic_regression(app: Path, rows: list[tuple[float, str, str]]) -> None:
    fit = "fit LogisticRegression label from n colour probabilities=true"
    got = predictions(app, [{"n": n / 100, "colour": c, "label": y} for n, c, y in rows], fit)
    colours = sorted({r[1] for r in rows})
    x = np.array([[*(float(c == one) for one in colours), n / 100] for n, c, _ in rows])
    model = LogisticRegression(class_weight="balanced").fit(x, [r[2] for r in rows])
    for row, shares in zip(got, model.predict_proba(x), strict=True):
        found = [float(row[f"probability(label={c})"]) for c in model.classes_]
        assert found == pytest.approx(shares.tolist(), abs=1e-6)
        assert shares[list(model.classes_).index(row["predicted(label)"])] == pytest.approx(max(shares), abs=1e-9)


def test_a_score_out_of_all_bounds_is_a_probability_still(app: Path) -> None:
    rows = [{"n": str(n), "c": "hi" if n > 0 else "lo"} for n in (-2, -1, 1, 2)]
    got, _ = run_spl(
        "search * | fit LogisticRegression c from n probabilities=t into m | eval n=n*100000 | apply m", app, rows
    )
    assert [(r["probability(c=hi)"], r["probability(c=lo)"]) for r in got] == [(0, 1), (0, 1), (1, 0), (1, 0)]


def test_a_field_with_too_many_texts_does_not_count(app: Path) -> None:
    said: list[str] = []
    rows = [{"n": str(i), "t": f"text {i}", "y": str(2 * i)} for i in range(101)]
    got, _ = run_spl("search * | fit LinearRegression y from n t | head 1", app, rows, warn=said.append)
    assert float(got[0]["predicted(y)"]) == pytest.approx(0, abs=1e-6)  # type: ignore[arg-type]
    assert said == ["field `t` has more than 100 distinct texts: it does not count in the model"]


def test_a_field_that_is_missing_is_told(app: Path) -> None:
    said: list[str] = []
    rows = [{"n": str(i), "y": str(2 * i)} for i in range(3)]
    run_spl("search * | fit LinearRegression y from n typo", app, rows, warn=said.append)
    assert set(said) == {"fields without any value do not count in the model: typo"}
