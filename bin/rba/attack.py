"""Names and tactics of MITRE ATT&CK techniques, from the app's lookup ``mitre_attack_techniques.csv``.

The lookup separates the tactics of a technique with ``|`` (see its stanza in transforms.conf).
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence

from .errors import RbaError
from .value import Value

COLUMNS = ("technique_id", "technique", "tactics")


class Technique(Value):
    """One technique: its name and its tactics, in the lookup's order."""

    def __init__(self, name: str, tactics: tuple[str, ...]) -> None:
        self.name = name
        self.tactics = tactics


def read_techniques(path: str, ids: Collection[str]) -> dict[str, Technique]:
    """The techniques of ``ids`` that the lookup knows.

    Raises:
        RbaError: the lookup cannot be read, or lacks one of ``COLUMNS``.
    """
    if not ids:
        return {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            missing = [column for column in COLUMNS if column not in header]
            if missing:
                raise RbaError(f"{path} has no column {', '.join(missing)}. Restore the lookup from the app's package.")
            key, name, tactics = map(header.index, COLUMNS)
            return {row[key]: Technique(row[name], _split(row[tactics])) for row in reader if row and row[key] in ids}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RbaError(f"{path} cannot be read: {error}. Restore the lookup from the app's package.") from error


def _split(tactics: str) -> tuple[str, ...]:
    return tuple(tactic for tactic in tactics.split("|") if tactic)


def names_and_tactics(ids: Sequence[str], known: Mapping[str, Technique]) -> tuple[list[str], list[str]]:
    """Names and tactics of the techniques ``ids``, each once, in order; an unknown id adds nothing."""
    techniques = [known[i] for i in ids if i in known]
    names = list(dict.fromkeys(technique.name for technique in techniques))
    tactics = list(dict.fromkeys(tactic for technique in techniques for tactic in technique.tactics))
    return names, tactics
