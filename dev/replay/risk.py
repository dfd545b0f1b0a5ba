"""The risk of a detection, as the app's command ``rbaenrich`` adds it to results.

Source: Enterprise Security, "Risk Analysis adaptive response action"; bin/rba.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from msgspec.structs import replace

from replay.commands import Command
from replay.context import Context
from replay.errors import KnowledgeError
from replay.external import External
from replay.knowledge import SavedSearch
from replay.knowledge.conf import boolean
from replay.plan import commands_in, parse

RISK = "rbaenrich"
"""The app's command that adds the risk of a detection to its results."""


def enriched(saved: SavedSearch, text: str, ctx: Context) -> str:
    """The end of a search with the risk which Splunk Enterprise Security would raise, from the same settings.

    Args:
        saved: the search; one without a risk action, or that runs the app's command itself, is left as it is.
        text: the search, or what of it is to be run.
        ctx: its context.

    Raises:
        SearchError: the search does not parse.
        KnowledgeError: the risk action is no boolean, or no command can name the detection.
    """
    if not has_risk(saved) or any(map(adds_risk, commands_in(parse(saved.search, ctx)))):
        return text
    if '"' in saved.name:
        raise KnowledgeError("the name of a detection with risk cannot hold a double quote: rename it", saved.place)
    return f'{text}\n| {RISK} detection="{saved.name}"'


def by_risk_object(commands: Iterable[Command]) -> tuple[Command, ...]:
    """The commands so that the app's command gives one row for each risk object, with its score."""
    return tuple(_as_events(command) if adds_risk(command) else command for command in commands)


def adds_risk(command: Command) -> bool:
    """Whether it is the app's command."""
    return isinstance(command, External) and command.definition.name == RISK


def _as_events(command: Command) -> Command:
    assert isinstance(command, External)
    kept = [a for a in command.arguments if not a.startswith(("output=", "prefix="))]
    return replace(command, arguments=(*kept, "output=events"))


def has_risk(saved: SavedSearch) -> bool:
    """Whether its risk action is on.

    Raises:
        KnowledgeError: the setting is no boolean.
    """
    return boolean(saved.settings.get("action.risk") or "0", saved.place)


def object_fields(saved: SavedSearch) -> list[str]:
    """The fields that name a detection's risk and threat objects (``action.risk.param._risk``, ES's risk action).

    Raises:
        KnowledgeError: the setting is no JSON list of objects.
    """
    return _fields(saved, "risk_object_field", "threat_object_field")


def risk_object_fields(saved: SavedSearch) -> list[str]:
    """The fields that name those whom the risk is counted against; see ``object_fields``."""
    return _fields(saved, "risk_object_field")


def _fields(saved: SavedSearch, *kinds: str) -> list[str]:
    text = saved.settings.get("action.risk.param._risk", "")
    try:
        entries = json.loads(text) if text.strip() else []
        named = [next(filter(None, (entry.get(kind) for kind in kinds)), None) for entry in entries]
    except (ValueError, AttributeError, TypeError) as e:
        raise KnowledgeError(f"`{saved.name}`: action.risk.param._risk is no JSON list: {e}", saved.place) from e
    return list(dict.fromkeys(name for name in named if isinstance(name, str) and name))
