"""RL303: a filter macro that ships with content."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedApp
from replay.linting.filters import EMPTY, filter_calls
from replay.linting.rule import Found, app_rule


@app_rule(
    "RL303", "filter-macro-not-empty", "warning",
    title="A filter macro that ships with content",
    why="What it takes out is taken out on every site, unseen: the search does not show it. A site that sets its own "
    "filter puts it back without knowing.",
    mend="Ship `definition = search *`. What always belongs to the detection belongs in the search.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest | `shells_filter`
# macros.conf
[shells_filter]
definition = search dest!=build*
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest | `shells_filter`
# macros.conf
[shells_filter]
definition = search *
""",
)  # fmt: skip
def check(app: ExaminedApp) -> Iterator[Found]:
    """Filter macros of the app's own default folder that its searches call; in local/ a site says what it likes."""
    for name in dict.fromkeys(call.name for search in app.searches for call in filter_calls(search)):
        setting = app.own(app.setting("macros", name, "definition"))
        if setting is None or setting.file != str(app.app.conf_files("macros")[1].path):
            continue
        if " ".join(setting.value.split()) not in EMPTY:
            yield Found(setting.place, f"`{name}` ships as `{setting.value}`")
