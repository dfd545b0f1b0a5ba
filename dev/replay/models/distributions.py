"""The distributions of DensityFunction: how each is fitted, its quantiles, its density as SQL, its regions of outliers.

Source: AI Toolkit, "Algorithms in the AI Toolkit", "DensityFunction": scipy.stats' norm, expon, gaussian_kde and beta,
each with its fit by maximum likelihood (gaussian_kde: Scott's bandwidth).
"""

from __future__ import annotations

import math
import warnings
from abc import abstractmethod
from typing import Any, ClassVar, Self

from replay.models import ModelError, library
from replay.models.ranges import Range, lowest_density
from replay.structs import AbstractStruct

SMALLEST_STD = 1e-6
"""The standard deviation of values that are all the same: any other value is an outlier."""


class DoesNotFit(ModelError):
    """The values cannot be described by the distribution."""


class Distribution(AbstractStruct, frozen=True, eq=False):
    """A fitted distribution.

    Attributes:
        low, high: least and greatest value that it was fitted to.
        size: how many values these were.
    """

    low: float
    high: float
    size: int
    name: ClassVar[str] = ""

    @classmethod
    @abstractmethod
    def fit(cls, values: Any, rng: Any, most: int) -> Self:
        """Fit to an array of numbers; one that keeps them draws ``most`` of them by ``rng`` where there are more.

        Raises:
            DoesNotFit: too few values, or all the same.
        """

    @abstractmethod
    def frozen(self) -> Any:
        """The distribution with scipy's methods ``pdf``, ``cdf`` and ``ppf``, on the scale of the values."""

    @abstractmethod
    def both(self, area: float) -> list[Range]:
        """The region of lowest density that has this area."""

    def lower(self, area: float) -> Range:
        """The left tail that has this area."""
        return -math.inf, float(self.frozen().ppf(area)), area

    def upper(self, area: float) -> Range:
        """The right tail that has this area."""
        return float(self.frozen().ppf(1 - area)), math.inf, area

    @abstractmethod
    def parameters(self) -> tuple[list[float], list[float]]:
        """The numbers that ``density_sql`` takes as ``p`` (four of them, at most) and as ``points``."""

    @staticmethod
    @abstractmethod
    def density_sql(x: str, p: list[str], points: str) -> str:
        """SQL of the density at ``x``, of the SQL of the parameters."""


class Normal(Distribution, frozen=True, eq=False):
    """``norm``."""

    mean: float
    std: float
    name: ClassVar[str] = "norm"

    @classmethod
    def fit(cls, values: Any, rng: Any, most: int) -> Self:
        """Mean and standard deviation (of the population)."""
        std = float(values.std()) or SMALLEST_STD
        return cls(float(values.min()), float(values.max()), len(values), float(values.mean()), std)

    def frozen(self) -> Any:
        """See ``Distribution``."""
        return library("scipy.stats").norm(loc=self.mean, scale=self.std)

    def both(self, area: float) -> list[Range]:
        """Two tails of the same area."""
        return [self.lower(area / 2), self.upper(area / 2)]

    def parameters(self) -> tuple[list[float], list[float]]:
        """Mean, standard deviation."""
        return [self.mean, self.std], []

    @staticmethod
    def density_sql(x: str, p: list[str], points: str) -> str:
        """The bell."""
        return f"exp(-0.5 * pow(({x} - {p[0]}) / {p[1]}, 2)) / ({p[1]} * sqrt(2 * pi()))"


class Exponential(Distribution, frozen=True, eq=False):
    """``expon``: begins at ``loc``; its one tail is at the right."""

    loc: float
    scale: float
    name: ClassVar[str] = "expon"

    @classmethod
    def fit(cls, values: Any, rng: Any, most: int) -> Self:
        """Least value, and how far the mean lies from it."""
        refuse_constant(values, cls.name)
        low = float(values.min())
        return cls(low, float(values.max()), len(values), low, float(values.mean()) - low)

    def frozen(self) -> Any:
        """See ``Distribution``."""
        return library("scipy.stats").expon(loc=self.loc, scale=self.scale)

    def both(self, area: float) -> list[Range]:
        """What lies before the least value, and the right tail."""
        return [self.lower(area), self.upper(area)]

    def lower(self, area: float) -> Range:
        """What lies before the least value: the density is greatest there, so that no tail begins."""
        return -math.inf, self.low, 0.0

    def parameters(self) -> tuple[list[float], list[float]]:
        """Where it begins, and its scale."""
        return [self.loc, self.scale], []

    @staticmethod
    def density_sql(x: str, p: list[str], points: str) -> str:
        """Falls from where it begins."""
        return f"CASE WHEN {x} < {p[0]} THEN 0 ELSE exp(-({x} - {p[0]}) / {p[1]}) / {p[1]} END"


