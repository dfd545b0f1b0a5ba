"""KV store collections: stanzas of collections.conf, and the types that they give to fields.

Source: Admin Manual, collections.conf.spec (``enforceTypes``, ``field.<name>``, ``accelerated_fields.<name>``,
``replicate``). Accelerations and replication change how fast and where a collection is read, never what is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast, get_args

from msgspec import Struct, field

from replay.errors import KnowledgeError, Place
from replay.knowledge.conf import Stanza
from replay.knowledge.layers import Layers, nearest, not_exported

FieldType = Literal["number", "bool", "string", "time", "array", "cidr"]
_FIELD = "field."
_BOOLS = {"1": True, "true": True, "t": True, "0": False, "false": False, "f": False}


class Collection(Struct, frozen=True):
    """A place for documents.

    Attributes:
        name: of the stanza.
        app: id of the app that owns it: documents belong to app and name.
        place: the stanza.
        enforce: whether a value that is not of its field's type is refused; else the field is left out.
        types: field (nested ones with dots) -> type; a field that is not here holds what it is given.
    """

    name: str
    app: str
    place: Place
    enforce: bool = False
    types: Mapping[str, FieldType] = field(default_factory=dict)

    def typed(self, document: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """A document as the collection holds it, and the fields that it does not take.

        Text that reads as a number, time or boolean becomes one where the field is of that type.

        Raises:
            KnowledgeError: a value is not of its field's type, and the collection enforces types.
        """
        found = dict(document)
        dropped = []
        for name, wanted in self.types.items():
            if name not in document or document[name] is None:
                continue
            try:
                found[name] = _typed(document[name], wanted)
            except ValueError:
                if self.enforce:
                    text = f"collection `{self.name}` takes no {document[name]!r} in `{name}`: it is of type {wanted}"
                    raise KnowledgeError(text, self.place) from None
                del found[name]
                dropped.append(name)
        return found, dropped


def _typed(value: Any, wanted: FieldType) -> Any:
    """``ValueError`` where the value is not of that type."""
    if wanted == "array":
        return value if isinstance(value, list) else [value]
    if isinstance(value, list):
        return [_typed(one, wanted) for one in value]
    if wanted in ("number", "time"):
        return _number(value)
    if wanted == "bool":
        if isinstance(value, bool):
            return value
        if str(value).lower() not in _BOOLS:
            raise ValueError
        return _BOOLS[str(value).lower()]
    if isinstance(value, dict):
        raise ValueError
    return value if isinstance(value, str) else str(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError
    return int(number) if number.is_integer() else number


def find_collection(layers: Layers, app: str, name: str, place: Place) -> Collection:
    """The collection that an app means by ``name``.

    Args:
        layers: the apps.
        app: context.
        name: stanza of collections.conf.
        place: where it is named, for the error.

    Raises:
        KnowledgeError: there is none, the app does not see it, it is disabled, or a type is unknown.
    """
    stanza = layers.stanza(app, "collections", name)
    if stanza is None:
        hidden = layers.hidden_in(app, "collections", name)
        hint = not_exported(hidden, app) if hidden else _undefined(layers, app, name)
        raise KnowledgeError(f"KV store collection `{name}` {hint}", place)
    if stanza.disabled:
        raise KnowledgeError(f"KV store collection `{name}` is disabled", stanza.place_of("disabled"))
    owner = layers.owner(app, "collections", name)
    return Collection(name, owner.id, stanza.place, stanza.flag("enforceTypes"), _types(stanza))


def _undefined(layers: Layers, app: str, name: str) -> str:
    return f"has no stanza in collections.conf{nearest(name, layers.names(app, 'collections'))}"


def _types(stanza: Stanza) -> dict[str, FieldType]:
    types: dict[str, FieldType] = {}
    for key in stanza.settings:
        if key.startswith(_FIELD):
            says = stanza.text(key).lower()
            if says not in get_args(FieldType):
                known = ", ".join(get_args(FieldType))
                raise KnowledgeError(f"`{says}` is no type of a field (known: {known})", stanza.place_of(key))
            types[key.removeprefix(_FIELD)] = cast(FieldType, says)
    return types
