"""RL301: a macro that nobody defines."""

from __future__ import annotations

from collections.abc import Iterator

from replay.errors import KnowledgeError, ReplayError
from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.plan import macro_readers
from replay.spl.macros import expand


@search_rule(
    "RL301", "macro-undefined", "error",
    title="A macro that no app defines, or that its app does not export",
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
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Expand each call by itself, so that every missing macro is told."""
    readers = macro_readers(search.context)
    for call in search.call_sites:
        try:
            expand(f"`{call.text}`", *readers, search.saved.place)
        except KnowledgeError as error:
            yield Found(search.in_search(call.start), error.message)
        except ReplayError:
            continue  # what is wrong with the call itself is RL001's
