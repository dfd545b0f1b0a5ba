"""DensityFunction against scipy: bounds, outliers and densities, of every distribution."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from replay.errors import SearchError
from replay.models import ModelError
from replay.models.distributions import KINDS, Beta, DoesNotFit, Exponential, Kde, Normal, best_fit
from scipy import integrate, stats
from support import run_spl, write_app

few = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
samples = st.lists(st.floats(-500, 500).map(lambda x: round(x, 2)), min_size=5, max_size=60).filter(
    lambda values: not np.allclose(values, values[0], 1e-3) and np.ptp(values) > 1
)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return write_app(tmp_path / "ml", {})


def fit(app: Path, values: list[float], options: str, **context: Any) -> list[dict[str, Any]]:
    rows = [{"x": repr(v)} for v in values]
    return run_spl(f"search * | fit DensityFunction x {options}", app, rows, **context)[0]


def scipy_density(kind: str, values: list[float]) -> Any:
    x = np.array(values)
    match kind:
        case "norm":
            return stats.norm(*stats.norm.fit(x)).pdf(x)
        case "expon":
            return stats.expon(*stats.expon.fit(x)).pdf(x)
        case "gaussian_kde":
            return stats.gaussian_kde(x).pdf(x)
    unit = (x - x.min()) / np.ptp(x)
    return stats.beta(*stats.beta.fit(unit)).pdf(unit)


@pytest.mark.parametrize("kind", ["norm", "expon", "gaussian_kde"])
@given(values=samples)
@few
def test_density_is_that_of_scipy(app: Path, kind: str, values: list[float]) -> None:
    rows = fit(app, values, f"dist={kind} show_density=true")
    got = [float(row["ProbabilityDensity(x)"]) for row in rows]
    assert got == pytest.approx(scipy_density(kind, values).tolist(), rel=1e-6, abs=1e-12)


def test_density_of_beta_is_that_of_scipy(app: Path) -> None:
    values = stats.beta(2, 5).rvs(200, random_state=1).round(4).tolist()
    got = [float(row["ProbabilityDensity(x)"]) for row in fit(app, values, "dist=beta show_density=true")]
    assert got == pytest.approx(scipy_density("beta", values).tolist(), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("kind", list(KINDS))
@given(values=samples, area=st.sampled_from([0.001, 0.01, 0.1, 0.3]))
@few
def test_the_ranges_have_the_area_and_the_lowest_density(kind: str, values: list[float], area: float) -> None:
    try:
        fitted = KINDS[kind].fit(np.array(values), np.random.default_rng(0), 10_000)
    except DoesNotFit:
        reject()
    frozen = fitted.frozen()
    ranges = fitted.both(area)
    assert [ranges[0][0], ranges[-1][1]] == [-math.inf, math.inf]
    bounds = [bound for one in ranges for bound in one[:2]]
    assert bounds == sorted(bounds)
    inside = [frozen.cdf(np.array([b if math.isfinite(b) else math.copysign(1e300, b) for b in r[:2]])) for r in ranges]
    assert [float(b - a) for a, b in inside] == pytest.approx([r[2] for r in ranges], abs=1e-3)
    if kind == "gaussian_kde":
        assert sum(r[2] for r in ranges) == pytest.approx(area, rel=0.02)
        edges = frozen.pdf(np.array([b for b in bounds if math.isfinite(b)]))
        assert edges == pytest.approx(np.full(len(edges), edges.mean()), rel=0.1)


def test_between_two_peaks_lies_a_range_of_outliers(app: Path) -> None:
    values = [*np.linspace(0, 1, 100), *np.linspace(9, 10, 100)]
    fitted = Kde.fit(np.array(values), None, 10_000)
    low, middle, high = fitted.both(0.05)
    assert low[1] < 0
    assert 1 < middle[0] < middle[1] < 9
    assert high[0] > 10
    mass, _ = integrate.quad(lambda x: float(stats.gaussian_kde(values)(x)[0]), *middle[:2])
    assert middle[2] == pytest.approx(mass, abs=1e-3)


def test_a_beta_with_nearly_all_mass_in_a_sliver(app: Path) -> None:
    ranges = Beta(0.0, 1.0, 100, 0.9, 1e12, 0.0, 1e13).both(0.01)
    assert ranges[0] == (-math.inf, 0.0, 0.0)
    assert ranges[-1][2] == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize(
    ("expected", "values"),
    [
        (Normal, stats.norm(50, 5).ppf((np.arange(400) + 0.5) / 400)),
        (Exponential, stats.expon(0, 5).ppf((np.arange(400) + 0.5) / 400)),
        (Kde, np.array([*np.linspace(0, 1, 200), *np.linspace(9, 10, 200)])),
    ],
)
@pytest.mark.parametrize("metric", ["wasserstein", "kolmogorov_smirnov"])
def test_auto_takes_the_nearest(expected: type, values: Any, metric: str) -> None:
    kinds = ["norm", "expon"] if expected is not Kde else ["norm", "expon", "gaussian_kde"]
    fitted, _ = best_fit(values, kinds, metric, np.random.default_rng(0), 10_000)
    assert isinstance(fitted, expected)


def test_auto_gives_the_same_every_time(app: Path) -> None:
    values = stats.gamma(2).rvs(300, random_state=3).round(3).tolist()
    assert fit(app, values, "") == fit(app, values, "")


def test_few_values_are_told(app: Path) -> None:
    said: list[str] = []
    fit(app, [1.0, 2.0, 3.0], "dist=norm", warn=said.append)
    assert said == ["DensityFunction: 1 of 1 distributions stand on fewer than 50 values"]


def test_groups_that_are_not_in_the_model_are_told(app: Path) -> None:
    said: list[str] = []
    rows = [{"g": "a", "x": str(v)} for v in range(60)]
    search = 'search * | fit DensityFunction x by g dist=norm into m | eval g=if(x<2,"b",g) | apply m | where g="b"'
    got, _ = run_spl(search, app, rows, warn=said.append)
    assert len(got) == 2
    assert not any("IsOutlier(x)" in row or "BoundaryRanges" in row for row in got)
    assert any("2 rows have values of g that the model was not trained with" in one for one in said)


@pytest.mark.parametrize("name", ["r", "v", "g", "x", "k", "n", "select", "a b", "__n", "P0"])
def test_the_field_may_have_any_name(app: Path, name: str) -> None:
    values = [float(i % 7) for i in range(60)]
    rows = [{name: repr(v), "kind": "one"} for v in values]
    search = f'search * | fit DensityFunction "{name}" by kind dist=gaussian_kde show_density=t as out'
    got, _ = run_spl(search, app, rows)
    density = stats.gaussian_kde(values).pdf(values)
    assert [float(str(row[f"ProbabilityDensity({name})"])) for row in got] == pytest.approx(density.tolist())
    assert {row["out"] for row in got} == {0.0}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("a_b", "c"), ("a", "b_c")),
        (("a\x1fb", "c"), ("a", "b\x1fc")),
        (("a'b", "]"), ("a", "'b]")),
        (("", "1"), ("0", "01")),
    ],
)
def test_groups_are_kept_apart_whatever_their_names(app: Path, first: tuple[str, str], second: tuple[str, str]) -> None:
    groups = {first: ["1", "3"], second: ["101", "103"]}
    rows = [{"g": g, "h": h, "x": x} for (g, h), values in groups.items() for x in values]
    got, _ = run_spl('search * | fit DensityFunction x by "g,h" dist=norm into m | apply m | table x Bound*', app, rows)
    bounds = [str(row.get("BoundaryRanges", ["none"])[0]) for row in got]  # type: ignore[index]
    assert bounds[2:] == ["-Infinity:99.4242:0.005"] * 2
    assert bounds[:2] == (["-Infinity:-0.5758:0.005"] * 2 if first[0] else ["none"] * 2)


def test_limits_are_those_of_mlspl_conf(tmp_path: Path) -> None:
    limits = {"DensityFunction": {"max_groups": "2"}, "default": {"min_data_size_to_fit": "3"}}
    app = write_app(tmp_path / "toolkit", {"mlspl": limits})
    rows = [{"g": g, "x": str(v)} for g in "abc" for v in range(3)]
    said: list[str] = []
    run_spl("search g!=c | fit DensityFunction x by g dist=norm", app, rows, warn=said.append)
    assert said == []
    with pytest.raises(ModelError, match="`by` makes 3 groups: more than the 2 that `max_groups`"):
        run_spl("search * | fit DensityFunction x by g dist=norm", app, rows)


@pytest.mark.parametrize(("stanza", "most"), [("DensityFunction", 20), ("default", 20), (None, 10_000)])
def test_how_many_values_a_gaussian_kde_keeps(stanza: str | None, most: int, tmp_path: Path) -> None:
    limits = {stanza: {"max_kde_parameter_size": str(most)}} if stanza else {}
    app = write_app(tmp_path / "toolkit", {"mlspl": limits})
    rows = [{"x": str(v)} for v in range(50)]
    search = "search * | fit DensityFunction x dist=gaussian_kde into m | stats count | append [| summary m]"
    got, _ = run_spl(search, app, rows)
    assert got[1]["cardinality"] == 50
    assert f"parameter size: {min(most, 50)}" in str(got[1]["other"])
    (kept,), _ = run_spl("search * | fit DensityFunction x dist=gaussian_kde into m | head 0 | inputlookup append=t "
                         "__mlspl_m.mlmodel", app, rows)  # fmt: skip
    assert f'"_max_param_size": {most}' in str(kept["model"])


def test_a_gaussian_kde_of_one_value_is_none(tmp_path: Path) -> None:
    app = write_app(tmp_path / "toolkit", {"mlspl": {"DensityFunction": {"max_kde_parameter_size": "1"}}})
    with pytest.raises(ModelError, match=r"`max_kde_parameter_size` of mlspl\.conf is 1"):
        run_spl("search * | fit DensityFunction x dist=gaussian_kde", app, [{"x": "1"}, {"x": "2"}])


def test_how_many_thresholds_there_may_be(tmp_path: Path) -> None:
    fit = 'search * | fit DensityFunction x dist=norm threshold="0.1,0.2,0.3,0.4,0.5,0.6"'
    rows = [{"x": str(v)} for v in range(5)]
    with pytest.raises(SearchError, match="5 thresholds at most"):
        run_spl(fit, write_app(tmp_path / "without", {}), rows)
    more = write_app(tmp_path / "more", {"mlspl": {"DensityFunction": {"max_threshold_num": "6"}}})
    got, _ = run_spl(f"{fit} into m | apply m", more, rows)
    assert "IsOutlier_th=0.6(x)" in got[0]
    fewer = write_app(tmp_path / "fewer", {"mlspl": {"default": {"max_threshold_num": "1"}}})
    with pytest.raises(SearchError, match="1 thresholds at most"):
        run_spl('| makeresults count=0 | fit DensityFunction x threshold="0.1,0.2"', fewer)
