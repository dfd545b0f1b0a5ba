"""Custom commands that can never run, because Splunk has the name.

Source: Search Manual, "Add the custom command to your Splunk deployment".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from replay.commands import COMMANDS
from replay.errors import Place
from replay.knowledge import App
from replay.knowledge.conf import DEFAULT


class Taken(NamedTuple):
    """A stanza of commands.conf, and what is wrong with it."""

    place: Place
    message: str


def taken_names(app: App) -> Iterator[Taken]:
    """The stanzas of an app's commands.conf that have the name of a command of Splunk; what add-ons bring is none."""
    local, default = app.conf_files("commands")
    for name, stanza in {**local.stanzas, **default.stanzas}.items():
        known = COMMANDS.find(name.lower())
        if name != DEFAULT and known is not None and not known.addon:
            other = f", another name of `{known.name}`" if known.name != name.lower() else ""
            yield Taken(stanza.place, f"`{name}` is a command of Splunk{other}: this one is never called")
