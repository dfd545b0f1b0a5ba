"""Process starts -> who started whom.

A parent is found by its GUID where the events have GUIDs; else by its process id on the same host: the latest process
that had this id before the child started, unless it has another name than the child says (ids are used again, and then
the start of the real parent is not in the data). What cannot be found stays unknown; nothing is guessed.

Source: CIM add-on manual, "Endpoint", node Processes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

ABSENT = frozenset(("", "-", "?", "null", "unknown", "none"))
"""What sources, data models and ``fillnull_value`` write for a value that is not there."""


def known(text: str) -> str:
    """The value, or nothing where it stands for none."""
    return "" if text.strip().lower() in ABSENT else text


@dataclass(frozen=True, slots=True)
class Start:
    """An event that tells of a process which was started.

    Attributes:
        time: epoch seconds; of several equal events, the first.
        count: how many equal events there are.
        fields: of the dataset Endpoint.Processes, by its names; those without a value are not in it.
    """

    time: float
    fields: Mapping[str, str]
    count: int = 1

    def get(self, name: str) -> str:
        """A field's value, or nothing."""
        return self.fields.get(name, "")

    def key(self, name: str) -> tuple[str, str]:
        """A field's value on its host, case aside; nothing where it has none."""
        value = self.get(name)
        return (self.get("dest").lower(), value.lower()) if value else ("", "")


class Family:
    """Starts, each linked to the one of its parent.

    Attributes:
        starts: in the order of time.
        parents: for each, the position of its parent's start, or None.
        children: for each, those of the processes it started.
    """

    def __init__(self, starts: Iterable[Start]) -> None:
        self.starts: Sequence[Start] = sorted(starts, key=lambda s: (s.time, sorted(s.fields.items())))
        self._by_guid: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._by_id: dict[tuple[str, str], list[int]] = defaultdict(list)
        for position, start in enumerate(self.starts):
            for index, name in ((self._by_guid, "process_guid"), (self._by_id, "process_id")):
                key = start.key(name)
                if key[1]:
                    index[key].append(position)
        self.parents = [self._parent(position) for position in range(len(self.starts))]
        _cut_cycles(self.parents)
        self.children: list[list[int]] = [[] for _ in self.starts]
        for child, parent in enumerate(self.parents):
            if parent is not None:
                self.children[parent].append(child)

    def _parent(self, position: int) -> int | None:
        start = self.starts[position]
        guid = start.key("parent_process_guid")
        if guid[1] and (same := [at for at in self._by_guid.get(guid, ()) if at != position]):
            return max((at for at in same if self.starts[at].time <= start.time), default=same[0])
        at = self._holder(position, start.key("parent_process_id"))
        if at is None:
            return None
        holder = self.starts[at]
        # Events of another source may lack what this one has; two GUIDs that differ are two processes.
        return at if _may_be(start.get("parent_process_name"), holder.get("process_name")) and (
            not guid[1] or not holder.get("process_guid")
        ) else None  # fmt: skip

    def _holder(self, position: int, key: tuple[str, str]) -> int | None:
        """Who had the process id when this process started."""
        held = self._by_id.get(key, []) if key[1] else []
        time = self.starts[position].time
        at = bisect_right(held, time, key=lambda other: self.starts[other].time)
        while at > 0 and held[at - 1] == position:
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
