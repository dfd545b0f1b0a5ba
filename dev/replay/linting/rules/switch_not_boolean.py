"""RL405: a switch that is neither on nor off."""

from __future__ import annotations

from collections.abc import Iterator

from replay.errors import KnowledgeError
from replay.knowledge.conf import boolean
from replay.knowledge.savedsearches import CORRELATION_SWITCH
from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule

_SWITCHES = ("enableSched", "alert.suppress", "realtime_schedule", CORRELATION_SWITCH)


@search_rule(
    "RL405", "switch-not-boolean", "error",
    title="A schedule, an action or throttling that is switched neither on nor off",
    why="What Splunk makes of such a value is documented nowhere. The other rules count it as off.",
    mend="Write 1 or 0 (true or false, yes or no).",
    bad="""
[Shells]
search = index=win process_name=cmd.exe
enableSched = on
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe
enableSched = 1
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """``action.<name>`` switches an action (savedsearches.conf.spec); what else begins so is a setting of one."""
    actions = (key for key in search.saved.settings if key.startswith("action.") and key.count(".") == 1)
    for key in (*_SWITCHES, *actions):
        setting = search.setting(key)
        try:
            if setting is not None:
                boolean(setting.value, setting.place)
        except KnowledgeError as error:
            yield Found(error.place, f"{key}: {error.message}")
