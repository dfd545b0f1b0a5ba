"""An OR says whether it stands without parentheses: that is where readers and Splunk may differ on AND and OR."""

from __future__ import annotations

import pytest
from replay.spl.scanner import Scanner
from replay.spl.search import And, Or, parse_search, walk

CASES = [
    ("a=1 OR b=2 c=3", True),
    ("a=1 AND b=2 OR c=3", True),
    ("(a=1 OR b=2) c=3", False),
    ("a=1 (b=2 OR c=3)", False),
    ("((a=1 OR b=2)) c=3", False),
    ("(a=1 OR b=2 c=3)", True),
    ("a IN (1, 2) c=3", False),
    ("a=(1 OR 2) c=3", False),
]


@pytest.mark.parametrize(("text", "loose"), CASES)
def test_an_or_beside_and_without_parentheses_is_loose(text: str, loose: bool) -> None:
    expr = parse_search(Scanner(text), lambda s: None)
    ors = [term for one in walk(expr) if isinstance(one, And) for term in one.terms if isinstance(term, Or)]
    assert [term.loose for term in ors] == [loose]
