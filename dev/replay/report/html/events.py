"""The process starts around hits, by a search like any other, and which of them a hit stands for.

The search reads the data model, so it is one for every source that is mapped to it.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import replace

from replay.context import Context
from replay.engine import Value
from replay.errors import Place
from replay.plan import plan_search
from replay.report import text_of
from replay.report.html.processes import Family, ProcessEvent, known
from replay.spl.timespec import parse_time

FIELDS = (
    "dest", "user", "process_name", "process", "process_path", "process_guid", "process_id", "original_file_name",
    "parent_process_name", "parent_process", "parent_process_guid", "parent_process_id",
)  # fmt: skip
"""Of the dataset: what tells processes apart, and what a tree shows of them."""
ANCHORS = ("process_guid", "process_id", "process", "process_name", "process_path")
"""What names a process on its host, from the surest; a hit that has none of these has no tree."""
_IDS = ("dest", "process_guid", "process_id")
_PLAIN = re.compile(r"[\w.:-]+", re.ASCII)
_YEAR_9999 = 253370764800.0
Row = Mapping[str, Value]
Wanted = Mapping[str, Sequence[str]]
"""Fields, and for each the values in lower case that an event may have."""


def process_events(ctx: Context, hosts: Collection[str]) -> list[ProcessEvent]:
    """Every process event on these hosts, whatever the time range of the search: parents may be older.

    Args:
        ctx: of the search whose hits they surround.
        hosts: values of ``dest``.
    """
    around = replace(ctx.within(None, None), place=Place(file="the search for process trees"))
    wanted = {host.lower() for host in hosts}
    same: dict[str, str] = {}  # most values come again and again: each is kept once
    rows = ctx.engine.rows(plan_search(around_search(hosts), around))
    events = (_event(row, same) for row in rows)
    return [event for event in events if event.get("dest").lower() in wanted]


def around_search(hosts: Collection[str]) -> str:
    """The search: one row for each second, host and process; the images that processes load are left out."""
    names = " ".join(f"Processes.{name}" for name in FIELDS)
    plain = all(map(_PLAIN.fullmatch, hosts))  # any other name could hold what a search reads as more than a name
    listed = ", ".join(f'"{host}"' for host in sorted(hosts))
    where = f"Processes.dest IN ({listed}) " if plain else ""
    return (
        '| tstats fillnull_value="" count AS events min(_time) AS first FROM datamodel=Endpoint.Processes '
        f'WHERE {where}(Processes.loaded_file="unknown" OR NOT Processes.loaded_file=*) BY _time span=1s {names}'
    )


def _event(row: Row, same: dict[str, str]) -> ProcessEvent:
    told = ((name, known(text_of(row.get(f"Processes.{name}")))) for name in FIELDS)
    fields = {name: same.setdefault(value, value) for name, value in told if value}
    return ProcessEvent(float(text_of(row["first"])), fields, int(float(text_of(row["events"]))))


def when(row: Row, now: float) -> tuple[float, float] | None:
    """First and last time of a hit, in epoch seconds; None if it has none that can be read.

    Args:
        row: the hit.
        now: the search's clock.
    """
    times = [
        time
        for name in ("firstTime", "_time", "lastTime")
        for value in known_values(row.get(name))
        if (time := parse_time(value, now)) is not None and 0 <= time < _YEAR_9999
    ]
    return (min(times), max(times)) if times else None


def known_values(value: Value) -> list[str]:
    """The texts of a field's values, without those that stand for none."""
    values = value if isinstance(value, list) else [text_of(value)]
    return [one for one in values if known(one)]


class Pool:
    """Events, by what names their process."""

    def __init__(self, events: Sequence[ProcessEvent]) -> None:
        self.events = events
        self._positions: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for position, event in enumerate(events):
            for name in ANCHORS:
                if event.get(name):
                    self._positions[event.get("dest").lower(), name, event.get(name).lower()].append(position)

    def near(self, fields: Wanted, times: tuple[float, float] | None) -> list[int]:
        """Positions of the events on the host of a hit and in its time that have its surest name of the process."""
        anchor = next(name for name in ANCHORS if name in fields)
        keys = dict.fromkeys((host, anchor, value) for host in fields["dest"] for value in fields[anchor])
        found = sorted(at for key in keys for at in self._positions.get(key, ()))
        if times is None:
            return found
        first, last = math.floor(times[0]), math.floor(times[1]) + 1  # hits tell whole seconds
        return [at for at in found if first <= self.events[at].time < last]

    def of(self, fields: Wanted, positions: Sequence[int]) -> list[int]:
        """Those that agree with each of the fields."""
        return [at for at in positions if not differing(fields, self.events[at])]


def differing(fields: Wanted, event: ProcessEvent) -> list[str]:
    """Names of the fields in which an event is not as wanted."""
    return [name for name, values in fields.items() if event.get(name).lower() not in values]


class Matcher:
    """Finds the processes that a hit is about.

    Args:
        family: the processes on the hosts of all hits.
        now: the search's clock.
    """

    def __init__(self, family: Family, now: float) -> None:
        self._family, self._now = family, now
        self._starts, self._touching = Pool(family.told), Pool(family.touching)

    def find(self, row: Row) -> tuple[list[int], str]:
        """Positions of their starts, and a note for the reader, if there is anything to say.

        A start belongs to a hit if it agrees with each field that both have, and lies within the time of the hit. A
        hit may also be about one process that touched another, or about something else that a process did.
        """
        fields = {name: [v.lower() for v in values] for name in FIELDS if (values := known_values(row.get(name)))}
        if "dest" not in fields or not any(name in fields for name in ANCHORS):
            return [], f"The search names no process of this hit: dest and one of {', '.join(ANCHORS)}."
        times = when(row, self._now)
        near = self._starts.near(fields, times)
        found = self._starts.of(fields, near)
        if found:
            return self._processes(found), ""
        touching = self._touching.of(fields, self._touching.near(fields, times))
        if touching:
            return self._both_sides(touching)
        ids = {name: values for name, values in fields.items() if name in _IDS}
        found = self._starts.of(ids, near) if len(ids) > 1 else []
        if found:
            other = sorted({name for at in found for name in differing(fields, self._family.told[at])})
            return self._processes(
                found
            ), f"Found by {' and '.join(ids)}; of the event, {', '.join(other)} is not as in the hit."
        return self._actor(fields, times)

    def _processes(self, told: Sequence[int]) -> list[int]:
        return sorted({self._family.position[at] for at in told})

    def _both_sides(self, touching: Sequence[int]) -> tuple[list[int], str]:
        """The processes of events in which one touched another."""
        events = [self._family.touching[at] for at in touching]
        places = [self._family.locate(event, who) for event in events for who in ("parent_process", "process")]
        found = sorted({at for at in places if at is not None})
        note = "This hit is no process start: one process opened another, or a thread in it."
        return found, note if found else f"{note} The start of neither is in the data."

    def _actor(self, fields: Wanted, times: tuple[float, float] | None) -> tuple[list[int], str]:
        """The process that was there at the time of a hit which is no process event."""
        at = None
        if times is not None:
            told = {name: values[0] for name, values in fields.items()}
            at = self._family.locate(ProcessEvent(times[1], told), "process")
        if at is None:
            return [], "The start of the process of this hit is not in the data."
        return [at], "This hit is no process start: the tree is that of the process it names."
