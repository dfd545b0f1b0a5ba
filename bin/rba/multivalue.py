"""Multivalue fields as they travel through the chunked protocol.

A field ``f`` of several values travels twice: ``f`` holds them joined by newlines, ``__mv_f`` holds
``$a$;$b$`` with every ``$`` of a value doubled. A field of one value leaves ``__mv_f`` empty. (splunk-sdk
2.1.1, ``searchcommands/internals.py``, ``RecordWriter._write_record``; ``search_command.py``,
``_decode_list``.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MV = "__mv_"
_VALUE = re.compile(r"\$([^$]*(?:\$\$[^$]*)*)\$(?:;|\Z)")


def encode(values: Sequence[str]) -> tuple[str, str]:
    """The cells of ``f`` and ``__mv_f`` for these values; both are empty where there is none."""
    if len(values) < 2:
        return (values[0] if values else ""), ""
    plain = "\n".join(values)
    if "$" in plain:
        values = [value.replace("$", "$$") for value in values]
    return plain, f"${'$;$'.join(values)}$"


def decode(cell: str) -> list[str] | None:
    """The values in a cell of ``__mv_f``; None where the cell is not in the form above."""
    values: list[str] = []
    end = 0
    while end < len(cell):
        match = _VALUE.match(cell, end)
        if match is None:
            return None
        values.append(match.group(1).replace("$$", "$"))
        end = match.end()
    return values
