"""RL306: a drilldown calls a macro that Enterprise Security does not see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from replay.errors import SearchError
from replay.knowledge import App
from replay.linting.examined import CallSite, ExaminedSearch, read_calls
from replay.linting.rule import Found, search_rule
from replay.linting.settings import drilldown_searches
from replay.spl.scanner import Scanner, split_top


@search_rule(
    "RL306", "drilldown-macro-not-exported", "error",
    title="A drilldown calls a macro that is not visible outside its app, or has a call that cannot be read",
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
    for drilldown in drilldown_searches(search):
        read = read_calls(drilldown.text)
        told = set[str]()
        for call in read.sites:
            try:
                says = _wrong(_stanza(call), apps)
            except SearchError as error:
                says = error.message
            if says and says not in told:
                told.add(says)
                yield Found(drilldown.at(call.start), says)
        if read.problem is not None:
            yield Found(drilldown.at((read.problem.place.column or 1) - 1), read.problem.message)


def _wrong(stanza: str, apps: Sequence[App]) -> str:
    owners = [app for app in apps if any(stanza in file.stanzas for file in app.conf_files("macros"))]
    if any(app.exports("macros", stanza) for app in owners):
        return ""
    return f"macro `{stanza}` " + (f"is not exported by `{owners[0].id}`" if owners else "is defined in no app")


def _stanza(call: CallSite) -> str:
    """The stanza of the macro that is called: ``name``, or ``name(2)``.

    Raises:
        SearchError: the call is malformed.
    """
    inner = Scanner(call.text)
    name = inner.peek_word().strip()
    inner.pos += len(name)
    if not name:
        raise inner.error("a macro call (`…`) without a name")
    arguments = inner.bracketed("(") if inner.peek() == "(" else None
    inner.finish(f"macro {name}")
    count = len(split_top(arguments, ",")) if arguments is not None and not arguments.done else 0
    return f"{name}({count})" if count else name
