"""Reads logs that a test writes, and says what came out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from replay import inputs


class Outcome(NamedTuple):
    """What was read from a log."""

    events: list[inputs.Event]
    problems: list[inputs.Problem]

    @property
    def raws(self) -> list[str]:
        return [event.raw for event in self.events]

    @property
    def reasons(self) -> list[str]:
        return [problem.reason for problem in self.problems]

    @property
    def bytes(self) -> list[int | None]:
        return [problem.place.byte for problem in self.problems]


def read_paths(*paths: Path | str, sourcetype: str | None = None) -> Outcome:
    problems: list[inputs.Problem] = []
    return Outcome(list(inputs.read(paths, sourcetype=sourcetype, on_problem=problems.append)), problems)


Reader = Callable[..., Outcome]


@pytest.fixture(scope="session")
def read_log(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Writes bytes to a file and reads it: ``read_log(data, name=..., sourcetype=...)``."""
    folder = tmp_path_factory.mktemp("logs")

    def read(data: bytes, name: str = "log", sourcetype: str | None = None) -> Outcome:
        file = folder / name
        file.write_bytes(data)
        return read_paths(file, sourcetype=sourcetype)

    return read


@pytest.fixture(scope="session")
def read_these() -> Reader:
    """Reads files that exist: ``read_these(path, ..., sourcetype=...)``."""
    return read_paths
