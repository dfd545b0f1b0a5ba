"""Which events belong together: the assignment behind ``transaction``, apart from SQL.

Splunk looks at events from the newest to the oldest: an event that matches ``endswith`` opens a transaction, one that
matches ``startswith`` closes it, and ``maxspan``, ``maxpause``, ``maxevents`` close it, too. Source: Search Reference,
"transaction". It is a loop in Python, since every event's place depends on where all newer ones went.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from msgspec import Struct, field

Values = tuple[str | None, ...]


class Rules(Struct, frozen=True):
    """When a transaction ends; None is no limit.

    Attributes:
        maxspan: seconds between its first and its last event.
        maxpause: seconds between two neighbours.
        maxevents: how many events.
        starts, ends: a ``startswith``, an ``endswith`` is given.
        connected: an event that shares no value with a transaction opens another (else it joins if nothing conflicts).
    """

    maxspan: float | None = None
    maxpause: float | None = None
    maxevents: int | None = 1000
    starts: bool = False
    ends: bool = False
    connected: bool = True


class Event(Struct, frozen=True):
    """What the assignment needs of an event: its row, its time, the values of the unifying fields, what it matches."""

    row: int
    time: float
    values: Values
    is_start: bool = False
    is_end: bool = False


class Transaction(Struct):
    """Events that belong together, newest first.

    Attributes:
        number: its place in the order of opening.
        values: those of the unifying fields that were seen so far.
        limited: a limit (or the end of an older transaction) closed it.
        done: no event may join any more.
    """

    number: int
    rows: list[int]
    latest: float
    earliest: float
    values: list[str | None]
    has_start: bool = False
    has_end: bool = False
    limited: bool = False
    done: bool = False

    def complete(self, rules: Rules) -> bool:
        """True if it has the start and the end that the rules ask for."""
        return (self.has_start or not rules.starts) and (self.has_end or not rules.ends)


class Assignment(Struct):
    """The result: transactions in the order of their opening, and rows that have none of the unifying fields."""

    transactions: list[Transaction] = field(default_factory=list)
    orphans: list[int] = field(default_factory=list)


class _Open:
    """The transactions that events may still join, by the values that they hold."""

    def __init__(self) -> None:
        self._by_values: dict[Values, list[Transaction]] = {}
        # For each set of fields that an event may have: the combinations of values above, by those fields alone.
        self._by_fields: dict[tuple[int, ...], dict[Values, dict[Values, None]]] = {}

    def add(self, transaction: Transaction) -> None:
        known = tuple(transaction.values)
        self._by_values.setdefault(known, []).append(transaction)
        for fields, index in self._by_fields.items():
            index.setdefault(tuple(known[i] for i in fields), {})[known] = None

    def _forget(self, known: Values) -> None:
        del self._by_values[known]
        for fields, index in self._by_fields.items():
            del index[tuple(known[i] for i in fields)][known]

    def learn(self, transaction: Transaction, values: Values) -> None:
        """The transaction takes over values of fields that it has not seen yet."""
        if any(old is None and new is not None for old, new in zip(transaction.values, values, strict=True)):
            transaction.values = [
                old if old is not None else new for old, new in zip(transaction.values, values, strict=True)
            ]
            self.add(transaction)

    def find(self, values: Values, connected: bool) -> Transaction | None:
        """The transaction that was opened last, of those that share a value (if connected) and contradict none."""
        found: Transaction | None = None
        for known in self._agreeing(values):
            if connected and values and not any(a is not None and a == b for a, b in zip(known, values, strict=True)):
                continue
            transactions = self._by_values[known]
            while transactions and (transactions[-1].done or tuple(transactions[-1].values) != known):
                transactions.pop()
            if not transactions:
                self._forget(known)
            elif found is None or transactions[-1].number > found.number:
                found = transactions[-1]
        return found

    def _agreeing(self, values: Values) -> list[Values]:
        """The combinations of values, among those of open transactions, that contradict these nowhere."""
        fields = tuple(i for i, value in enumerate(values) if value is not None)
        index = self._by_fields.get(fields)
        if index is None:
            index = self._by_fields[fields] = {}
            for known in self._by_values:
                index.setdefault(tuple(known[i] for i in fields), {})[known] = None
        possible = product(*((values[i], None) for i in fields))
        return [known for some in possible for known in index.get(some, ())]


def assign(events: Iterable[Event], rules: Rules) -> Assignment:
    """Put each event into a transaction.

    Args:
        events: newest first.
        rules: when a transaction ends.
    """
    result, still_open = Assignment(), _Open()
    for event in events:
        if event.values and all(value is None for value in event.values):
            result.orphans.append(event.row)
            continue
        found = still_open.find(event.values, rules.connected)
        if found is not None and (_is_full(found, event, rules) or (rules.ends and event.is_end)):
            found.limited = found.done = True
            found = None
        if found is None:
            number = len(result.transactions)
            found = Transaction(number, [event.row], event.time, event.time, list(event.values), has_end=event.is_end)
            result.transactions.append(found)
            still_open.add(found)
        else:
            found.rows.append(event.row)
            found.earliest = event.time
            still_open.learn(found, event.values)
        if rules.starts and event.is_start:
            found.has_start = found.done = True
    return result


def _is_full(transaction: Transaction, event: Event, rules: Rules) -> bool:
    return (
        (rules.maxspan is not None and transaction.latest - event.time > rules.maxspan)
        or (rules.maxpause is not None and transaction.earliest - event.time > rules.maxpause)
        or (rules.maxevents is not None and len(transaction.rows) >= rules.maxevents)
    )
