"""Filter macros: the place where a site takes its false positives out of a search."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import CallSite, ExaminedSearch
from replay.spl.scanner import Scanner, split_top

SUFFIX = "_filter"
EMPTY = ("", "search *", "search", "*", "search true()", "where true()")
"""Definitions that take nothing out."""


def filter_calls(search: ExaminedSearch) -> Iterator[CallSite]:
    """The calls of filter macros in a search, by their name."""
    return (call for call in search.calls.sites if call.name.endswith(SUFFIX))


def step_of(search: ExaminedSearch, call: CallSite) -> int | None:
    """Which command of the outer pipeline a call gives; None where that cannot be told."""
    at = search.expanded_offset(call.start)
    if at is None:
        return None
    scanner = Scanner(search.expansion)
    parts = [part for part in split_top(scanner, "|") if not scanner.sub(*part).done]
    return next((i for i, (start, end) in enumerate(parts) if start <= at <= end), None)
