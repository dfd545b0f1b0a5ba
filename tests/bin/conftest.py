"""The command's own package, found beside the script as the command finds it; and Pythons to run it on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bin"))

from bin.chunked import VERSIONS, find_python, sdk_alone


@pytest.fixture(scope="session")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with splunk-sdk in it."""
    return sdk_alone(tmp_path_factory.mktemp("sdk"))


@pytest.fixture(params=VERSIONS, ids=lambda version: f"python{version}")
def python(request: pytest.FixtureRequest) -> str:
    """Each Python that Splunk brings, if the machine has it."""
    found = find_python(request.param)
    if found is None:
        pytest.skip(f"no Python {request.param} on PATH or in pyenv: the command was not run on it")
    return found
