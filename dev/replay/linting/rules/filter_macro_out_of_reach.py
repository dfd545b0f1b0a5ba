"""RL304: a filter macro before fields that results have."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.filters import filter_calls, step_of
from replay.linting.rule import Found, search_rule


@search_rule(
    "RL304", "filter-macro-out-of-reach", "warning",
    title="A filter macro that stands before fields of the results are made",
    why="Analysts filter by what they see in a result. A field that is made after the filter is empty in it: `NOT x=y` "
    "then keeps everything and `x=y` drops everything, in silence.",
    mend="Move the macro behind the last command that makes a field.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest | `shells_filter` | eval kind="shell"
# macros.conf
[shells_filter]
definition = search *
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest | eval kind="shell" | `shells_filter`
# macros.conf
[shells_filter]
definition = search *
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Compare the fields before the filter with those of the results, where both are known."""
    calls = list(filter_calls(search))
    if not calls or search.output.open:
        return
    call = calls[-1]
    step = step_of(search, call)
    before = search.steps[step - 1].after if step else None
    if before is None or before.open:
        return
    late = sorted(name for name in search.output.names - before.names if not name.startswith("_"))
    if late:
        names = ", ".join(f"`{name}`" for name in late[:6]) + (" …" if len(late) > 6 else "")
        yield Found(search.in_search(call.start), f"`{call.name}` cannot see {names}")
