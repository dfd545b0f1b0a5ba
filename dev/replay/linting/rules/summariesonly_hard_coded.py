"""RL202: summariesonly written into a search."""

from __future__ import annotations

import re
from collections.abc import Iterator

from replay.errors import ReplayError
from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.spl.macros import strip_comments

_OPTION = re.compile(r"\bsummariesonly\s*=\s*(\w+)", re.IGNORECASE)


@search_rule(
    "RL202", "summariesonly-hard-coded", "warning",
    title="summariesonly with a value in the search itself",
    why="With true, whatever is not summarised yet is not found, and nothing at all on a site that does not accelerate "
    "the model; with false, a site that does pays for every run. A site cannot change it but by editing the search.",
    mend="Take the value from a macro: summariesonly=`summariesonly`, or `security_content_summariesonly`.",
    bad=r"""
[Shells]
search = | tstats summariesonly=true count from datamodel=Endpoint.Processes \
  where Processes.process_name=cmd.exe \
  by Processes.dest
""",
    good=r"""
[Shells]
search = | tstats summariesonly=`summariesonly_config` count from datamodel=Endpoint.Processes \
  where Processes.process_name=cmd.exe \
  by Processes.dest
# macros.conf
[summariesonly_config]
definition = false
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Look at the text as written: what a macro brings is not hard-coded."""
    try:
        text = strip_comments(search.saved.search)
    except ReplayError:
        return  # RL001 says so
    for match in _OPTION.finditer(text):
        yield Found(search.in_search(match.start()), f"`{match[0]}` stands in the search")
