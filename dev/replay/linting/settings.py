"""The settings of a search that are JSON: risk, annotations, drilldowns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from replay.errors import Place
from replay.knowledge import Setting
from replay.linting.examined import ExaminedSearch
from replay.linting.json_places import inside, offsets_in
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
    except (ValueError, RecursionError):
        value = None
    shape = SHAPES[key]
    return value if isinstance(value, shape) else shape()


class Entry(NamedTuple):
    """One object of a list in JSON, its number in the list from 1, and where it stands."""

    number: int
    says: dict[str, Any]
    place: Place


def risk_entries(search: ExaminedSearch) -> Iterator[Entry]:
    """The risk and threat objects."""
    setting = search.setting(RISK)
    if setting is None or not parsed(search, RISK):
        return
    for number, one in enumerate(inside(setting.value), 1):
        if isinstance(one.value, dict):
            yield Entry(number, one.value, place_in(setting, one.start))


class Drilldown(NamedTuple):
    """The search of a drilldown.

    Attributes:
        text: it.
        setting: which holds it.
        offsets: of each of its characters in the value of the setting.
    """

    text: str
    setting: Setting
    offsets: Sequence[int]

    def at(self, offset: int) -> Place:
        """The place in the file of a character of it."""
        return place_in(self.setting, self.offsets[min(offset, len(self.offsets) - 1)])


def drilldown_searches(search: ExaminedSearch) -> Iterator[Drilldown]:
    """The searches of the drilldowns, of ES 8 and of ES 7; none that is empty."""
    new, old = search.setting(DRILLDOWNS), search.setting("action.notable.param.drilldown_search")
    if new is not None and parsed(search, DRILLDOWNS):
        for one in inside(new.value):
            found = {m.key: m for m in inside(new.value, one.start)} if isinstance(one.value, dict) else {}
            text = found["search"].value if "search" in found else None
            if isinstance(text, str) and text:
                yield Drilldown(text, new, offsets_in(new.value, found["search"].start))
    if old is not None:
        yield Drilldown(old.value, old, range(len(old.value)))


def place_of(search: ExaminedSearch, key: str) -> Place:
    """Where a setting of the search stands."""
    setting = search.setting(key)
    return search.saved.place if setting is None else place_in(setting, 0)


def listed(search: ExaminedSearch, key: str) -> Iterator[tuple[Any, Place]]:
    """The values of an annotation, each with its place: one value may stand alone."""
    setting = search.setting(ANNOTATIONS)
    if setting is None or not parsed(search, ANNOTATIONS):
        return
    for one in inside(setting.value):
        if one.key == key:
            many = inside(setting.value, one.start) if isinstance(one.value, list) else [one]
            yield from ((each.value, place_in(setting, each.start)) for each in many)


def number(value: Any) -> float | None:
    """A JSON number, or a text that is one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
