"""The process starts around hits, by a search like any other, and which of them a hit stands for.

The search reads the data model, so it is one for every source that is mapped to it.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from replay.context import Context
from replay.engine import Value
from replay.errors import Place
from replay.plan import plan_search
from replay.report import text_of
from replay.report.html.processes import Family, Start, known
from replay.spl.timespec import parse_time

FIELDS = (
    "dest", "user", "process_name", "process", "process_path", "process_guid", "process_id", "original_file_name",
    "parent_process_name", "parent_process", "parent_process_guid", "parent_process_id",
)  # fmt: skip
"""Of the dataset: what tells processes apart, and what a tree shows of them."""
ANCHORS = ("process_guid", "process_id", "process", "process_name")
"""What names a process on its host, from the surest; a hit that has none of these has no tree."""
_IDS = ("dest", "process_guid", "process_id")
_PLAIN = re.compile(r"[\w.:-]+", re.ASCII)
_YEAR_9999 = 253370764800.0
Row = Mapping[str, Value]


def process_starts(ctx: Context, hosts: Collection[str]) -> list[Start]:
    """Every process start on these hosts, whatever the time range of the search: parents may be older.

    Args:
        ctx: of the search whose hits they surround.
        hosts: values of ``dest``.
    """
    around = replace(ctx.within(None, None), place=Place(file="the search for process trees"))
    wanted = {host.lower() for host in hosts}
    rows = ctx.engine.rows(plan_search(starts_search(hosts), around))
    starts = (_start(row) for row in rows)
    return [start for start in starts if start is not None and start.get("dest").lower() in wanted]


def starts_search(hosts: Collection[str]) -> str:
    """The search: one row for each second, host and process; an image that a process loads is no start."""
    names = " ".join(f"Processes.{name}" for name in FIELDS)
    plain = all(map(_PLAIN.fullmatch, hosts))  # any other name could hold what a search reads as more than a name
    listed = ", ".join(f'"{host}"' for host in sorted(hosts))
    where = f"Processes.dest IN ({listed}) " if plain else ""
    return (
        '| tstats fillnull_value="" count AS events min(_time) AS first FROM datamodel=Endpoint.Processes '
        f'WHERE {where}(Processes.loaded_file="unknown" OR NOT Processes.loaded_file=*) BY _time span=1s {names}'
    )


def _start(row: Row) -> Start | None:
    """The start that a row tells of; None for a process that ends, or is only touched by another."""
    fields = {name: value for name in FIELDS if (value := known(text_of(row.get(f"Processes.{name}"))))}
    if "process_name" not in fields or not ("process" in fields or any(n.startswith("parent_") for n in fields)):
        return None
    return Start(float(text_of(row["first"])), fields, int(float(text_of(row["events"]))))


def when(row: Row, now: float) -> tuple[float, float] | None:
    """First and last time of a hit, in epoch seconds; None if it has none that can be read.

    Args:
        row: the hit.
        now: the search's clock.
    """
    times = [
        time
        for name in ("firstTime", "_time", "lastTime")
        for value in _values(row.get(name))
        if (time := parse_time(value, now)) is not None and 0 <= time < _YEAR_9999
    ]
    return (min(times), max(times)) if times else None


def _values(value: Value) -> list[str]:
    values = value if isinstance(value, list) else [text_of(value)]
    return [one for one in values if known(one)]


class Matcher:
    """Finds the starts that a hit stands for.

    Args:
        family: all starts.
        now: the search's clock.
    """

    def __init__(self, family: Family, now: float) -> None:
        self._family, self._now = family, now
        self._positions: dict[str, dict[tuple[str, str], list[int]]] = {name: defaultdict(list) for name in ANCHORS}
        for position, start in enumerate(family.starts):
            for name in ANCHORS:
                self._positions[name][start.key(name)].append(position)

    def find(self, row: Row) -> tuple[list[int], str]:
        """Positions of the starts, and a note for the reader, if there is anything to say.

        A start belongs to a hit if it agrees with each field that both have, and lies within the time of the hit.
        Fields that a search has changed agree with no event: then the ids alone decide.
        """
        fields = {name: [v.lower() for v in values] for name in FIELDS if (values := _values(row.get(name)))}
        anchor = next((name for name in ANCHORS if name in fields), None)
        if "dest" not in fields or anchor is None:
            needed = f"dest and one of {', '.join(ANCHORS)}"
            return [], f"No process tree: the search gives no process of this hit ({needed})."
        keys = [(host, value) for host in fields["dest"] for value in fields[anchor]]
        candidates = [at for key in dict.fromkeys(keys) for at in self._positions[anchor].get(key, ())]
        candidates = self._in_time(candidates, when(row, self._now))
        found = [at for at in candidates if not _differing(fields, self._family.starts[at])]
        if found:
            return sorted(found), ""
        ids = {name: values for name, values in fields.items() if name in _IDS}
        near = [at for at in candidates if len(ids) > 1 and not _differing(ids, self._family.starts[at])]
        if not near:
            return [], "No process tree: no process start with the fields of this hit is in the data."
        differing = sorted({name for at in near for name in _differing(fields, self._family.starts[at])})
        return sorted(near), f"Found by {' and '.join(ids)} alone: {', '.join(differing)} of the event is another."

    def _in_time(self, positions: Sequence[int], times: tuple[float, float] | None) -> list[int]:
        if times is None:
            return list(positions)
        first, last = math.floor(times[0]), math.floor(times[1]) + 1  # hits tell whole seconds
        return [at for at in positions if first <= self._family.starts[at].time < last]


def _differing(fields: Mapping[str, Sequence[str]], start: Start) -> list[str]:
    return [name for name, values in fields.items() if start.get(name).lower() not in values]
