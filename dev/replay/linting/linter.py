"""All rules over one app."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from replay.errors import Place
from replay.linting.examined import ExaminedApp
from replay.linting.rule import Finding, all_rules, find_rule
from replay.linting.switches import read_switches
from replay.session import Session

UNUSED = "RL002"
EXAMINED = ("savedsearches", "macros", "commands")
"""The .conf files whose stanzas rules look at."""


def lint(session: Session) -> list[Finding]:
    """What is wrong with the home app of a session: by file and line, without what is switched off.

    Args:
        session: with the app as its home (the last one given).

    Raises:
        ReplayError: a switch names no rule, or the app cannot be read.
    """
    app = session.knowledge.apps[session.home]
    switches = read_switches(app)
    examined = ExaminedApp(session, app, switches.adds)
    found = [Finding(rule, _shown(one.place), one.message) for rule in all_rules() for one in rule.check(examined)]
    for switch in switches.switches:
        if switch.file is not None:
            switch.file = _shown(Place(switch.file)).file
    left = switches.on(list(dict.fromkeys(found)))
    left += [
        Finding(find_rule(UNUSED), _shown(one.place), f"{one.code} is switched off here but finds nothing")
        for one in switches.unused()
    ]
    return sorted(left, key=lambda f: (f.place.file or "", f.place.line or 0, f.place.column or 0, f.rule.code))


def _shown(place: Place) -> Place:
    """The file as seen from the working directory, if it lies below."""
    if place.file is None:
        return place
    try:
        return replace(place, file=Path(place.file).resolve().relative_to(Path.cwd()).as_posix())
    except ValueError:
        return place
