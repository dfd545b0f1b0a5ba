"""RL104: a token in a drilldown search without quotes."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.settings import drilldown_searches
from replay.linting.tokens import TOKEN
from replay.spl.scanner import skip_quoted

_TIMES = ("info_min_time", "info_max_time", "info_search_time")


@search_rule(
    "RL104", "drilldown-token-unquoted", "warning",
    title="A token in a drilldown search without quotes",
    why="The value is put into the search as it is. One with a blank, a bracket or a pipe (a command line, a user "
    "named `NT AUTHORITY\\\\SYSTEM`) changes the search or breaks it, and whoever writes the event writes the search.",
    mend='Write field="$token$" (in JSON: \\\\"$token$\\\\"), or $token|s$, which quotes it.',
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.notable.param.drilldown_search = index=win dest=$dest$
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.notable.param.drilldown_search = index=win dest="$dest$" earliest=$info_min_time$
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """A token counts as quoted anywhere inside double quotes."""
    for drilldown in drilldown_searches(search):
        quoted = _quoted(drilldown.text)
        for match in TOKEN.finditer(drilldown.text):
            inside = any(start < match.start() < end for start, end in quoted)
            if not inside and match[2] != "|s" and match[1] not in _TIMES:
                yield Found(drilldown.at(match.start()), f"{match[0]} stands without quotes")


def _quoted(text: str) -> list[tuple[int, int]]:
    spans = []
    at = text.find('"')
    while at >= 0:
        end = skip_quoted(text, at, len(text))
        spans.append((at, end))
        at = text.find('"', end)
    return spans
