"""The settings of a search that are JSON: risk, annotations, drilldowns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from replay.errors import Place
from replay.linting.examined import ExaminedSearch
from replay.linting.source import place_in

RISK = "action.risk.param._risk"
ANNOTATIONS = "action.correlationsearch.annotations"
DRILLDOWNS = "action.notable.param.drilldown_searches"
SHAPES: dict[str, type] = {
    RISK: list, ANNOTATIONS: dict, DRILLDOWNS: list, "action.correlationsearch.metadata": dict,
    "action.notable.param.drilldown_dashboards": list,
}  # fmt: skip
"""Setting -> what its JSON is."""


def parsed(search: ExaminedSearch, key: str) -> Any:
    """The value of a JSON setting; an empty one of its shape where it is not set or malformed (see RL105)."""
    try:
        value = json.loads(search.text(key) or "null")
    except ValueError:
        value = None
    shape = SHAPES[key]
    return value if isinstance(value, shape) else shape()


class RiskEntry(NamedTuple):
    """One object of ``_risk``, and where it stands."""

    says: dict[str, Any]
    place: Place


def risk_entries(search: ExaminedSearch) -> Iterator[RiskEntry]:
    """The risk and threat objects."""
    setting = search.setting(RISK)
    objects = [one for one in parsed(search, RISK) if isinstance(one, dict)]
    starts = [m.start() for m in re.finditer(r"\{", setting.value)] if setting is not None else []
    for says, start in zip(objects, [*starts, *[0] * len(objects)], strict=False):
        assert setting is not None
        yield RiskEntry(says, place_in(setting, start))


def drilldown_searches(search: ExaminedSearch) -> Iterator[tuple[str, str]]:
    """(setting, search) of each drilldown, of ES 8 and of ES 7."""
    for one in parsed(search, DRILLDOWNS):
        if isinstance(one, dict) and isinstance(one.get("search"), str):
            yield DRILLDOWNS, one["search"]
    old = "action.notable.param.drilldown_search"
    if search.text(old):
        yield old, search.text(old)


def place_of(search: ExaminedSearch, key: str, text: str = "") -> Place:
    """Where a setting of the search stands, or a text in it."""
    setting = search.setting(key)
    if setting is None:
        return search.saved.place
    return place_in(setting, max(setting.value.find(text), 0))


def listed(annotations: dict[str, Any], key: str) -> list[Any]:
    """An annotation as a list: one value may stand alone."""
    value = annotations.get(key, [])
    return value if isinstance(value, list) else [value]


def number(value: Any) -> float | None:
    """A JSON number, or a text that is one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
