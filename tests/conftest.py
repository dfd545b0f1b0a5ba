"""Settings of all tests."""

import pytest
from hypothesis import settings
from replay import index

# How long an example takes says nothing about what it proves, and the machine may be busy.
settings.register_profile("replay", deadline=None)
settings.load_profile("replay")


@pytest.fixture(autouse=True, scope="session")
def as_many_events() -> None:
    """The few events of a test are read as the many of a log are; real processes, and tests that say so, do not."""
    index.AT_ONCE = 0
