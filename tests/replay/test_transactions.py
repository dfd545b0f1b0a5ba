"""The assignment of events to transactions."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from replay.transactions import Event, Rules, assign

EVENTS = st.lists(
    st.tuples(
        st.integers(0, 100),
        st.tuples(st.sampled_from([None, "a", "b"]), st.sampled_from([None, "x", "y"])),
        st.booleans(),
        st.booleans(),
    ),
    max_size=30,
).map(lambda found: [Event(i, float(t), v, s, e) for i, (t, v, s, e) in enumerate(sorted(found, key=lambda f: -f[0]))])
RULES = st.builds(
    Rules,
    maxspan=st.none() | st.integers(0, 50).map(float),
    maxpause=st.none() | st.integers(0, 20).map(float),
    maxevents=st.none() | st.integers(1, 5),
    starts=st.booleans(),
    ends=st.booleans(),
    connected=st.booleans(),
)


@given(EVENTS, RULES)
def test_every_event_is_in_one_place(events: list[Event], rules: Rules) -> None:
    result = assign(events, rules)
    placed = [row for t in result.transactions for row in t.rows] + result.orphans
    assert sorted(placed) == [event.row for event in events]


@given(EVENTS, RULES)
def test_limits_hold_and_values_do_not_contradict(events: list[Event], rules: Rules) -> None:
    for transaction in assign(events, rules).transactions:
        members = [events[row] for row in transaction.rows]
        times = [event.time for event in members]
        assert times == sorted(times, reverse=True)
        assert rules.maxspan is None or times[0] - times[-1] <= rules.maxspan
        assert rules.maxpause is None or all(a - b <= rules.maxpause for a, b in pairwise(times))
        assert rules.maxevents is None or len(times) <= rules.maxevents
        for values in zip(*(event.values for event in members), strict=True):
            assert len(set(values) - {None}) <= 1


@given(EVENTS)
def test_a_start_is_the_oldest_event_and_an_end_the_newest(events: list[Event]) -> None:
    for transaction in assign(events, Rules(starts=True, ends=True)).transactions:
        if transaction.complete(Rules(starts=True, ends=True)):
            assert events[transaction.rows[-1]].is_start
            assert events[transaction.rows[0]].is_end
