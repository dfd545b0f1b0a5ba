"""What ``replay preview`` does before it serves."""

from __future__ import annotations

from pathlib import Path

import pytest
from replay.preview.command import write_risk
from replay.serve.head import Head
from support import write_app


@pytest.mark.parametrize(
    ("enabled", "says"),
    [("True", ["One: 1 results"]), ("no", []), ("on", ["`on` is not a boolean"])],
)
def test_the_correlation_searches_run(enabled: str, says: list[str], tmp_path: Path) -> None:
    one = {"search": "| makeresults", "action.correlationsearch.enabled": enabled}
    app = write_app(tmp_path / "one_app", {"savedsearches": {"One": one, "Plain": {"search": "| makeresults"}}})
    said: list[str] = []
    head = Head([app], "a password")
    try:
        write_risk(head, said.append)
    finally:
        head.close()
    assert len(said) == len(says)
    assert all(part in whole for part, whole in zip(says, said, strict=True))
