"""One Splunk app on disk: its id, its .conf files, and what of it other apps may see."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from msgspec import Struct, field

from replay.errors import KnowledgeError, Place
from replay.knowledge.conf import ConfFile, Stanza

# Meta files speak of the kind of an object, which is the name of its .conf file but for these.
_META_KINDS = {"models": ("models", "datamodels"), "collections": ("collections-conf", "collections")}


class App(Struct, eq=False, dict=True):
    """A folder that Splunk would have under ``etc/apps``.

    Attributes:
        id: what a search names the app by: ``[package] id`` of app.conf, else the name in app.manifest, else
            the name of the folder (a checkout may be called anything).
        folder: the app's root.
        version: ``[launcher] version`` of app.conf, if it says one.
    """

    id: str
    folder: Path
    version: str | None = None
    _files: dict[str, ConfFile] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> App:
        """Open the app in ``folder``; of its files only app.conf and app.manifest are read now.

        Raises:
            KnowledgeError: there is no app in that folder.
        """
        if not any((folder / part).is_dir() for part in ("default", "local", "metadata", "lookups")):
            hint = "an app has a default/ or a local/ folder"
            raise KnowledgeError(f"not a Splunk app: {hint}", Place(file=str(folder)))
        files: dict[str, ConfFile] = {}
        nameless = cls("", folder, None, files)
        says = {
            (stanza.name, key): setting.value
            for layer in reversed(nameless.conf_files("app"))
            for stanza in layer.stanzas.values()
            for key, setting in stanza.settings.items()
        }
        name = says.get(("package", "id")) or _manifest_name(folder) or folder.resolve().name
        return cls(name, folder, says.get(("launcher", "version")) or says.get(("id", "version")), files)

    def conf_files(self, conf: str) -> tuple[ConfFile, ConfFile]:
        """The app's two files called ``<conf>.conf``: local over default, the stronger first."""
        return self._file(f"local/{conf}.conf"), self._file(f"default/{conf}.conf")

    def _file(self, relative: str) -> ConfFile:
        if relative not in self._files:
            self._files[relative] = ConfFile(self.folder / relative)
        return self._files[relative]

    @cached_property
    def _exports(self) -> dict[str, bool]:
        """Meta stanza, its name decoded -> whether it says ``export = system``; local.meta wins."""
        exports: dict[str, bool] = {}
        for name in ("metadata/local.meta", "metadata/default.meta"):
            stanzas: dict[str, Stanza] = dict(self._file(name).stanzas)
            for stanza in stanzas.values():
                if "export" in stanza.settings:
                    exports.setdefault(unquote(stanza.name), stanza.text("export").lower() == "system")
        return exports

    def exports(self, kind: str, name: str, key: str | None = None) -> bool:
        """Whether searches of other apps see this object: the most specific meta stanza that says so decides.

        From special to general (Admin Manual, default.meta.conf): ``[kind/name/key]`` (single settings of
        props), ``[kind/name]``, ``[kind]``, ``[]``; where none of them speaks, the object stays in its app.

        Args:
            kind: ``macros``, ``props``, ``lookups`` (files), ``models`` (data models) and so on.
            name: stanza or file name.
            key: setting within the stanza.
        """
        kinds = _META_KINDS.get(kind, (kind,))
        candidates = [f"{kind}/{name}/{key}" for kind in kinds] if key is not None else []
        candidates += [f"{kind}/{name}" for kind in kinds] + [*kinds, ""]
        return next((self._exports[one] for one in candidates if one in self._exports), False)


def _manifest_name(folder: Path) -> str | None:
    path = folder / "app.manifest"
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8-sig"))
        name = manifest["info"]["id"]["name"]
    except (ValueError, KeyError, TypeError) as error:
        raise KnowledgeError(f"no app name at info.id.name ({error})", Place(file=str(path))) from error
    return str(name) or None
