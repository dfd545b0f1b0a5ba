"""RL301: a macro that nobody defines."""

from __future__ import annotations

from collections.abc import Iterator

from replay.context import Context
from replay.errors import KnowledgeError, Place, ReplayError, SearchError
from replay.knowledge import Setting
from replay.knowledge.conf import boolean
from replay.linting.examined import ExaminedApp, read_calls
from replay.linting.rule import Found, app_rule
from replay.linting.source import place_in
from replay.plan import macro_readers
from replay.spl.macros import expand


@app_rule(
    "RL301", "macro-undefined", "error",
    title="A macro that no app defines, that its app does not export, or whose definition cannot be read",
    why="The search fails each time it is due. A filter macro that was forgotten is the usual case.",
    mend="Define the macro in macros.conf, or export it (export = system) from the app that does. If an app that is "
    "not here brings it, load that app, too: the last --app is linted, those before it are known.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | table dest | `shells_filter`
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | table dest | `shells_filter`
# macros.conf
[shells_filter]
definition = search *
""",
)  # fmt: skip
def check(app: ExaminedApp) -> Iterator[Found]:
    """Expand each call in a search, so that every missing macro is told; then those in macros that no search calls.

    A search with a call that is never closed is RL001's; a definition with one is told here.
    """
    for search in app.searches:
        for call in search.calls.sites:
            problem = _problem(call.text, search.context)
            if problem:
                yield Found(search.in_search(call.start), problem)
    context = app.session.context(app.app.id, Place())
    for setting in app.macros:
        read = read_calls(setting.value)
        for call in read.sites:
            problem = _problem(call.text, context)
            if problem:
                yield Found(place_in(setting, call.start), problem)
        if read.problem is not None:
            yield Found(place_in(setting, (read.problem.place.column or 1) - 1), read.problem.message)
        else:
            yield from _unusable(setting, app, context)


def _unusable(setting: Setting, app: ExaminedApp, context: Context) -> Iterator[Found]:
    """A definition that no search can use, whether one calls it or not.

    What it becomes depends on its arguments, if it has any: then only the stanza itself is looked at.
    """
    name, _, arity = setting.stanza.partition("(")
    disabled = app.setting("macros", setting.stanza, "disabled")
    try:
        if disabled is not None and boolean(disabled.value, disabled.place):
            return
        app.knowledge.macro(app.app.id, name, int(arity.rstrip(")") or 0))
    except (KnowledgeError, ValueError) as error:
        says = error.message if isinstance(error, KnowledgeError) else "no call has this name: write name(number)"
        yield Found(error.place if isinstance(error, KnowledgeError) else setting.place, says)
        return
    try:
        if not arity:
            expand(f"`{name}`", *macro_readers(context), context.place)
    except SearchError as error:
        place = f" ({error.place})" if error.place.file else ""
        yield Found(setting.place, f"{error.message}{place}")
    except KnowledgeError:
        pass  # told where it is called


def _problem(call: str, context: Context) -> str:
    """What is wrong with the macro that a call means; what is wrong with the call itself is RL001's."""
    try:
        expand(f"`{call}`", *macro_readers(context), context.place)
    except KnowledgeError as error:
        return error.message
    except ReplayError:
        pass
    return ""
