"""RL302: a correlation search without a filter macro."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.filters import SUFFIX, filter_calls
from replay.linting.rule import Found, search_rule


@search_rule(
    "RL302", "filter-macro-missing", "warning",
    title="A correlation search without a filter macro",
    why="A site can take out its false positives only by editing the search, and then gets no update of it any more.",
    mend="End the search (before commands that only add to results) with a macro `name_filter`, defined as: search *",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.correlationsearch.enabled = 1
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest | `shells_filter`
action.correlationsearch.enabled = 1
# macros.conf
[shells_filter]
definition = search *
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """A filter macro is one whose name ends in ``_filter``."""
    if search.correlation and not any(filter_calls(search)):
        yield Found(search.saved.place, f"the search calls no macro whose name ends in `{SUFFIX}`")
