"""RL307: a custom command with the name of one of Splunk's own."""

from __future__ import annotations

from collections.abc import Iterator

from replay.custom_commands import taken_names
from replay.linting.examined import ExaminedApp
from replay.linting.rule import Found, app_rule


@app_rule(
    "RL307", "command-name-taken", "error",
    title="A custom command with the name of a command of Splunk",
    why="The name belongs to Splunk. Searches that write it run Splunk's command, with other arguments and other "
    "results, and no error says that the app's one is never called.",
    mend="Rename the stanza in commands.conf, and the command in every search that means it.",
    bad="""
# commands.conf
[bucket]
filename = bucket.py
chunked = true
""",
    good="""
# commands.conf
[mybucket]
filename = bucket.py
chunked = true
""",
)  # fmt: skip
def check(app: ExaminedApp) -> Iterator[Found]:
    """Look at each stanza; case does not tell two commands apart."""
    for taken in taken_names(app.app):
        yield Found(taken.place, taken.message)
