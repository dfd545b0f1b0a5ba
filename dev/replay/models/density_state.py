"""A model of DensityFunction: a distribution for all rows or for each group, to and from the toolkit's state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from replay.models import ModelError
from replay.models.codec import Coded
from replay.models.distributions import Beta, Distribution, Exponential, Kde, Normal
from replay.models.state import attribute, number, numbers, obj, plain_text, texts
from replay.models.thresholds import Thresholds

_SUPPORT = "algos_support.density_function."
_CLASSES = {
    "norm": (f"{_SUPPORT}normal_distribution", "NormalDistribution", "Normal"),
    "expon": (f"{_SUPPORT}exponential_distribution", "ExponentialDistribution", "Exponential"),
    "gaussian_kde": (f"{_SUPPORT}kde_distribution", "KDEDistribution", "Gaussian KDE"),
    "beta": (f"{_SUPPORT}beta_distribution", "BetaDistribution", "Beta"),
}
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
Group = tuple[str, ...]


class DensityModel(Struct, frozen=True):
    """What ``fit DensityFunction`` learns.

    Attributes:
        field: the field that it describes.
        by: the fields that split rows into groups.
        groups: values of ``by`` -> distribution; without ``by``, one with the key ``()``.
        thresholds: of ``fit``, for an ``apply`` that has none.
        distances: group -> how far its distribution is from the values, by the metric.
        dist: as asked: a kind, or ``auto``.
        metric: as asked.
    """

    field: str
    by: tuple[str, ...]
    groups: Mapping[Group, Distribution]
    thresholds: Thresholds
    distances: Mapping[Group, float]
    dist: str = "auto"
    metric: str = "wasserstein"

    def coded(self) -> Coded:
        """As the toolkit keeps it."""
        coded = {key: self._distribution(key, fitted) for key, fitted in self.groups.items()}
        dist: Any = coded.get(())
        if self.by:
            dist = {}
            for key, one in coded.items():
                fields = dict(zip(self.by, key, strict=True))
                name = "_".join(key)
                while name in dist:  # the toolkit keeps one of `a_b`, `c` and `a`, `b_c`
                    name += "_"
                dist[name] = Coded("algos.DensityFunction", "LabeledDistribution", {"dist": one, "fields": fields})
        state = {
            "_params": {"metric": self.metric},
            "_dist_type": self.dist,
            "_exclude_dist": None,
            "_metric": self.metric,
            "_supervise_split_by": False,
            "_distance": None,
            "_dist": dist,
            "_threshold": self.thresholds.coded(),
            "split_by": list(self.by) or None,
            "_show_options_values": None,
            "_warned_on_few_training_data": any(one.size < 50 for one in self.groups.values()),
            "_warned_on_missing_group": False,
            "_warned_on_expon_lower_threshold": False,
            "_warned_on_beta_upper_threshold": False,
            "feature_variables": [self.field],
        }
        return Coded("algos.DensityFunction", "DensityFunction", state)

    def _distribution(self, key: Group, fitted: Distribution) -> Coded:
        module, name, _ = _CLASSES[fitted.name]
        common = {
            "_min": fitted.low,
            "_max": fitted.high,
            "_cardinality": fitted.size,
            "_metric": self.metric,
            "_distance": self.distances.get(key),
            "_other_params": {},
            "_data": None,
            "_extension": {},
            "_exclude_dist": None,
        }
        one = Coded(module, name, common | _own(fitted))
        if self.dist != "auto":
            return one
        outer = common | {"_dist": one, "_mlspl_limits": {}, "_mean": None, "_std": None}
        return Coded(f"{_SUPPORT}distribution_factory", "AutoSelectDistribution", outer)

    def summary(self) -> list[dict[str, str | float]]:
        """A row for each distribution, as the toolkit's ``summary`` has it; ``mean`` and ``std`` of an exponential and
        a beta distribution are where it begins and its scale."""
        rows: list[dict[str, str | float]] = []
        for key, fitted in self.groups.items():
            own = _own(fitted)
            other = ", ".join(f"{name}: {value}" for name, value in own.get("_other_params", {}).items())
            kind = _CLASSES[fitted.name][2]
            far = f"metric: {self.metric}, distance: {self.distances.get(key)}"
            numbers_of = {"min": fitted.low, "max": fitted.high, "mean": own["_mean"], "std": own["_std"]}
            row: dict[str, str | float] = dict(zip(self.by, key, strict=True))
            row |= {"type": f"Auto: {kind}" if self.dist == "auto" else kind, **numbers_of}
            rows.append(row | {"cardinality": fitted.size, "distance": far, "other": other or "N/A"})
        return rows

    @classmethod
    def decoded(cls, state: Coded) -> DensityModel:
        """From a state, which is not trusted.

        Raises:
            ModelError: it is not such a state, or of a kind that is not done here.
        """
        obj(state, "DensityFunction", "it")
        if state.state.get("_supervise_split_by"):
            raise ModelError("it was trained with `supervise_split_by`, which this engine does not do")
        fields, by = texts(state, "feature_variables"), tuple(texts(state, "split_by"))
        if len(fields) != 1:
            raise ModelError("it does not describe one field")
        found = state.state.get("_dist")
        labelled = found if by and isinstance(found, dict) else {"": found}
        groups: dict[Group, Distribution] = {}
        distances: dict[Group, float] = {}
        for one in labelled.values():
            key: Group = ()
            dist: object = one
            if by:
                label = obj(one, "LabeledDistribution", "a group of it")
                values = attribute(label, "fields", dict)
                key, dist = tuple(_value(values.get(name)) for name in by), label.state.get("dist")
            if key in groups:
                raise ModelError(f"it has two distributions for one group: {', '.join(key)}")
            groups[key] = _decoded(dist)
            far = dist.state.get("_distance") if isinstance(dist, Coded) else None
            distances |= {key: float(far)} if isinstance(far, int | float) else {}
        thresholds = Thresholds.decoded(attribute(state, "_threshold", Coded))
        dist_type, metric = (str(state.state.get(name) or "") for name in ("_dist_type", "_metric"))
        return cls(fields[0], by, groups, thresholds, distances, dist_type, metric)


def _value(value: object) -> str:
    """A value of a group as the rows have it: a number without leading zeros."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ModelError("a group of it has a value that is neither text nor number")
    return value if isinstance(value, str) else plain_text(value)


