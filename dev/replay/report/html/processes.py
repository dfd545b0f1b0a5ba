"""Process events -> who started whom, and who touched whom.

A parent is found by its GUID where the events have GUIDs; else by its process id on the same host: the latest process
that had this id before the child started, unless it has another name than the child says (ids are used again, and then
the start of the real parent is not in the data). What cannot be found stays unknown; nothing is guessed.

Source: CIM add-on manual, "Endpoint", node Processes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

SAME_TIME = 2.0
"""Seconds that two sources may take to write that a process started."""
ABSENT = frozenset(("", "-", "?", "null", "unknown", "none"))
"""What sources, data models and ``fillnull_value`` write for a value that is not there."""


def known(text: str) -> str:
    """The value, or nothing where it stands for none."""
    return "" if text.strip().lower() in ABSENT else text


class ProcessEvent(Struct, frozen=True):
    """An event of the dataset Endpoint.Processes.

    Attributes:
        time: epoch seconds; of several equal events, the first.
        fields: by the dataset's names; those without a value are not in it.
        count: how many equal events there are.
    """

    time: float
    fields: Mapping[str, str]
    count: int = 1

    def get(self, name: str) -> str:
        """A field's value, or nothing."""
        return self.fields.get(name, "")

    @property
    def is_start(self) -> bool:
        """Whether a process was started: it has a name, and a command line or a parent."""
        return "process_name" in self.fields and ("process" in self.fields or self._has_parent)

    @property
    def is_touch(self) -> bool:
        """Whether one process, named as the parent, opened another or a thread in it (Sysmon events 8 and 10)."""
        return not self.is_start and self._has_parent

    @property
    def _has_parent(self) -> bool:
        return any(name.startswith("parent_") for name in self.fields)


class Family:
    """Process starts, each linked to the one of its parent, and what other processes did to them.

    Attributes:
        told: the events of starts, in the order of time.
        starts: one for each process, in the order of time: two sources may tell of the same.
        position: for each of ``told``, that of its process in ``starts``.
        parents: for each start, the position of its parent's start, or None.
        children: for each, those of the processes it started.
        touches: for each, the events in which another process touched it, in the order of time.
        touching: the events of ``touches``, all of them, and those whose process is not known.
    """

    def __init__(self, events: Iterable[ProcessEvent]) -> None:
        ordered = sorted(events, key=lambda e: (e.time, sorted(e.fields.items())))
        self.told: Sequence[ProcessEvent] = [e for e in ordered if e.is_start]
        self.touching: Sequence[ProcessEvent] = [e for e in ordered if e.is_touch]
        self.starts, self.position = _merged(self.told)
        self._by_guid: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._by_id: dict[tuple[str, str], list[int]] = defaultdict(list)
        for position, start in enumerate(self.starts):
            host = start.get("dest").lower()
            for index, name in ((self._by_guid, "process_guid"), (self._by_id, "process_id")):
                if start.get(name):
                    index[host, start.get(name).lower()].append(position)
        self.parents = [self.locate(start, "parent_process", position) for position, start in enumerate(self.starts)]
        _cut_cycles(self.parents)
        self.children: list[list[int]] = [[] for _ in self.starts]
        for child, parent in enumerate(self.parents):
            if parent is not None:
                self.children[parent].append(child)
        self.touches: list[list[ProcessEvent]] = [[] for _ in self.starts]
        for touch in self.touching:
            touched = self.locate(touch, "process")
            if touched is not None:
                self.touches[touched].append(touch)

    def locate(self, event: ProcessEvent, who: str, but: int | None = None) -> int | None:
        """The start of a process that an event names.

        Args:
            event: any event with the fields ``dest`` and, of ``<who>_guid`` ``_id`` ``_name``, those that it has.
            who: ``process`` or ``parent_process``.
            but: not this one.
        """
        host, guid = event.get("dest").lower(), event.get(f"{who}_guid").lower()
        same = [at for at in self._by_guid.get((host, guid), ()) if at != but] if guid else []
        if same:
            return max((at for at in same if self.starts[at].time <= event.time), default=same[0])
        at = self._holder(self._by_id.get((host, event.get(f"{who}_id").lower()), ()), event.time, but)
        if at is None:
            return None
        holder = self.starts[at]
        # Events of another source may lack what this one has; two GUIDs that differ are two processes.
        may_be = _may_be(event.get(f"{who}_name"), holder.get("process_name"))
        return at if may_be and not (guid and holder.get("process_guid")) else None

    def _holder(self, held: Sequence[int], time: float, but: int | None) -> int | None:
        """Who of those that had a process id had it at that time: the latest."""
        at = bisect_right(held, time, key=lambda other: self.starts[other].time)
        while at > 0 and held[at - 1] == but:
            at -= 1
        return held[at - 1] if at > 0 else None

    def ancestors(self, position: int) -> list[int]:
        """From the parent up."""
        found: list[int] = []
        parent = self.parents[position]
        while parent is not None:
            found.append(parent)
            parent = self.parents[parent]
        return found


def _merged(told: Sequence[ProcessEvent]) -> tuple[list[ProcessEvent], list[int]]:
    """Starts, and for each event the position of its own.

    An event with a GUID and one without (Sysmon and Security 4688, say), of the same host, process id and name, at
    nearly the same time, tell of one process.
    """
    starts: list[ProcessEvent] = []
    position: list[int] = []
    latest: dict[tuple[str, str], int] = {}
    for event in told:
        key = event.get("dest").lower(), event.get("process_id").lower()
        at = latest.get(key) if key[1] else None
        if at is not None and _same_process(starts[at], event):
            first = starts[at]
            weak, strong = sorted((first, event), key=lambda e: "process_guid" in e.fields)
            starts[at] = ProcessEvent(first.time, {**weak.fields, **strong.fields}, max(first.count, event.count))
        else:
            at = latest[key] = len(starts)
            starts.append(event)
        position.append(at)
    return starts, position


def _same_process(first: ProcessEvent, second: ProcessEvent) -> bool:
    one_has_a_guid = ("process_guid" in first.fields) != ("process_guid" in second.fields)
    same_name = first.get("process_name").lower() == second.get("process_name").lower()
    return one_has_a_guid and same_name and second.time - first.time <= SAME_TIME


def _may_be(said: str, name: str) -> bool:
    return not said or not name or said.lower() == name.lower()


def _cut_cycles(parents: list[int | None]) -> None:
    """Events may claim anything: a process that is its own ancestor loses its parent."""
    done = [False] * len(parents)
    for position in range(len(parents)):
        path: dict[int, None] = {}
        at: int | None = position
        while at is not None and not done[at]:
            if at in path:
                parents[at] = None
                break
            path[at] = None
            at = parents[at]
        for passed in path:
            done[passed] = True
