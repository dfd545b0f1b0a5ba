"""Where in the text of a JSON value its parts stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_BETWEEN = re.compile(r"[ \t\n\r,:]*")
_SURROGATES = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_CHARACTER = re.compile(rf"{_SURROGATES}|\\u[0-9a-fA-F]{{4}}|\\.|.", re.DOTALL)


class Part(NamedTuple):
    """A value directly in a list (``key`` is empty) or an object, and the offset at which its text begins."""

    key: str
    value: Any
    start: int


def inside(text: str, start: int = 0) -> Iterator[Part]:
    """The values of the list or object that begins at an offset; of a key given twice, both.

    Args:
        text: valid JSON.
        start: where the list or object begins, or blanks before it.
    """
    decoder = json.JSONDecoder()
    at = _between(text, start)
    keyed = text[at] == "{"
    at = _between(text, at + 1)
    while text[at] not in "]}":
        key = ""
        if keyed:
            key, at = decoder.raw_decode(text, at)
            at = _between(text, at)
        value, end = decoder.raw_decode(text, at)
        yield Part(key, value, at)
        at = _between(text, end)


def _between(text: str, start: int) -> int:
    found = _BETWEEN.match(text, start)
    assert found is not None
    return found.end()


def offsets_in(text: str, start: int) -> list[int]:
    """The offset of each character of the string that begins at ``start``, as its escapes stand for them.

    Args:
        text: valid JSON.
        start: of the string's quote.
    """
    _, end = json.JSONDecoder().raw_decode(text, start)
    return [found.start() for found in _CHARACTER.finditer(text, start + 1, end - 1)]
