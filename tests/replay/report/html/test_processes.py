"""Who started whom: cases as data, and what holds for any events."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.report.html.processes import Family, ProcessEvent, known
from replay.report.html.tree import Node, Tree, trees

SHORT = {
    "on": "dest", "name": "process_name", "id": "process_id", "guid": "process_guid", "of": "parent_process_id",
    "of_name": "parent_process_name", "of_guid": "parent_process_guid", "line": "process",
}  # fmt: skip


def event(time: float, **fields: str) -> ProcessEvent:
    """An event; the names of its fields are short, and it is on host h."""
    return ProcessEvent(time, {SHORT[name]: value for name, value in {"on": "h", **fields}.items()})


class Case(NamedTuple):
    """Events in the order of time, and the position of each one's parent."""

    says: str
    events: list[ProcessEvent]
    parents: list[int | None]


CASES = [
    Case("by id", [event(1, name="a", id="1", of="0"), event(2, name="b", id="2", of="1")], [None, 0]),
    Case(
        "an id that is used again: the latest process that had it",
        [event(1, name="a", id="1", of="0"), event(2, name="a", id="1", of="0"), event(3, name="b", id="2", of="1")],
        [None, None, 1],
    ),
    Case(
        "a process that had the id only later is no parent",
        [event(1, name="b", id="2", of="1"), event(2, name="a", id="1", of="0")],
        [None, None],
    ),
    Case(
        "another name: the start of the real parent is not in the data",
        [event(1, name="a", id="1", of="0"), event(2, name="b", id="2", of="1", of_name="x")],
        [None, None],
    ),
    Case(
        "names and ids agree in any case",
        [event(1, name="A.EXE", id="0xA", of="0"), event(2, name="b", id="2", of="0xa", of_name="a.exe")],
        [None, 0],
    ),
    Case("other hosts", [event(1, name="a", id="1", of="0"), event(2, on="i", name="b", id="2", of="1")], [None, None]),
    Case(
        "a GUID before an id",
        [
            event(1, name="a", guid="{1}", id="1", of="0"),
            event(2, name="z", guid="{9}", id="1", of="0"),
            event(3, name="b", guid="{2}", id="2", of_guid="{1}", of="1"),
        ],
        [None, None, 0],
    ),
    Case(
        "a GUID that no start has: the id of a process with another GUID is not taken for it",
        [event(1, name="a", guid="{1}", id="1", of="0"), event(2, name="b", id="2", of_guid="{7}", of="1")],
        [None, None],
    ),
    Case(
        "a GUID that no start has: a process without one, from another source, may be it",
        [event(1, name="a", id="1", of="0"), event(2, name="b", guid="{2}", id="2", of_guid="{7}", of="1")],
        [None, 0],
    ),
    Case("its own parent", [event(1, name="a", guid="{1}", id="1", of_guid="{1}", of="1")], [None]),
    Case(
        "parents in a circle: it is cut",
        [event(1, name="a", guid="{1}", of_guid="{2}"), event(1, name="b", guid="{2}", of_guid="{1}")],
        [None, 0],
    ),
    Case("in the same second", [event(1, name="a", id="1", of="0"), event(1, name="b", id="2", of="1")], [None, 0]),
    Case("no ids at all", [event(1, name="a", of_name="b"), event(2, name="b", of_name="a")], [None, None]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.says for case in CASES])
def test_parents(case: Case) -> None:
    assert Family(case.events).parents == case.parents


TOLD_TWICE: list[tuple[str, list[ProcessEvent], int]] = [
    ("a GUID and none", [event(1, name="a", guid="{1}", id="1", line="a x"), event(1.5, name="A", id="1", of="7")], 1),
    ("too far apart", [event(1, name="a", guid="{1}", id="1", line="x"), event(9, name="a", id="1", of="7")], 2),
    ("another name", [event(1, name="a", guid="{1}", id="1", line="x"), event(1, name="b", id="1", of="7")], 2),
    ("two GUIDs", [event(1, name="a", guid="{1}", id="1", of="7"), event(1, name="a", guid="{2}", id="1", of="7")], 2),
    ("without GUIDs it may have been two", [event(1, name="a", id="1", of="7"), event(2, name="a", id="1", of="7")], 2),
    ("without ids, too", [event(1, name="a", guid="{1}", of="7"), event(1, name="a", of="7")], 2),
]


@pytest.mark.parametrize(("says", "events", "processes"), TOLD_TWICE, ids=[says for says, *_ in TOLD_TWICE])
def test_two_sources_tell_of_one_process(says: str, events: list[ProcessEvent], processes: int) -> None:
    family = Family(events)
    assert len(family.starts) == processes
    assert family.position == ([0, 0] if processes == 1 else [0, 1])
    if processes == 1:  # what only one of them tells is kept
        assert family.starts[0].get("process") == "a x"
        assert family.starts[0].get("parent_process_id") == "7"


def test_what_is_a_start_and_what_a_touch() -> None:
    kinds = [
        (event(1, name="a", line="a x"), (True, False)),
        (event(1, name="a", of="1"), (True, False)),
        (event(1, name="a", id="1"), (False, False)),  # it ended
        (event(1, id="1", of="2", of_name="b"), (False, True)),  # b opened it
    ]
    assert [(one.is_start, one.is_touch) for one, _ in kinds] == [kind for _, kind in kinds]


