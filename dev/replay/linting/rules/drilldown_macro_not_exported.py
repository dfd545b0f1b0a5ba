"""RL306: a drilldown calls a macro that Enterprise Security does not see."""

from __future__ import annotations

from collections.abc import Iterator

from replay.errors import ReplayError
from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.settings import drilldown_searches, place_of
from replay.spl.macros import calls
from replay.spl.scanner import Scanner, split_top


@search_rule(
    "RL306", "drilldown-macro-not-exported", "error",
    title="A drilldown calls a macro that is not visible outside its app",
    why="Drilldowns run in the context of Enterprise Security, not of the app that ships them. A macro that is not "
    "exported is unknown there, and the drilldown fails when an analyst needs it.",
    mend="Write out what the macro says, or export it in metadata/default.meta: [macros/name] export = system.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.notable.param.drilldown_search = `shells` dest="$dest$"
# macros.conf
[shells]
definition = index=win process_name=cmd.exe
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.notable.param.drilldown_search = index=win process_name=cmd.exe dest="$dest$"
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Some loaded app must have the macro and export it."""
    apps = list(search.app.knowledge.apps.values())
    for key, text in drilldown_searches(search):
        for name in dict.fromkeys(_stanzas(text)):
            owners = [app for app in apps if any(name in file.stanzas for file in app.conf_files("macros"))]
            if not any(app.exports("macros", name) for app in owners):
                says = f"is not exported by `{owners[0].id}`" if owners else "is defined in no app"
                yield Found(place_of(search, key, f"`{name.partition('(')[0]}"), f"macro `{name}` {says}")


def _stanzas(text: str) -> Iterator[str]:
    """The stanzas of the macros that a search calls: ``name``, or ``name(2)``."""
    try:
        for start, end in calls(text):
            inner = Scanner(text, start + 1, end - 1)
            name = inner.peek_word().strip()
            inner.pos += len(name)
            arguments = inner.bracketed("(") if inner.peek() == "(" else None
            count = len(split_top(arguments, ",")) if arguments is not None and not arguments.done else 0
            yield f"{name}({count})" if count else name
    except ReplayError:
        return  # a drilldown that is broken in itself
