"""Custom search commands: the stanzas of commands.conf.

Source: Admin Manual, commands.conf.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from replay.errors import KnowledgeError, Place
from replay.knowledge.app import App
from replay.knowledge.conf import Stanza
from replay.knowledge.layers import Layers, not_exported


class ExternalCommand(Struct, frozen=True):
    """A search command that a program runs.

    Attributes:
        name: as searches call it.
        filename: the program, a file in ``folder``.
        folder: ``bin/`` of the app.
        chunked: whether it speaks the chunked protocol (version 2).
        python: ``python.required`` or else ``python.version``, as written, or None.
        streaming: ``streaming`` of the old protocol; a chunked command says what it is itself.
        settings: every setting of the stanza.
        place: the stanza.
        app: id of the app that it comes from.
    """

    name: str
    filename: str
    folder: Path
    chunked: bool
    python: str | None
    streaming: bool
    settings: Mapping[str, str]
    place: Place
    app: str

    @property
    def path(self) -> Path:
        """The program; it was there when the command was looked up."""
        return self.folder / self.filename


def find_command(layers: Layers, app: str, name: str) -> ExternalCommand | None:
    """The custom command that a search in ``app`` means by ``name``; None where no app knows it.

    Raises:
        KnowledgeError: it is disabled or belongs to another app that does not export it, or its program is
            missing or lies outside ``bin/``.
    """
    stanza = layers.stanza(app, "commands", name)
    if stanza is None:
        hidden = layers.hidden_in(app, "commands", name)
        if hidden:
            raise KnowledgeError(f"search command `{name}` {not_exported(hidden, app)}")
        return None
    if stanza.disabled:
        raise KnowledgeError(f"search command `{name}` is disabled", stanza.place_of("disabled"))
    owner = layers.owner(app, "commands", name)
    chunked = stanza.flag("chunked")
    return ExternalCommand(
        name=name,
        filename=_filename(owner, stanza),
        folder=owner.folder / "bin",
        chunked=chunked,
        python=stanza.text("python.required") or stanza.text("python.version") or None,
        streaming=stanza.flag("streaming"),
        settings=stanza.values(),
        place=stanza.place,
        app=owner.id,
    )


def _filename(owner: App, stanza: Stanza) -> str:
    """The program: ``filename``, else the name of the command with ``.py``."""
    folder = owner.folder / "bin"
    name = stanza.text("filename") or f"{stanza.name}.py"
    place = stanza.place_of("filename")
    if not (folder / name).resolve().is_relative_to(folder.resolve()):
        raise KnowledgeError(f"search command `{stanza.name}`: `{name}` lies outside bin/", place)
    if not (folder / name).is_file():
        raise KnowledgeError(f"search command `{stanza.name}`: there is no {folder / name}", place)
    return name
