"""Where in the rows of one chunk the fields lie that a detection names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from operator import itemgetter

from .multivalue import MV, decode
from .notes import BAD_MULTIVALUE, RENAMED, Notes

Cells = tuple[str, ...]


class Columns:
    """Picks the cells of some fields out of rows, and reads values from what it picked.

    Everything that a row adds to the results follows from its picked cells alone, so equal cells need no
    second look.

    Attributes:
        pick: row to the cells of the fields, in the fields' order, then to those of their ``__mv_`` columns;
            a column that the rows do not have has no cell.
        width: how many cells that are.
        single_values: those cells to the values of all fields, in their order, where each has one; else to None,
            and ``values`` has them.
    """

    def __init__(self, header: Sequence[str], fields: Sequence[str], notes: Notes) -> None:
        self._notes = notes
        places = {name: place for place, name in reversed(list(enumerate(header)))}
        plain = [field for field in fields if field in places]
        multi = [MV + field for field in dict.fromkeys(fields) if MV + field in places]
        picked = {name: cell for cell, name in enumerate(plain + multi)}
        self._cells = {field: (picked.get(field), picked.get(MV + field)) for field in fields}
        self.width = len(plain) + len(multi)
        self.single_values = _single_values(len(plain), len(multi), len(plain) == len(fields))
        self.pick: Callable[[Sequence[str]], Cells] = _picker([places[name] for name in plain + multi])

    def values(self, cells: Cells, field: str) -> list[str]:
        """The values of ``field``: one for a single value, an empty text where it is missing."""
        plain, multi = self._cells[field]
        if multi is not None and cells[multi]:
            values = decode(cells[multi])
            if values is not None:
                return values
            self._notes.add(BAD_MULTIVALUE, field)
        return [cells[plain] if plain is not None else ""]


def _picker(wanted: list[int]) -> Callable[[Sequence[str]], Cells]:
    if len(wanted) > 1:
        return itemgetter(*wanted)
    return lambda row: tuple([row[index] for index in wanted])


def _single_values(plain: int, multi: int, complete: bool) -> Callable[[Cells], Cells | None]:
    none = ("",) * multi

    def single_values(cells: Cells) -> Cells | None:
        return cells[:plain] if complete and cells[plain:] == none else None

    return single_values


def make_room(header: Sequence[str], added: Collection[str], notes: Notes) -> list[str]:
    """The header, where a field that ``added`` would hide is renamed.

    ``x`` becomes ``orig_x``, as Splunk names what a later field covers.
    """
    present = set(header)
    taken = {*header, *added}
    names: dict[str, str] = {}
    for field in added:
        if field in present or MV + field in present:
            new = "orig_" + field
            while new in taken or MV + new in taken:
                new = "orig_" + new
            taken.add(new)
            names[field], names[MV + field] = new, MV + new
            notes.add(RENAMED, f"{field} to {new}")
    return [names.get(name, name) for name in header]