def _own(fitted: Distribution) -> dict[str, Any]:
    match fitted:
        case Normal():
            return {"_mean": fitted.mean, "_std": fitted.std}
        case Exponential():
            return {"_mean": fitted.loc, "_std": fitted.scale}
        case Beta():
            shape: dict[str, Any] = {"_alpha": fitted.alpha, "_beta": fitted.beta}
            other: dict[str, Any] = {"_other_params": {"Alpha": fitted.alpha, "Beta": fitted.beta}}
            return shape | {"_mean": fitted.loc, "_std": fitted.scale} | other
        case Kde():
            other = {"bandwidth": fitted.width, "parameter size": len(fitted.points)}
            moments = {"_mean": float(fitted.points.mean()), "_std": float(fitted.points.std())}
            return {"_data": fitted.points, "_max_param_size": fitted.most, "_other_params": other} | moments
    raise NotImplementedError(fitted.name)


def _decoded(dist: object) -> Distribution:
    import numpy as np

    if isinstance(dist, Coded) and dist.name == "AutoSelectDistribution":
        dist = dist.state.get("_dist")
    kinds = {name: kind for kind, (_, name, _) in _CLASSES.items()}
    if not isinstance(dist, Coded) or dist.name not in kinds:
        raise ModelError("it holds a distribution of an unknown kind")
    if kinds[dist.name] == "gaussian_kde":
        points = np.array(numbers(dist, "_data"))
        if len(points) < 2 or not points.std() > 0:
            raise ModelError("it holds a gaussian_kde of too few values")
        low, high, size = float(points.min()), float(points.max()), len(points)
        if dist.state.get("_min") is not None:  # the points are a sample of larger ones
            low, high = number(dist, "_min"), number(dist, "_max")
        if dist.state.get("_cardinality") is not None:
            size = int(number(dist, "_cardinality"))
        kept = dist.state.get("_max_param_size") is not None
        return Kde(low, high, size, points, int(number(dist, "_max_param_size")) if kept else len(points))
    loc, scale = number(dist, "_mean"), number(dist, "_std")
    if not scale > 0:
        raise ModelError(f"it holds a {kinds[dist.name]} distribution without width")
    old = kinds[dist.name] != "beta" and dist.state.get("_min") is None  # models before MLTK 4.4
    low, high = (loc, loc) if old else (number(dist, "_min"), number(dist, "_max"))
    size = int(number(dist, "_cardinality"))
    if kinds[dist.name] == "norm":
        return Normal(low, high, size, loc, scale)
    if kinds[dist.name] == "expon":
        return Exponential(low, high, size, loc, scale)
    alpha, beta = number(dist, "_alpha"), number(dist, "_beta")
    if not (alpha > 0 and beta > 0 and high > low):
        raise ModelError("it holds a beta distribution without shape")
    fitted = Beta(low, high, size, alpha, beta, loc, scale)
    if fitted.collapsed():
        raise ModelError("it holds a beta distribution that has all its mass in one or two points")
    return fitted
