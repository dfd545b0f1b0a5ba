"""Small apps, written as data: ``{"TA-one": {"default/props.conf": "..."}}``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from replay.knowledge import Knowledge

Apps = Mapping[str, Mapping[str, str]]
Load = Callable[[Apps], Knowledge]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write the apps, each into a folder of its name, and load them in that order."""

    def write_and_load(apps: Apps) -> Knowledge:
        folders = []
        for name, files in apps.items():
            folders.append(tmp_path / name)
            (tmp_path / name / "default").mkdir(parents=True, exist_ok=True)
            for relative, text in files.items():
                path = tmp_path / name / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        return Knowledge.load(folders)

    return write_and_load
