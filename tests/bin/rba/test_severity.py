"""ES's scale, at its steps and between them."""

from __future__ import annotations

import pytest
from rba.severity import severity

CASES = [
    (-10, "info"),
    (0, "info"),
    (20, "info"),
    (20.5, "low"),
    (40, "low"),
    (41, "medium"),
    (60, "medium"),
    (61, "high"),
    (80, "high"),
    (81, "critical"),
    (100, "critical"),
    (250, "critical"),
]


@pytest.mark.parametrize(("score", "expected"), CASES)
def test_severity(score: float, expected: str) -> None:
    assert severity(score) == expected
