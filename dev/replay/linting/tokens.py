"""``$field$`` tokens in the settings of a search, and what Enterprise Security replaces them with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from replay.errors import Place
from replay.linting.examined import ExaminedSearch
from replay.linting.flow import Fields
from replay.linting.source import place_in

TOKEN = re.compile(r"\$([\w.:{}@-]+)(\|[a-z])?\$")
RESULT = re.compile(r"\$result\.([\w.:{}@-]+)\$")
RISK_MESSAGE = "action.risk.param._risk_message"
NOTABLE_TEXTS = (
    "action.notable.param.rule_title", "action.notable.param.rule_description",
    "action.notable.param.drilldown_name", "action.notable.param.drilldown_search",
    "action.notable.param.drilldown_searches", "action.notable.param.drilldown_dashboards",
    "action.notable.param.drilldown_earliest_offset", "action.notable.param.drilldown_latest_offset",
)  # fmt: skip

_NOTABLE_ADDS = frozenset(
    (
        *("info_min_time", "info_max_time", "info_search_time", "info_sid", "_time", "time", "event_id", "event_hash"),
        *("rule_id", "rule_name", "rule_title", "rule_description", "search_name", "source", "orig_time", "orig_sid"),
        *("orig_rid", "orig_action_name", "security_domain", "severity", "urgency", "owner", "status", "host", "index"),
        *("sourcetype", "tag", "savedsearch_description", "notable_type", "annotations", "risk_score"),
    )
)
"""Fields that the notable index adds to each finding (ES, "Notable event fields"; addinfo)."""
_ASSETS = ("src", "dest", "dvc", "orig_host", "host", "user", "src_user")
"""Fields whose asset or identity ES adds under names that begin with them (``dest_priority``)."""


class Token(NamedTuple):
    """A token: the field, its whole text, the setting that it stands in and where."""

    field: str
    text: str
    key: str
    place: Place


def tokens(search: ExaminedSearch, key: str) -> Iterator[Token]:
    """The tokens of one setting, each once."""
    setting = search.setting(key)
    seen = set()
    for match in TOKEN.finditer(setting.value) if setting is not None else ():
        if match[0] not in seen:
            seen.add(match[0])
            assert setting is not None
            yield Token(match[1].removeprefix("result."), match[0], key, place_in(setting, match.start()))


def result_tokens(search: ExaminedSearch) -> Iterator[Token]:
    """``$result.field$`` in the settings of other alert actions (Alerting Manual, "Use tokens")."""
    for key in search.saved.settings:
        setting = search.setting(key)
        if setting is None or not key.startswith("action.") or key in (RISK_MESSAGE, *NOTABLE_TEXTS):
            continue
        for match in RESULT.finditer(setting.value):
            yield Token(match[1], match[0], key, place_in(setting, match.start()))


def added_by_es(name: str, fields: Fields) -> bool:
    """Whether a finding has this field although the search does not output it."""
    return name in _NOTABLE_ADDS or any(name.startswith(f"{a}_") and a in fields.names for a in _ASSETS)