class Beta(Distribution, frozen=True, eq=False):
    """``beta``, over the values brought to the range 0 to 1, as the toolkit does; so is its density."""

    alpha: float
    beta: float
    loc: float
    scale: float
    name: ClassVar[str] = "beta"

    @classmethod
    def fit(cls, values: Any, rng: Any, most: int) -> Self:
        """scipy's fit; where that gives no shape, the one with the mean and variance of the values."""
        refuse_constant(values, cls.name)
        low, high = float(values.min()), float(values.max())
        unit = (values - low) / (high - low)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                alpha, beta, loc, scale = (float(v) for v in library("scipy.stats").beta.fit(unit))
        except (RuntimeError, ValueError, FloatingPointError) as e:
            raise DoesNotFit(f"no beta distribution fits: {e}") from e
        if not (alpha > 0 and beta > 0):
            mean, variance = float(unit.mean()), float(unit.var())
            rest = mean * (1 - mean) / variance - 1
            alpha, beta = mean * rest, (1 - mean) * rest
        if not (alpha > 0 and beta > 0 and scale > 0 and all(map(math.isfinite, (alpha, beta, loc, scale)))):
            raise DoesNotFit("no beta distribution fits")
        fitted = cls(low, high, len(values), alpha, beta, loc, scale)
        if fitted.collapsed():
            raise DoesNotFit("the beta distribution that fits has all its mass in one or two points")
        return fitted

    def collapsed(self) -> bool:
        """Whether it has no width that numbers can tell: there is no curve then."""
        import numpy as np

        between = self.frozen().ppf(np.linspace(0.01, 0.99, 99))
        return not np.isfinite(between).all() or len(np.unique(between)) < 50

    def _on_values(self) -> tuple[float, float]:
        """Where the distribution begins and how wide it is, on the scale of the values."""
        width = self.high - self.low
        return self.low + self.loc * width, self.scale * width

    def frozen(self) -> Any:
        """See ``Distribution``."""
        loc, scale = self._on_values()
        return library("scipy.stats").beta(self.alpha, self.beta, loc=loc, scale=scale)

    def both(self, area: float) -> list[Range]:
        """By search: the curve may rise, fall, or hang between two peaks."""
        import numpy as np

        loc, scale = self._on_values()
        frozen, small = self.frozen(), np.logspace(-12, -3, 400)
        # By mass, since the curve may have nearly all of it in a sliver of where it lies.
        grid = np.unique(frozen.ppf(np.concatenate([np.linspace(0, 1, 4001), small, 1 - small])))
        return lowest_density(frozen.pdf, frozen.cdf, grid, area, ends=(loc, loc + scale))

    def lower(self, area: float) -> Range:
        """The left tail, if the curve has one."""
        return super().lower(area) if self.alpha > 1 else (-math.inf, self.low, 0.0)

    def upper(self, area: float) -> Range:
        """The right tail, if the curve has one."""
        return super().upper(area) if self.beta > 1 else (self.high, math.inf, 0.0)

    def parameters(self) -> tuple[list[float], list[float]]:
        """Both shapes, begin and width on the scale of the values; and the width on that from 0 to 1."""
        loc, scale = self._on_values()
        return [self.alpha, self.beta, loc, scale], [self.scale]

    @staticmethod
    def density_sql(x: str, p: list[str], points: str) -> str:
        """Zero outside of where it lies."""
        a, b, loc, scale = p
        z = f"(({x} - {loc}) / {scale})"
        log = f"lgamma({a} + {b}) - lgamma({a}) - lgamma({b}) + ({a} - 1) * ln({z}) + ({b} - 1) * ln(1 - {z})"
        return f"CASE WHEN {z} > 0 AND {z} < 1 THEN exp({log}) / CAST({points}[1] AS DOUBLE) ELSE 0 END"


