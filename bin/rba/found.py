"""What a look for a detection yields: its settings, or an error that names the nearest ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .errors import RbaError
from .value import Value


class Found(Value):
    """A saved search as it was found.

    Attributes:
        settings: key to value, layers and ``[default]`` merged.
        warnings: what is wrong with the place it was found in.
    """

    def __init__(self, settings: Mapping[str, str], warnings: tuple[str, ...] = ()) -> None:
        self.settings = settings
        self.warnings = warnings


def unknown(name: str, names: Collection[str], where: str) -> RbaError:
    """The error for a detection that is not there: says where it was looked for, and the nearest names."""
    import difflib  # only an error needs it

    wanted = name.casefold()
    by_fold = {other.casefold(): other for other in names}
    within = [other for fold, other in sorted(by_fold.items()) if wanted and wanted in fold]
    close = [by_fold[fold] for fold in difflib.get_close_matches(wanted, by_fold, n=3, cutoff=0.5)]
    nearest = list(dict.fromkeys(within + close))[:3]
    hint = f"Nearest: {', '.join(map(_quoted, nearest))}." if nearest else "No name is near it."
    return RbaError(
        f'There is no saved search "{name}" in {where}. {hint} '
        "detection= takes the full name of the saved search, as savedsearches.conf has it in brackets."
    )


def _quoted(name: str) -> str:
    return f'"{name}"'
