"""What fit and apply do not understand, or cannot train, is an error that says what is wrong, and where."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from replay.errors import ReplayError
from support import run_spl, write_app

ROWS = [{"n": str(n), "y": str(n * n), "t": f"t{n}", "one": "1", "big": str(n)} for n in range(1100)]

ERRORS = [
    ("fit", "the name of an algorithm"),
    ("fit KMeans n", "algorithm `KMeans` is not among those of this engine: DensityFunction, LinearRegression"),
    ("fit LinearRegression y", "write `fit LinearRegression <field to predict> from <field> …`"),
    ("fit LinearRegression y n from t", "write `fit LinearRegression <field to predict> from"),
    ("fit LinearRegression y from n by t", "write `fit LinearRegression <field to predict> from"),
    ("fit LinearRegression y from", "`fit … from` names nothing"),
    ("fit LinearRegression y from n from t", "has the clause `from` twice"),
    ("fit LinearRegression y from n alpha=1", "`LinearRegression` has no option `alpha` here (it has: fit_intercept)"),
    ("fit LinearRegression y from n fit_intercept=t fit_intercept=f", "has the option `fit_intercept` twice"),
    ("fit LinearRegression y from n fit_intercept=maybe", "`fit_intercept` is true or false, not `maybe`"),
    ("fit LinearRegression t from n", "LinearRegression predicts numbers: `t` has other values, too"),
    ("fit LinearRegression nope from n", "LinearRegression predicts numbers: `nope` has no value at all"),
    ("fit LinearRegression y from nope", "none of the fields to fit or apply a model to has a value: nope"),
    ("fit LinearRegression y from nope*", "no field to train on is named nope*"),
    ("fit DensityFunction", "no field to train on is named at all"),
    ("fit LinearRegression y from t", "all hold too many distinct texts"),
    ("fit LogisticRegression one from n", "field `one` has one value only, `1`"),
    ("fit LogisticRegression t from n", "field `t` has more than 100 distinct values to predict"),
    ("fit LogisticRegression nope from n", "field `nope`, which is to be predicted, has no value"),
    ("fit DensityFunction n y", "with one field"),
    ("fit DensityFunction n from y", "with one field"),
    ("fit DensityFunction t", "field `t` must hold numbers: 1100 rows have other values"),
    ("fit DensityFunction nope", "field `nope` has no value in any row"),
    ("fit DensityFunction n by big", "`by` makes 1100 groups: more than the 1024 that `max_groups`"),
    ("fit DensityFunction n by nope", "no row has both `n` and every field of `by`: nope"),
    ('fit DensityFunction n by "a,b,c,d,e,f"', "splits by 5 fields at most, not 6"),
    ("fit DensityFunction n dist=gamma", "`dist` and `exclude_dist` know norm, expon, gaussian_kde, beta"),
    ("fit DensityFunction n dist=norm exclude_dist=beta", "`exclude_dist` goes with dist=auto only"),
    ("fit DensityFunction n metric=euclid", "`metric` is wasserstein or kolmogorov_smirnov"),
    ("fit DensityFunction n threshold=0", "`threshold` must be between 0.000000001 and 1, not 0"),
    ("fit DensityFunction n threshold=low", "`threshold` takes numbers, with commas between them, not `low`"),
    ("fit DensityFunction n threshold=0.1 upper_threshold=0.1", "`threshold` excludes `lower_threshold` and"),
    ("fit DensityFunction n lower_threshold=0.6 upper_threshold=0.6", "are more than 1 together"),
    ('fit DensityFunction n lower_threshold="0.1,0.2" upper_threshold=0.1', "each takes one number"),
    ('fit DensityFunction n threshold="0.1,0.2,0.3,0.4,0.5,0.6"', "there may be 5 thresholds at most"),
    ("fit DensityFunction n sample=true", "`sample` draws values at random"),
    ("fit DensityFunction n partial_fit=true", "has no option `partial_fit`"),
    ("fit DensityFunction one dist=expon", "expon does not fit values that are all the same (dist=norm does)"),
    ("fit DensityFunction n into 9lives", "`9lives` is no name of a model"),
    ("fit DensityFunction n into ../m", "`../m` is no name of a model"),
    ("fit DensityFunction n into user:m", "may be in the namespace `app`, not in `user`"),
    ("fit DensityFunction n into a b", "does not understand what comes here"),
    ("apply", "the name of a model"),
    ("apply m n", "takes the name of a model and options, not `n`"),
    ("apply m by n", "no clause `by` (it has: as)"),
    ("apply m", "model `m` does not exist: train it first"),
    ("fit DensityFunction n dist=norm into m | apply m probabilities=t", "has no option `probabilities`"),
    ("fit DensityFunction n dist=norm into m | eval n=\"x\" | apply m", "field `n` must hold numbers"),
    ("fit DensityFunction n dist=norm into m | fields y | apply m", "field `n` has no value in any row"),
    ("fit DensityFunction n dist=norm into m | apply m [| makeresults | where 1=2]", "gave no options but `NOT`"),
    ("fit LinearRegression y from n into m | fields t | apply m", "none of the fields to fit or apply"),
]  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_app(tmp_path_factory.mktemp("apps") / "ml", {})


@pytest.mark.parametrize(("spl", "message"), ERRORS, ids=[spl for spl, _ in ERRORS])
def test_error(app: Path, spl: str, message: str) -> None:
    with pytest.raises(ReplayError) as e:
        run_spl(f"search * | {spl}", app, ROWS)
    assert message in e.value.message
    assert (e.value.place.column or 0) > len("search * | ")


def test_without_the_libraries_an_error_says_what_to_install(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(ReplayError, match=r"needs the Python package `sklearn`.*pip install '\.\[ml\]'"):
        run_spl("search * | fit LinearRegression y from n", app, ROWS)


def test_other_searches_load_no_library_for_them() -> None:
    search = "from replay.commands import COMMANDS; COMMANDS.names(); from replay.algorithms import ALGORITHMS; "
    search += "ALGORITHMS.names(); import sys; print(sorted({'sklearn', 'scipy', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", search], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
