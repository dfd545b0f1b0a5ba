"""Known attacks: the logs of a detection's own tests, which no filter should hide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from replay.inputs import Problem
from replay.knowledge import SavedSearch
from replay.session import Session
from replay.testing.runner import events
from replay.testing.spec import DetectionTest, find_files, read_tests
from replay.tuning.filters import FilterCall
from replay.tuning.tuner import Tuner


class Loss(Struct, frozen=True):
    """A known attack that a filter hides, in part or whole.

    Attributes:
        test: name of the test whose logs hold it.
        place: where the test stands.
        before: rows that are found without the filter.
        after: rows that are left.
    """

    test: str
    place: str
    before: int
    after: int


def known_attacks(
    folder: Path, saved: SavedSearch, call: FilterCall, warn: Callable[[str], None]
) -> list[DetectionTest]:
    """The tests of a saved search that expect hits, and do not replace its filter themselves.

    Whatever makes the list shorter than one would think is told.

    Raises:
        KnowledgeError: a file of tests is wrong.
    """
    if not folder.is_dir():
        warn(f"no known attacks to check against: there is no folder {folder} (--tests names another)")
        return []
    tests = [
        test
        for file in find_files([folder])
        for test in read_tests(file)
        if test.search == saved.name and test.expected.count != 0 and call.macro not in test.macros
    ]
    if not tests:
        warn(f"no known attacks to check against: no test in {folder} expects `{saved.name}` to find any")
    missing = [test for test in tests if test.skipped]
    if missing:
        warn(f"{len(missing)} of {len(tests)} known attacks are not checked: {missing[0].skipped}")
    return [test for test in tests if not test.skipped]


def hidden_attacks(
    session: Session, saved: SavedSearch, call: FilterCall, tests: Sequence[DetectionTest], candidates: Sequence[str]
) -> list[list[Loss]]:
    """For each candidate, the known attacks of which it hides something.

    The events of the session are replaced. What counts are the rows that reach the filter.
    """
    losses: list[list[Loss]] = [[] for _ in candidates]
    for test in tests if candidates else ():
        session.index.clear()
        problems: list[Problem] = []  # the test itself says whether there should be any
        for data in test.data:
            session.index.add(events(data, problems), data.index)
        ctx = session.saved_context(saved, test.earliest, test.latest)
        tuner = Tuner(saved, call, replace(ctx, macros={**ctx.macros, **test.macros}))
        before = len(tuner.reaching())
        if not before:
            session.warn(f"the known attack `{test.name}` is not found even with the empty filter ({test.place})")
            continue
        for candidate, lost in zip(candidates, losses, strict=True):
            after = len(tuner.reaching(candidate))
            if after < before:
                lost.append(Loss(test.name, str(test.place), before, after))
    session.index.clear()
    return losses
