"""Results as the text of summary events, which ``collect`` and the actions of Enterprise Security write (source type
``stash``): a time, then ``field="value"`` pairs.

A field with several values is several pairs. Values stand as they are, quotes included: a value ends at a quote behind
which the next pair begins, or the text ends (props.conf reads it so). Source: Search Reference, "collect"; Knowledge
Manager Manual, "Use summary indexing for increased search efficiency".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from replay.engine import Value
from replay.report import text_of

SOURCETYPE = "stash"
_NEXT_PAIR = re.compile(r'"(?=, [^=",\n]+=")')


def stash_text(time: float, fields: Mapping[str, Value]) -> str:
    """The raw text of one summary event.

    Args:
        time: epoch seconds.
        fields: name -> value; hidden fields (``_…``) and those without value are left out.
    """
    stamp = datetime.fromtimestamp(time, UTC).strftime("%m/%d/%Y %H:%M:%S %z")
    pairs = [_pair(name, one) for name, value in fields.items() if not name.startswith("_") for one in _values(value)]
    return ", ".join([stamp, *pairs])


def _values(value: Value) -> list[str]:
    values = value if isinstance(value, list) else [text_of(value)]
    return [one for one in values if one != ""]


def _pair(name: str, value: str) -> str:
    """A value that looks as if a pair began in it gets a backslash there: nobody is to add fields by what he runs."""
    return f'{name}="{_NEXT_PAIR.sub(lambda quote: quote[0] + chr(92), value)}"'
