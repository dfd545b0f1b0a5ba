"""Warnings about results: each said once a search, however many results it concerns."""

from __future__ import annotations

MISSING = "missing"
NO_RISK_OBJECT = "no risk object"
RAGGED = "ragged"
BAD_MULTIVALUE = "bad multivalue"
RENAMED = "renamed"
BAD_MODIFIER = "bad modifier"
UNALIGNED = "unaligned"

_TEXTS = {
    MISSING: 'Missing or empty in some results: {}. The risk message says "unknown" there, and no risk '
    "object or threat object comes of it.",
    NO_RISK_OBJECT: "Some results have no value in any risk object field ({}): passed on with an empty risk_object.",
    RAGGED: "Some results have {} cells than the header has fields: missing cells were left empty, cells "
    "without a field were dropped.",
    BAD_MULTIVALUE: "Some multivalues are not in the form $a$;$b$, in {}: passed on as they came, and read "
    "as their single value.",
    RENAMED: "The results already have fields that rbaenrich adds; theirs were renamed: {}. Set prefix= to "
    "keep both names.",
    BAD_MODIFIER: "Some rows of the lookup rba_risk_modifiers cannot be read and do nothing: {}. Correct or delete "
    "them: risk_add is a number, risk_multiply one that is not negative, expires epoch seconds, 2030-12-31, "
    "2030-12-31T23:59:59Z or never.",
    UNALIGNED: "Some results match several rows of the lookup rba_risk_modifiers of which not all have a value in "
    "every column, and keep their score, since the values cannot be told apart: _key {}. Fill every cell of these "
    "rows: risk_add 0, risk_multiply 1, expires never, and a reason.",
}


class Notes:
    """Collects notes of a kind about a name; a pair said once is never said again."""

    def __init__(self) -> None:
        self._said: set[tuple[str, str]] = set()
        self._new: dict[str, list[str]] = {}

    def add(self, kind: str, name: str) -> None:
        """Notes ``name`` under ``kind``, one of this module's constants."""
        if (kind, name) not in self._said:
            self._said.add((kind, name))
            self._new.setdefault(kind, []).append(name)

    def take(self) -> list[str]:
        """The warnings since the last call, one for each kind."""
        texts = [_TEXTS[kind].format(", ".join(names)) for kind, names in self._new.items()]
        self._new.clear()
        return texts
