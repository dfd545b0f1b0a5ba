"""Apps out of example text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from replay.linting.linter import lint
from replay.linting.rule import Finding
from replay.session import Session

Linted = Callable[..., list[Finding]]


@pytest.fixture
def linted(tmp_path: Path) -> Linted:
    """Text of .conf files as an app (a line ``# macros.conf`` begins another file), and what is found in it.

    With ``code``, only the findings of that rule; ``pyproject`` is what pyproject.toml says.
    """

    def examine(text: str, code: str | None = None, pyproject: str = "") -> list[Finding]:
        app = tmp_path / "example"
        (app / "default").mkdir(parents=True, exist_ok=True)
        if pyproject:
            (app / "pyproject.toml").write_text(pyproject, encoding="utf-8")
        parts = re.split(r"^# (\w+)\.conf\n", f"# savedsearches.conf\n{text}\n", flags=re.MULTILINE)[1:]
        for name, body in zip(parts[::2], parts[1::2], strict=True):
            (app / f"default/{name}.conf").write_text(body, encoding="utf-8")
        return [found for found in lint(Session([app])) if code in (None, found.rule.code)]

    return examine
