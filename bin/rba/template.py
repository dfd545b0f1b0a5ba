"""Risk messages: text with ``$field$`` tokens, compiled once and filled in once a result.

Tokens are those of ES ("Create a risk message to add context for investigations", Splunk ES 7.1, Use Splunk
Enterprise Security Risk-based Alerting): a field name between dollars. ``$$`` is a dollar. A name holds no
blanks, so that "paid $5 to $user$" has one token; a dollar that opens no token stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = re.compile(r"\$\$|\$([^$\s]+)\$")


class Template:
    """A compiled message.

    Attributes:
        form: the message as a format of ``%``: one ``%s`` for each of ``fields``.
        fields: names of the fields to fill in, in the order of their tokens; a field named twice stands here
            twice.
    """

    form: str
    fields: tuple[str, ...]

    def __init__(self, text: str) -> None:
        fields = []
        form = ""
        end = 0
        for match in _TOKEN.finditer(text):
            form += _literal(text[end : match.start()])
            end = match.end()
            if match.group(1) is None:
                form += "$"
            else:
                form += "%s"
                fields.append(match.group(1))
        self.form = form + _literal(text[end:])
        self.fields = tuple(fields)

    def fill(self, values: Sequence[str]) -> str:
        """The message with ``values`` in place of its tokens, one for each of ``fields``.

        Values are data: a value that holds ``$field$`` (or ``%s``) appears as it is.
        """
        return self.form % tuple(values)


def _literal(text: str) -> str:
    return text.replace("%", "%%")
