"""Field transforms: the stanzas of transforms.conf that REPORT settings and ``extract`` name.

Source: Admin Manual, transforms.conf.
"""

from __future__ import annotations

import re

from msgspec import Struct

from replay.errors import KnowledgeError, Place
from replay.knowledge.conf import Stanza
from replay.knowledge.layers import Layers, nearest, not_exported

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", '\\"': '"', "\\\\": "\\"}


class Transform(Struct, frozen=True):
    """How fields come out of a text, by a regex (with FORMAT) or by delimiters (with FIELDS).

    Attributes:
        name: the stanza.
        regex: REGEX, or None.
        format: FORMAT (``$1::$2`` or ``field::$1``), or None: the named groups are the fields.
        source_key: SOURCE_KEY: the field that is read.
        mv_add: a field that is found again becomes multivalue, instead of keeping its first value.
        delims: the characters of DELIMS: one set between values, or two (between pairs, between key and
            value).
        fields: names of the values that ``delims`` separates.
        clean_keys: characters of field names that are not alphanumeric become underscores.
        keep_empty_vals: fields with an empty value are kept.
        place: the stanza.
    """

    name: str
    regex: str | None
    format: str | None
    source_key: str
    mv_add: bool
    delims: tuple[str, ...] | None
    fields: tuple[str, ...]
    clean_keys: bool
    keep_empty_vals: bool
    place: Place


def find_transform(layers: Layers, app: str, name: str) -> Transform:
    """The field transform that a search in ``app`` means by ``name``.

    Raises:
        KnowledgeError: there is none, or it has neither REGEX nor DELIMS.
    """
    stanza = layers.stanza(app, "transforms", name)
    if stanza is None:
        hidden = layers.hidden_in(app, "transforms", name)
        if hidden:
            raise KnowledgeError(f"transform `{name}` {not_exported(hidden, app)}")
        known = layers.names(app, "transforms")
        raise KnowledgeError(f"transform `{name}` is not defined in any app{nearest(name, known)}")
    if not stanza.text("REGEX") and not stanza.text("DELIMS"):
        raise KnowledgeError(f"transform `{name}` has neither REGEX nor DELIMS", stanza.place)
    return Transform(
        name=name,
        regex=stanza.text("REGEX") or None,
        format=stanza.text("FORMAT") or None,
        source_key=stanza.text("SOURCE_KEY") or "_raw",
        mv_add=stanza.flag("MV_ADD"),
        delims=_delims(stanza),
        fields=_fields(stanza.text("FIELDS")),
        clean_keys=stanza.flag("CLEAN_KEYS", True),
        keep_empty_vals=stanza.flag("KEEP_EMPTY_VALS"),
        place=stanza.place,
    )


def _delims(stanza: Stanza) -> tuple[str, ...] | None:
    text = stanza.text("DELIMS")
    if not text:
        return None
    sets = tuple(
        re.sub(r"\\.", lambda escape: _ESCAPES.get(escape[0], escape[0]), quoted) for quoted in _QUOTED.findall(text)
    )
    if not 1 <= len(sets) <= 2 or "" in sets or not re.fullmatch(r"[\s,]*", _QUOTED.sub("", text)):
        hint = 'write one or two sets of characters in quotes, such as "|", "="'
        raise KnowledgeError(f"cannot read DELIMS `{text}`: {hint}", stanza.place_of("DELIMS"))
    return sets


def _fields(text: str) -> tuple[str, ...]:
    return tuple(quoted or bare for quoted, bare in re.findall(r'"([^"]+)"|([^\s,"]+)', text))
