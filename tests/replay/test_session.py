"""Which search a session takes if none is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from replay.errors import KnowledgeError
from replay.session import Session
from support import write_app

CORRELATION = "action.correlationsearch.enabled"


def session(folder: Path, enabled: str) -> Session:
    one = {"search": "index=a", CORRELATION: enabled}
    return Session([write_app(folder / "one_app", {"savedsearches": {"Plain": {"search": "index=b"}, "One": one}})])


@pytest.mark.parametrize("enabled", ["1", "true", "True", "yes", "t"])
def test_the_only_correlation_search(enabled: str, tmp_path: Path) -> None:
    assert session(tmp_path, enabled).default_search().name == "One"


@pytest.mark.parametrize(("enabled", "says"), [("no", "no single correlation search"), ("on", "not a boolean")])
def test_an_app_without_one(enabled: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=says):
        session(tmp_path, enabled).default_search()