def test_touches_belong_to_the_process_that_had_the_id() -> None:
    first, again = event(1, name="a", id="1", of="0"), event(5, name="a", id="1", of="0")
    touch = event(6, id="1", of="4", of_name="evil.exe")
    early = event(2, id="1", of="4", of_name="other.exe")
    nobody = event(6, id="77", of="4", of_name="evil.exe")
    family = Family([again, first, touch, early, nobody])
    assert family.touches == [[early], [touch]]
    (tree,) = trees(family, [1])
    assert [(t.event.get("parent_process_name"), t.count) for t in tree.root.children[0].touched_by] == [
        ("evil.exe", 1)
    ]


@pytest.mark.parametrize("absent", ["", " ", "-", "?", "null", "NULL", "unknown", "Unknown"])
def test_what_stands_for_no_value(absent: str) -> None:
    assert known(absent) == ""


@pytest.mark.parametrize("value", ["0", "a", " a ", "unknown.exe"])
def test_what_is_a_value(value: str) -> None:
    assert known(value) == value


# --- trees ----------------------------------------------------------------------------------------------------------


def drawn(node: Node) -> Any:
    """A tree as nested lists of names; a hit is marked, and what is left out is counted."""
    name = node.start.get("process_name") if node.start else f"({node.told_by.get('parent_process_name')})"  # type: ignore[union-attr]
    below: list[Any] = [drawn(child) for child in node.children]
    if node.left_out:
        below.append((node.left_out, node.below))
    return [f"{name}!" if node.hit else name, *below]


def line(*names: str) -> list[ProcessEvent]:
    """Processes that started one another."""
    return [event(n, name=name, id=str(n), of=str(n - 1)) for n, name in enumerate(names)]


def test_a_tree_has_the_ancestors_and_what_the_parent_started() -> None:
    told = [
        event(1, name="shell", id="10", of="5", of_name="logon"),
        event(2, name="msra", id="11", of="10"),
        event(3, name="other", id="12", of="10"),
        event(4, name="cmd", id="13", of="11"),
        event(5, name="net", id="14", of="11"),
        event(6, name="whoami", id="15", of="13"),
    ]
    (tree,) = trees(Family(told), [3])
    assert drawn(tree.root) == ["(logon)", ["shell", ["msra", ["cmd!", ["whoami"]], ["net"]], (1, 0)]]
    assert tree.earlier == 0


def test_a_process_without_any_word_of_its_parent_is_a_root() -> None:
    (tree,) = trees(Family([event(1, name="a", line="a")]), [0])
    assert drawn(tree.root) == ["a!"]


def test_hits_with_one_parent_share_a_tree() -> None:
    told = [event(1, name="p", id="1", line="p"), *(event(n, name=f"c{n}", id=str(n), of="1") for n in (2, 3))]
    assert [drawn(tree.root) for tree in trees(Family(told), [1, 2])] == [["p", ["c2!"], ["c3!"]]]


def test_the_hit_is_shown_among_ever_so_many() -> None:
    told = [event(0, name="p", id="0", line="p"), *(event(n, name=f"c{n}", id=str(n), of="0") for n in range(1, 5000))]
    told += [event(9000, name="g", id="9000", of="4000")]
    (tree,) = trees(Family(told), [4500])
    names = [node.start.get("process_name") for node in tree.root.walk() if node.start]
    assert "c4500" in names and len(names) == 9
    assert (tree.root.left_out, tree.root.below) == (4999 - 8, 1)


def test_a_long_line_is_cut_at_both_ends() -> None:
    (tree,) = trees(Family(line(*(f"p{n}" for n in range(3000)))), [1500])
    names = [node.start.get("process_name") for node in tree.root.walk() if node.start]
    assert names == [f"p{n}" for n in range(1494, 1506)]
    assert tree.earlier == 1494
    last = list(tree.root.walk())[-1]
    assert (last.left_out, last.below) == (1, 3000 - 1507)


SOME = st.sampled_from(["", "1", "2", "3", "4"])
EVENTS = st.lists(
    st.builds(
        lambda time, name, id, guid, of, of_guid, of_name: ProcessEvent(
            time,
            {
                SHORT[k]: v
                for k, v in {
                    "on": "h", "name": name, "id": id, "guid": guid, "of": of, "of_guid": of_guid, "of_name": of_name,
                }.items()
                if v
            },
        ),
        st.integers(0, 5), SOME, SOME, SOME, SOME, SOME, SOME,
    ),
    max_size=30,
)  # fmt: skip


@given(EVENTS, st.data())
def test_any_events_give_trees_that_hold_each_at_most_once(events: list[ProcessEvent], data: st.DataObject) -> None:
    family = Family(events)
    hits = data.draw(st.sets(st.sampled_from(range(len(family.starts))))) if family.starts else set()
    found: list[Tree] = trees(family, sorted(hits))
    held = [node.at for tree in found for node in tree.root.walk() if node.start is not None]
    assert len(held) == len(set(held))
    assert hits <= set(held)
    assert all(node.hit == (node.at in hits) for tree in found for node in tree.root.walk())
    for tree in found:
        for node in tree.root.walk():
            for child in node.children:
                assert family.parents[child.at] == (node.at if node.start else None)


@given(EVENTS, st.randoms())
def test_the_order_of_the_events_does_not_matter(events: list[ProcessEvent], random: Any) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)
    assert Family(shuffled).parents == Family(events).parents
    assert Family(shuffled).starts == Family(events).starts


@given(EVENTS)
def test_every_process_event_is_a_start_a_touch_or_neither(events: list[ProcessEvent]) -> None:
    family = Family(events)
    assert len(family.told) == len(family.position) == sum(e.is_start for e in events)
    assert len(family.touching) == sum(e.is_touch for e in events)
    for position in range(len(family.starts)):  # no circle
        assert position not in family.ancestors(position)
