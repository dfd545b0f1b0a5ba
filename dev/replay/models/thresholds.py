"""The thresholds of DensityFunction: how much of the area under the curve counts as outliers."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from replay.errors import Place, SearchError
from replay.models import ModelError
from replay.models.codec import Coded
from replay.models.distributions import Distribution
from replay.models.ranges import Range
from replay.models.state import numbers

OPTIONS = ("threshold", "lower_threshold", "upper_threshold")
_SMALLEST = 1e-9


class Thresholds(Struct, frozen=True):
    """``threshold``, or ``lower_threshold`` and ``upper_threshold``: one number each, or several of one kind.

    Source: AI Toolkit, "Algorithms in the AI Toolkit", "DensityFunction", "Parameters" (default 0.01, between
    0.000000001 and 1).
    """

    both: tuple[float, ...] = ()
    lower: tuple[float, ...] = ()
    upper: tuple[float, ...] = ()

    @classmethod
    def parse(cls, options: Mapping[str, str], place: Place) -> Thresholds | None:
        """Those of a call; None if it has none.

        Raises:
            SearchError: no number, out of range, or kinds that exclude each other.
        """
        both, lower, upper = (_read(options[name], name, place) if name in options else () for name in OPTIONS)
        found = cls(both, lower, upper)
        why = found._wrong()
        if why:
            raise SearchError(why, place)
        return found if found != cls() else None

    def _wrong(self) -> str:
        if self.both and (self.lower or self.upper):
            return "`threshold` excludes `lower_threshold` and `upper_threshold`"
        if self.lower and self.upper and (len(self.lower) > 1 or len(self.upper) > 1):
            return "of `lower_threshold` and `upper_threshold` together, each takes one number"
        if self.lower and self.upper and self.lower[0] + self.upper[0] > 1:
            return "`lower_threshold` and `upper_threshold` are more than 1 together"
        return ""

    @property
    def count(self) -> int:
        """How many there are of one kind."""
        return max(map(len, (self.both, self.lower, self.upper)))

    def labels(self) -> list[str]:
        """What tells the results of several thresholds apart (``_th=0.01``); one empty text for a single one."""
        several = self.both or (self.lower if len(self.lower) > 1 else self.upper)
        return [f"_th={value}" for value in several] if len(several) > 1 else [""]

    def ranges(self, fitted: Distribution) -> list[list[Range]]:
        """The ranges of outliers of a distribution, for each label."""
        if self.both:
            return [fitted.both(area) for area in self.both]
        if self.lower and self.upper:
            return [[fitted.lower(self.lower[0]), fitted.upper(self.upper[0])]]
        return [[fitted.lower(area)] for area in self.lower] + [[fitted.upper(area)] for area in self.upper]

    def coded(self) -> Coded:
        """As a model holds them."""
        state = {"threshold": self.both or None, "lower": self.lower or None, "upper": self.upper or None}
        return Coded("algos_support.density_function.outlier_threshold", "OutlierThreshold", state)

    @classmethod
    def decoded(cls, state: Coded) -> Thresholds:
        """Of a model (an old one has a number where a new one has a list).

        Raises:
            ModelError: they are none.
        """
        names = ("threshold", "lower", "upper")
        values = [tuple(numbers(state, n)) if state.state.get(n) is not None else () for n in names]
        found = cls(*values)
        bad = [v for one in values for v in one if not _SMALLEST <= v <= 1]
        if found == cls() or bad or found._wrong():
            raise ModelError(f"its thresholds are none: {found._wrong() or bad}")
        return found


DEFAULT = Thresholds((0.01,))


def _read(text: str, name: str, place: Place) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise SearchError(f"`{name}` takes numbers, with commas between them, not `{text}`", place) from None
    if not all(_SMALLEST <= value <= 1 for value in values):
        raise SearchError(f"`{name}` must be between 0.000000001 and 1, not {text}", place)
    return values
