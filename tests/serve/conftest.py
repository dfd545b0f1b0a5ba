"""Servers for the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from serve.running import Server, Start, start_server
from serve.scheduled import NOON, World


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of a process; tests use indexes and names of their own."""
    started = start_server(tmp_path_factory.mktemp("serve"))
    yield started
    assert started.stop() == 0


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers of a test's own."""
    started: list[Server] = []

    def one(*arguments: str) -> Server:
        started.append(start_server(tmp_path, *arguments))
        return started[-1]

    yield one
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes search heads with scheduled searches."""
    made: list[World] = []

    def make(now: float = NOON + 1, **searches: Mapping[str, str]) -> World:
        made.append(World(tmp_path, searches, now))
        return made[-1]

    yield make
    for one in made:
        one.head.close()
