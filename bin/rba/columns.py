"""Where in the rows of one chunk the fields lie that a detection names."""

from __future__ import annotations

from operator import itemgetter
from typing import Callable, Collection, Dict, List, Optional, Sequence, Tuple

from .multivalue import MV, decode
from .notes import BAD_MULTIVALUE, RENAMED, Notes

Cells = Tuple[str, ...]


class Columns:
    """Picks the cells of some fields out of rows, and reads values from what it picked.

    Everything that a row adds to the results follows from its picked cells alone, so equal cells need no
    second look.

    Attributes:
        pick: row to the cells of the fields.
    """

    def __init__(self, header: Sequence[str], fields: Collection[str], notes: Notes) -> None:
        self._notes = notes
        wanted: List[int] = []
        self._places: Dict[str, Tuple[Optional[int], Optional[int]]] = {}
        for field in dict.fromkeys(fields):
            place: List[Optional[int]] = []
            for name in (field, MV + field):
                place.append(len(wanted) if name in header else None)
                if name in header:
                    wanted.append(header.index(name))
            self._places[field] = (place[0], place[1])
        self.pick: Callable[[Sequence[str]], Cells] = _picker(wanted)

    def values(self, cells: Cells, field: str) -> List[str]:
        """The values of ``field``: one for a single value, an empty text where it is missing."""
        plain, multi = self._places[field]
        if multi is not None and cells[multi]:
            values = decode(cells[multi])
            if values is not None:
                return values
            self._notes.add(BAD_MULTIVALUE, field)
        return [cells[plain] if plain is not None else ""]


def _picker(wanted: List[int]) -> Callable[[Sequence[str]], Cells]:
    if len(wanted) > 1:
        return itemgetter(*wanted)
    return lambda row: tuple([row[index] for index in wanted])


def make_room(header: Sequence[str], added: Collection[str], notes: Notes) -> List[str]:
    """The header, where a field that ``added`` would hide is renamed.

    ``x`` becomes ``orig_x``, as Splunk names what a later field covers.
    """
    present = set(header)
    taken = {*header, *added}
    names: Dict[str, str] = {}
    for field in added:
        if field in present or MV + field in present:
            new = "orig_" + field
            while new in taken or MV + new in taken:
                new = "orig_" + new
            taken.add(new)
            names[field], names[MV + field] = new, MV + new
            notes.add(RENAMED, f"{field} to {new}")
    return [names.get(name, name) for name in header]
