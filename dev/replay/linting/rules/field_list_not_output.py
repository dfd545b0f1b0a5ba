"""RL103: a field of throttling or of a notable that no result has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.settings import place_of
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
        for name in re.split(r"[,\s]+", search.text(key)):
            if name and fields.lacks(name):
                says = f"the search does not output `{name}`, which {key} names{nearest(name, fields.names)}"
                yield Found(place_of(search, key, name), says)
