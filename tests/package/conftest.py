"""The package, built once for all tests of a process."""

from __future__ import annotations

from pathlib import Path

import pytest

# Whether ruff takes it for our own would hang on whether the folder build/ is there.
import build  # isort: skip


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build.build(tmp_path_factory.mktemp("package"))
