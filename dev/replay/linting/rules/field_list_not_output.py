"""RL103: a field of throttling or of a notable that no result has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.source import place_in
from replay.registry import nearest

_LISTS = ("alert.suppress.fields", "action.notable.param.nes_fields")


@search_rule(
    "RL103", "field-list-not-output", "warning",
    title="Throttling or a notable goes by a field that the search does not output",
    why="Throttling groups results by the values of its fields. A field that is never there groups all results as "
    "one: the first alert silences every other.",
    mend="Name fields that are in the results.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
alert.suppress = 1
alert.suppress.fields = dest,user
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest user
alert.suppress = 1
alert.suppress.fields = dest,user
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Look at each name of the lists."""
    fields = search.output
    for key in _LISTS:
        setting = search.setting(key)
        for name in re.finditer(r"[^,\s]+", setting.value) if setting is not None else ():
            if fields.lacks(name[0]):
                assert setting is not None
                says = f"the search does not output `{name[0]}`, which {key} names{nearest(name[0], fields.names)}"
                yield Found(place_in(setting, name.start()), says)