class Kde(Distribution, frozen=True, eq=False):
    """``gaussian_kde``: a bell over every value.

    Attributes:
        points: the values.
        most: how many it may keep (mlspl.conf, ``max_kde_parameter_size``).
    """

    points: Any
    most: int
    name: ClassVar[str] = "gaussian_kde"

    @classmethod
    def fit(cls, values: Any, rng: Any, most: int) -> Self:
        """Keeps the values, or ``most`` of them."""
        if most < 2:
            raise DoesNotFit(
                f"{cls.name} stands on two values or more: `max_kde_parameter_size` of mlspl.conf is {most}"
            )
        refuse_constant(values, cls.name)
        points = values if len(values) <= most else rng.choice(values, size=most, replace=False)
        refuse_constant(points, cls.name)
        return cls(float(values.min()), float(values.max()), len(values), points, most)

    @property
    def width(self) -> float:
        """The standard deviation of each bell: Scott's rule."""
        return float(self.points.std(ddof=1) * len(self.points) ** -0.2)

    def frozen(self) -> Any:
        """See ``Distribution``."""
        return _FrozenKde(self.points, self.width)

    def both(self, area: float) -> list[Range]:
        """By search: there may be several regions between the peaks."""
        frozen = self.frozen()
        return lowest_density(frozen.pdf, frozen.cdf, frozen.grid, area, ends=(frozen.grid[0], frozen.grid[-1]))

    def parameters(self) -> tuple[list[float], list[float]]:
        """The width, and the values."""
        return [self.width], self.points.tolist()

    @staticmethod
    def density_sql(x: str, p: list[str], points: str) -> str:
        """The mean of all bells."""
        v = "__mlspl_point"  # a name that no field has: it hides one in the lambda
        bell = f"exp(-0.5 * pow(({x} - CAST({v} AS DOUBLE)) / {p[0]}, 2))"
        return f"list_sum(list_transform({points}, lambda {v}: {bell})) / (len({points}) * {p[0]} * sqrt(2 * pi()))"


class _FrozenKde:
    """The methods of a distribution of scipy that gaussian_kde does not have."""

    def __init__(self, points: Any, width: float) -> None:
        import numpy as np

        self.points, self.width = points, width
        self._kde = library("scipy.stats").gaussian_kde(points)
        step = width / 4
        near = np.unique(np.round(points / step))
        self.grid: Any = np.unique((near[:, None] + np.arange(-20, 21)).reshape(-1)) * step
        self._mass = self._exact(self.grid)

    def pdf(self, x: Any) -> Any:
        return self._kde(x)

    def cdf(self, x: Any) -> Any:
        import numpy as np

        return self._exact(x) if len(x) < len(self.grid) else np.interp(x, self.grid, self._mass)

    def _exact(self, x: Any) -> Any:
        import numpy as np

        ndtr = library("scipy.special").ndtr
        return np.array([ndtr((one - self.points) / self.width).mean() for one in x])

    def ppf(self, q: Any) -> Any:
        import numpy as np

        return np.interp(q, self._mass, self.grid)


def refuse_constant(values: Any, name: str) -> None:
    """Raise ``DoesNotFit`` if the values are (all but) the same: the toolkit fits only ``norm`` to such."""
    import numpy as np

    if len(values) < 2 or np.allclose(values, values[0], 1e-4):
        raise DoesNotFit(f"{name} does not fit values that are all the same (dist=norm does)")


KINDS: dict[str, type[Distribution]] = {kind.name: kind for kind in (Normal, Exponential, Kde, Beta)}
"""In the order in which ``auto`` tries them."""


def distance(fitted: Distribution, values: Any, metric: str) -> float:
    """How far the distribution is from the values: Wasserstein's distance, or Kolmogorov's and Smirnov's.

    The toolkit draws a sample of the distribution; here the distance to the distribution itself is taken.
    """
    import numpy as np

    ordered, n = np.sort(values), len(values)
    frozen = fitted.frozen()
    if metric == "wasserstein":
        return float(np.abs(ordered - frozen.ppf((np.arange(n) + 0.5) / n)).mean())
    mass = frozen.cdf(ordered)
    return float(max((np.arange(1, n + 1) / n - mass).max(), (mass - np.arange(n) / n).max()))


def best_fit(values: Any, names: list[str], metric: str, rng: Any, most: int) -> tuple[Distribution, float]:
    """The nearest of the named distributions, and its distance; for ``rng`` and ``most`` see ``Distribution.fit``.

    Raises:
        DoesNotFit: none fits.
    """
    found: list[tuple[float, Distribution]] = []
    why: DoesNotFit | None = None
    for name in names:
        try:
            fitted = KINDS[name].fit(values, rng, most)
            found.append((distance(fitted, values, metric), fitted))
        except DoesNotFit as e:
            why = e
    if not found:
        assert why is not None
        raise why
    nearest, chosen = min(found, key=lambda one: one[0])
    return chosen, nearest
