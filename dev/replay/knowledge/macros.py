"""Search macros: macros.conf stanzas, found by name and number of arguments.

Source: Admin Manual, macros.conf; Knowledge Manager Manual, "Use search macros in searches".
"""

from __future__ import annotations

import re

from msgspec import Struct

from replay.errors import KnowledgeError, Place
from replay.knowledge.conf import Stanza
from replay.knowledge.layers import Layers, nearest, not_exported


class Macro(Struct, frozen=True):
    """A macro as its stanza says it; the text is expanded elsewhere.

    Attributes:
        name: without the ``(n)`` of its stanza.
        arity: number of arguments.
        args: their names, ``arity`` of them.
        definition: the text, with ``$arg$`` where an argument goes.
        iseval: the definition is an eval expression whose result is the text.
        validation: eval expression on the arguments, or None.
        errormsg: what to say when ``validation`` is false.
        place: the definition.
        app: id of the app that defines it.
    """

    name: str
    arity: int
    args: tuple[str, ...]
    definition: str
    iseval: bool
    validation: str | None
    errormsg: str | None
    place: Place
    app: str


def find_macro(layers: Layers, app: str, name: str, arity: int) -> Macro:
    """The macro that a search in ``app`` means by ``name`` with ``arity`` arguments.

    Raises:
        KnowledgeError: there is none, it is disabled, it has no definition, or its arguments are not
            ``arity`` different names.
    """
    stanza_name = f"{name}({arity})" if arity else name
    stanza = layers.stanza(app, "macros", stanza_name)
    if stanza is None:
        raise KnowledgeError(_missing(layers, app, name, stanza_name))
    if stanza.disabled:
        raise KnowledgeError(f"macro `{stanza_name}` is disabled", stanza.place_of("disabled"))
    if "definition" not in stanza.settings:
        raise KnowledgeError(f"macro `{stanza_name}` has no `definition`", stanza.place)
    return Macro(
        name=name,
        arity=arity,
        args=_arguments(stanza, arity),
        definition=stanza.text("definition"),
        iseval=stanza.flag("iseval"),
        validation=stanza.text("validation") or None,
        errormsg=stanza.text("errormsg") or None,
        place=stanza.place_of("definition"),
        app=layers.owner(app, "macros", stanza_name).id,
    )


def _arguments(stanza: Stanza, arity: int) -> tuple[str, ...]:
    text = stanza.text("args")
    args = tuple(arg.strip() for arg in text.split(",")) if text else ()
    if len(args) != arity:
        says = f"macro `{stanza.name}` takes {arity} but `args` names {len(args)}"
        raise KnowledgeError(f"{says}; the number in the stanza and `args` must agree", stanza.place_of("args"))
    if len(set(args)) != len(args):
        raise KnowledgeError(f"macro `{stanza.name}` names an argument twice", stanza.place_of("args"))
    return args


def _missing(layers: Layers, app: str, name: str, stanza_name: str) -> str:
    hidden = layers.hidden_in(app, "macros", stanza_name)
    if hidden:
        return f"macro `{stanza_name}` {not_exported(hidden, app)}"
    known = layers.names(app, "macros")
    overloads = [one for one in known if re.fullmatch(re.escape(name) + r"(\(\d+\))?", one)]
    if overloads:
        verb = "is" if len(overloads) == 1 else "are"
        found = ", ".join(f"`{one}`" for one in sorted(overloads))
        return f"macro `{stanza_name}` is not defined in any app; {found} {verb}"
    return f"macro `{stanza_name}` is not defined in any app{nearest(stanza_name, known)}"
