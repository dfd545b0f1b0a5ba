"""Dashboards in the XML that apps ship.

Source: Splunk Enterprise, "Dashboard Studio", "Modify dashboards using the source editor", and Dashboards and
Visualizations, "Customize Simple XML": a view is ``default/data/ui/views/<name>.xml``; of version 2, its
``<definition>`` holds the dashboard as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.parsers import expat

from msgspec import Struct

from replay.errors import KnowledgeError, Place
from replay.knowledge import Knowledge

_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_LAYERS = ("local", "default")


class View(Struct, frozen=True):
    """One dashboard of Dashboard Studio.

    Attributes:
        app: id of the app.
        name: of the view, as in its address.
        label: for people.
        theme: ``dark`` or ``light``, as the view says.
        definition: the JSON.
        file: that holds it.
    """

    app: str
    name: str
    label: str
    theme: str
    definition: Mapping[str, Any]
    file: Path


def views(knowledge: Knowledge) -> list[View]:
    """Every Dashboard Studio view of the apps, by app and name; other views (Simple XML, HTML) are not drawn.

    Raises:
        KnowledgeError: a view is not what it should be.
    """
    found = []
    for app in knowledge.apps.values():
        names = {path.stem for layer in _LAYERS for path in (app.folder / layer / "data/ui/views").glob("*.xml")}
        found += [one for name in sorted(names) if (one := find(knowledge, app.id, name)) is not None]
    return found


def find(knowledge: Knowledge, app: str, name: str) -> View | None:
    """The Dashboard Studio view of that name; None if the app has none.

    The names come from an address: only an app that is loaded, and a name without path characters, reach a file.

    Raises:
        KnowledgeError: see ``views``.
    """
    if app not in knowledge.apps or _NAME.fullmatch(name) is None:
        return None
    for layer in _LAYERS:
        file = knowledge.apps[app].folder / layer / "data/ui/views" / f"{name}.xml"
        if file.is_file():
            return read(file, app)
    return None


def read(file: Path, app: str) -> View | None:
    """A view from its file; None if it is not one of Dashboard Studio.

    Raises:
        KnowledgeError: the XML or the JSON does not parse, or what must be there is missing.
    """
    xml = _Xml()
    try:
        xml.parse(file.read_bytes())
    except OSError as error:
        raise KnowledgeError(f"cannot be read: {error.strerror}", Place(file=str(file))) from error
    except expat.ExpatError as error:
        raise KnowledgeError(f"no well-formed XML: {error}", Place(file=str(file), line=error.lineno)) from error
    if xml.root != "dashboard" or xml.attributes.get("version") != "2":
        return None
    if "definition" not in xml.texts:
        raise KnowledgeError("a dashboard of version 2 needs a <definition>", Place(file=str(file)))
    theme = xml.attributes.get("theme", "light")
    if theme not in ("dark", "light"):
        raise KnowledgeError(f"theme `{theme}`: dark or light", Place(file=str(file)))
    definition = _definition(xml, file)
    return View(app, file.stem, xml.texts.get("label", "").strip() or file.stem, theme, definition, file)


def _definition(xml: _Xml, file: Path) -> Mapping[str, Any]:
    try:
        definition = json.loads(xml.texts["definition"], object_pairs_hook=_no_duplicates)
    except json.JSONDecodeError as error:
        line = xml.lines["definition"] + error.lineno - 1
        raise KnowledgeError(f"the definition is no JSON: {error.msg}", Place(file=str(file), line=line)) from error
    except ValueError as error:
        raise KnowledgeError(f"the definition: {error}", Place(file=str(file))) from error
    if not isinstance(definition, dict):
        raise KnowledgeError("the definition is no JSON object", Place(file=str(file)))
    return definition


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a key given twice would hide what was written first."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"`{next(n for n in names if names.count(n) > 1)}` is given twice in one object")
    return found


class _Xml:
    """The root of a view and the texts of its children; no entities, no document type."""

    def __init__(self) -> None:
        self.root = ""
        self.attributes: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.lines: dict[str, int] = {}
        self._path: list[str] = []
        self._parser = expat.ParserCreate()

    def parse(self, text: bytes) -> None:
        """Read a file.

        Raises:
            ExpatError: it is not well-formed, or declares a document type.
        """
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.Parse(text, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._path:
            self.root, self.attributes = name, attributes
        self._path.append(name)

    def _end(self, _name: str) -> None:
        self._path.pop()

    def _text(self, text: str) -> None:
        if len(self._path) == 2:
            name = self._path[1]
            self.lines.setdefault(name, self._parser.CurrentLineNumber)
            self.texts[name] = self.texts.get(name, "") + text

    def _doctype(self, *_: object) -> None:
        error = expat.ExpatError("a view declares no document type")
        error.lineno = self._parser.CurrentLineNumber
        raise error
