"""The arguments of ``fit`` and ``apply``: one grammar for all algorithms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from replay.errors import Place, SearchError
from replay.spl.scanner import Scanner

_MODEL = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_CLAUSES = ("from", "by", "into", "as")


class Call(Struct, frozen=True):
    """What a search asks of an algorithm.

    Attributes:
        algorithm: its name; of ``apply``, the one that the model was trained with.
        fields: what stands before ``from``: the target, or, of an algorithm without one, the fields.
        features: what stands after ``from``.
        by: the fields that split the rows into groups.
        options: ``name=value``, names in lower case.
        model: name of the model, without ``app:``; nothing if the search keeps none.
        output: the name that ``as`` gives to the main result.
        place: of the command's argument, for errors.
    """

    algorithm: str
    fields: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    output: str | None = None
    place: Place = field(default_factory=Place)

    def flag(self, name: str, default: bool = False) -> bool:
        """The option of this name, which is true or false.

        Raises:
            SearchError: it is neither.
        """
        if name not in self.options:
            return default
        try:
            return Scanner("").boolean(self.options[name])
        except SearchError:
            raise SearchError(f"`{name}` is true or false, not `{self.options[name]}`", self.place) from None


def parse_clauses(s: Scanner, command: str, allowed: Sequence[str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Read fields, options and clauses, in any order.

    Args:
        s: after the algorithm or the model.
        command: ``fit`` or ``apply``.
        allowed: the clauses that it has, of ``from``, ``by``, ``into``, ``as``.

    Returns:
        what each clause names (``""`` has what stands before the first one), and the options.

    Raises:
        SearchError: with the column.
    """
    clauses: dict[str, list[str]] = {"": []}
    options: dict[str, str] = {}
    current = ""
    while not s.done and s.peek() != "[":
        start = s.pos
        if s.accept(","):
            continue
        option = s.option()
        if option is not None:
            if option[0] in options:
                raise s.error(f"`{command}` has the option `{option[0]}` twice", start)
            options[option[0]] = option[1]
            continue
        word = s.keyword(*_CLAUSES)
        if word is not None:
            if word in clauses:
                raise s.error(f"`{command}` has the clause `{word}` twice", start)
            if word not in allowed:
                raise s.error(f"`{command}` has no clause `{word}` (it has: {', '.join(allowed)})", start)
            current, clauses[word] = word, []
            continue
        if current in ("into", "as") and clauses[current]:
            raise s.error(f"`{command}` does not understand what comes here", start)
        clauses[current].append(s.value("the name of a model", "=") if current == "into" else s.field())
    for name, found in clauses.items():
        if name and not found:
            raise s.error(f"`{command} … {name}` names nothing")
    return clauses, options


def model_name(s: Scanner, text: str, at: int) -> str:
    """The name of a model without its namespace; ``app:`` shares a model within its app, which here it always is.

    Raises:
        SearchError: it is no name, or in another namespace.
    """
    namespace, _, name = text.rpartition(":")
    if namespace not in ("", "app"):
        raise s.error(f"a model may be in the namespace `app`, not in `{namespace}` (write app:{name})", at)
    if not _MODEL.fullmatch(name):
        raise s.error(f"`{name}` is no name of a model: letters, digits and _, the first no digit", at)
    return name
