"""Reading the state of a model: every part is checked for what it must be before a number of it reaches a query."""

from __future__ import annotations

import math
from typing import Any, TypeVar

from replay.models import ModelError
from replay.models.codec import Coded

T = TypeVar("T")


def obj(value: object, name: str, what: str) -> Coded:
    """The state of an object of the class ``name``.

    Raises:
        ModelError: it is something else; so do the others.
    """
    if not isinstance(value, Coded) or value.name != name:
        raise ModelError(f"{what} is not the state of a `{name}`")
    return value


def attribute(state: Coded, name: str, kind: type[T]) -> T:
    """An attribute of that type."""
    value = state.state.get(name)
    if not isinstance(value, kind):
        raise ModelError(f"`{state.name}.{name}` is missing, or no {kind.__name__}")
    return value


def texts(state: Coded, name: str) -> list[str]:
    """An attribute that is a list (or array) of texts; numbers in it become texts. Absent is empty."""
    value: Any = state.state.get(name)
    if value is None:
        return []
    value = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(value, list) or not all(isinstance(v, str | int | float) for v in value):
        raise ModelError(f"`{state.name}.{name}` is no list of names")
    return [v if isinstance(v, str) else plain_text(v) for v in value]


def number(state: Coded, name: str) -> float:
    """An attribute that is a finite number."""
    return _finite(state.state.get(name), f"{state.name}.{name}")


def numbers(state: Coded, name: str) -> list[float]:
    """An attribute that is a number, or a list or array of any shape: all its numbers, flat."""
    import numpy as np

    value = state.state.get(name)
    if not isinstance(value, np.ndarray | list | int | float):
        raise ModelError(f"`{state.name}.{name}` is missing, or holds no numbers")
    try:
        flat: list[Any] = np.asarray(value, dtype=float).reshape(-1).tolist()
    except (TypeError, ValueError) as e:
        raise ModelError(f"`{state.name}.{name}` holds what is no number") from e
    return [_finite(v, f"{state.name}.{name}") for v in flat]


def _finite(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ModelError(f"`{what}` is missing, or no finite number")
    return float(value)


def plain_text(value: float) -> str:
    """A number as SPL writes it: a whole one without decimals."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e17 else repr(float(value))


def real(value: float) -> str:
    """A SQL DOUBLE of exactly this value (a bare literal would be a DECIMAL)."""
    return f"CAST('{float(value)!r}' AS DOUBLE)"
