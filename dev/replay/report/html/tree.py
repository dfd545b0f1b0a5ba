"""The part of a family of processes that a hit is shown with: its ancestors, what its parent started, its descendants.

However many processes there are, a tree stays readable: what is left out is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import takewhile

from msgspec import Struct, field

from replay.report.html.processes import Family, ProcessEvent

ANCESTORS = 6
DEPTH = 5
CHILDREN = 8
PROCESSES = 40


class Touch(Struct, frozen=True):
    """A process that touched another: the first event, and how many there are."""

    event: ProcessEvent
    count: int


class Node(Struct):
    """A process in a tree.

    Attributes:
        start: its event; None for a parent of which only its child tells.
        at: position of that event in the family.
        told_by: the child that tells of it, then.
        hit: whether the hit stands for this event.
        children: processes that it started.
        left_out: how many more of them there are.
        below: how many more processes those that are left out have started in turn.
        touched_by: other processes that opened it, or a thread in it: of the hit and its ancestors.
    """

    start: ProcessEvent | None
    at: int = -1
    told_by: ProcessEvent | None = None
    hit: bool = False
    children: list[Node] = field(default_factory=list)
    left_out: int = 0
    below: int = 0
    touched_by: Sequence[Touch] = ()

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


class Tree(Struct, frozen=True):
    """A tree, from the earliest ancestor shown.

    Attributes:
        root: that ancestor.
        earlier: how many ancestors above it are left out.
    """

    root: Node
    earlier: int

    @property
    def touched(self) -> bool:
        """Whether it tells of processes that touched others."""
        return any(node.touched_by for node in self.root.walk())


def trees(family: Family, hits: Sequence[int]) -> list[Tree]:
    """One tree for all starts of a hit that have the same parent; none of a start that another tree shows.

    Args:
        family: all starts.
        hits: positions of those that the hit stands for.
    """
    marked = frozenset(hits)
    shown: set[int] = set()
    found: list[Tree] = []
    for position in sorted(marked):
        if position not in shown:
            found.append(_tree(family, position, marked, shown))
    return found


def _tree(family: Family, position: int, marked: frozenset[int], shown: set[int]) -> Tree:
    ancestors = family.ancestors(position)
    kept = list(takewhile(lambda at: at not in shown, ancestors[:ANCESTORS]))
    top = kept[0] if kept else position
    root = _descend(family, top, position, marked, shown)
    for node in root.walk():
        if node.hit or node is root:
            node.touched_by = _touches(family, node.at)
    for at in kept[1:]:
        parent = Node(family.starts[at], at, hit=at in marked, children=[root], touched_by=_touches(family, at))
        shown.add(at)
        _count(family, parent, [c for c in family.children[at] if c != top])
        root, top = parent, at
    if len(kept) == len(ancestors) and family.parents[top] is None and _tells_of_parent(family.starts[top]):
        root = Node(None, told_by=family.starts[top], children=[root])
    return Tree(root, len(ancestors) - len(kept))


def _touches(family: Family, position: int) -> list[Touch]:
    """One entry for each process that touched this one, in the order of time."""
    first: dict[tuple[str, ...], ProcessEvent] = {}
    counts: Counter[tuple[str, ...]] = Counter()
    for event in family.touches[position]:
        key = tuple(event.get(f"parent_process_{end}").lower() for end in ("guid", "id", "name"))
        first.setdefault(key, event)
        counts[key] += event.count
    return [Touch(event, counts[key]) for key, event in first.items()]


def _tells_of_parent(start: ProcessEvent) -> bool:
    return any(start.get(f"parent_process{end}") for end in ("_name", "", "_id", "_guid"))


def _descend(family: Family, top: int, wanted: int, marked: frozenset[int], shown: set[int]) -> Node:
    """From a process down, level by level, so that what is left out is what is farthest."""
    root = Node(family.starts[top], top, hit=top in marked)
    shown.add(top)
    level = [(top, root)]
    room = PROCESSES
    for _ in range(DEPTH + 1):
        below: list[tuple[int, Node]] = []
        for at, node in level:
            there = [c for c in family.children[at] if c not in shown]
            first = sorted(there, key=lambda c: (c != wanted, c not in marked))[: max(min(CHILDREN, room), 0)]
            if wanted in there and wanted not in first:
                first = [wanted]
            room -= len(first)
            for child in sorted(first):
                shown.add(child)
                node.children.append(Node(family.starts[child], child, hit=child in marked))
                below.append((child, node.children[-1]))
            _count(family, node, [c for c in there if c not in shown])
        level = below
    for at, node in level:
        _count(family, node, [c for c in family.children[at] if c not in shown])
    return root


def _count(family: Family, node: Node, left_out: Collection[int]) -> None:
    node.left_out = len(left_out)
    waiting = [grandchild for child in left_out for grandchild in family.children[child]]
    while waiting:
        node.below += 1
        waiting.extend(family.children[waiting.pop()])
