"""The apps of the server: those given, each with a ``local/`` of the server's own, so that a given folder is only read.

Every change that clients make to knowledge objects, inputs, indexes and roles is a setting of a .conf file here, as in
Splunk. Source: Admin Manual, "Configuration file directories".
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import RLock

from replay.knowledge import Knowledge
from replay.knowledge.app import App
from replay.knowledge.conf import DEFAULT, ConfFile, Stanza
from replay.knowledge.layers import Layers
from replay.serve.errors import Refused, missing
from replay.session import HOME, STAND_INS

OWN = Path(__file__).parent / "apps"
"""What every Splunk has: ``system``, ``search`` and the app that holds HEC tokens."""
SYSTEM = "system"
_LINKED = ("default", "bin", "lib", "lookups", "static", "appserver", "README", "app.manifest")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}")
_KEY = re.compile(r"[^\s=#;\[\\][^=\r\n\0]{0,999}")


class Apps:
    """The apps, and the changes made to them.

    Args:
        root: folder of the server's own; ``root/<app>`` is made for every app.
        given: folders of apps, only read. A later one replaces an earlier one with the same id.
    """

    def __init__(self, root: Path, given: Sequence[Path]) -> None:
        self._root = root
        self._lock = RLock()
        folders = [*_folders(OWN), *_folders(STAND_INS), HOME, *given]
        opened = [App.open(folder) for folder in folders]
        self.home = opened[-1].id
        apps = {app.id: app for app in opened}
        made = [folder for folder in _folders(root) if folder.name not in apps] if root.is_dir() else []
        found = {app.id: App.open(_overlay(root / check_name(app.id, "app"), app.folder)) for app in apps.values()}
        self._use(found | {folder.name: App.open(folder) for folder in made})

    def _use(self, apps: Mapping[str, App]) -> None:
        self.knowledge = Knowledge(apps)
        self.layers = Layers(apps)

    # --- reading ------------------------------------------------------------------------------------------------------

    def stanza(self, app: str, conf: str, name: str) -> Stanza | None:
        """A stanza as the app sees it, ``[default]`` applied."""
        return self.layers.stanza(app, conf, name) if _NAME.fullmatch(conf) else None

    def names(self, app: str | None, conf: str) -> list[tuple[str, str]]:
        """(stanza, id of the app that owns it): what an app sees, or with None what all apps have."""
        if not _NAME.fullmatch(conf):
            return []
        if app is None:
            return [(name, one.id) for one in self.layers.apps.values() for name in self.layers.own_names(one, conf)]
        return [(name, self.layers.owner(app, conf, name).id) for name in self.layers.names(app, conf)]

    def has_conf(self, conf: str) -> bool:
        """Whether some app has that .conf file. What is no name of one, as ``../x``, is the name of none."""
        if not _NAME.fullmatch(conf):
            return False
        return any(f.path.is_file() for app in self.layers.apps.values() for f in app.conf_files(conf))

    def confs(self) -> list[str]:
        """Names of all .conf files, without their ending."""
        folders = [app.folder / part for app in self.layers.apps.values() for part in ("default", "local")]
        return sorted({file.stem for folder in folders for file in folder.glob("*.conf")})

    # --- writing ------------------------------------------------------------------------------------------------------

    def write(self, app: str, conf: str, stanza: str, settings: Mapping[str, str]) -> None:
        """Set these keys in the app's ``local/<conf>.conf``; the others stay.

        Raises:
            Refused: a name or a value that a .conf file cannot hold.
        """
        _check(stanza, settings)
        with self._lock:
            stanzas = self._local(app, conf)
            stanzas.setdefault(stanza, {}).update(settings)
            self._save(app, conf, stanzas)

    def remove(self, app: str, conf: str, stanza: str) -> None:
        """Take a stanza out of the app's ``local/``.

        Raises:
            Refused: it is part of the app itself, or not there.
        """
        with self._lock:
            stanzas = self._local(app, conf)
            if stanza not in stanzas:
                if self.stanza(app, conf, stanza) is None:
                    raise missing(conf, stanza)
                raise Refused(403, f"Cannot remove '{stanza}': it is part of the app {app} itself; disable it instead")
            del stanzas[stanza]
            self._save(app, conf, stanzas)

    def create(self, app: str, settings: Mapping[str, str]) -> None:
        """An empty app.

        Raises:
            Refused: the name is no name of an app, or taken.
        """
        check_name(app, "app")
        with self._lock:
            if app in self.knowledge.apps or (self._root / app).exists():
                raise Refused(409, f"Unable to create application: {app} already exists")
            (self._root / app / "default").mkdir(parents=True)
            (self._root / app / "local").mkdir()
            self._use({**self.knowledge.apps, app: App.open(self._root / app)})
            for key, value in settings.items():
                self.write(app, "app", "ui" if key in ("label", "is_visible") else "launcher", {key: value})

    def _local(self, app: str, conf: str) -> dict[str, dict[str, str]]:
        check_name(conf, "configuration file")
        if app not in self.knowledge.apps:
            raise Refused(404, f"Application does not exist: {app}")
        file = ConfFile(self._root / app / "local" / f"{conf}.conf")
        return {name: dict(stanza.values()) for name, stanza in file.stanzas.items()}

    def _save(self, app: str, conf: str, stanzas: Mapping[str, Mapping[str, str]]) -> None:
        file = self._root / app / "local" / f"{conf}.conf"
        file.parent.mkdir(exist_ok=True)
        lines = []
        for name, settings in stanzas.items():
            lines += [f"[{name}]", *(f"{k} = {_continued(v)}".rstrip() for k, v in settings.items()), ""]
        new = file.with_suffix(".new")
        new.write_text("\n".join(lines), encoding="utf-8")
        new.replace(file)
        self._use({**self.knowledge.apps, app: App.open(self._root / app)})


def _folders(parent: Path) -> list[Path]:
    return sorted(p for p in parent.iterdir() if p.is_dir() and not p.name.startswith((".", "__")))


def _overlay(folder: Path, original: Path) -> Path:
    """A folder that reads as the app, with ``local/`` and ``metadata/`` of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _LINKED:
        link = folder / name
        if link.is_symlink():
            link.unlink()
        if (original / name).exists():
            link.symlink_to((original / name).resolve())
    if not (folder / "local").exists():
        if (original / "local").is_dir():
            shutil.copytree(original / "local", folder / "local")
        else:
            (folder / "local").mkdir()
    (folder / "metadata").mkdir(exist_ok=True)
    for name in ("default.meta", "local.meta"):
        if (original / "metadata" / name).is_file():
            shutil.copyfile(original / "metadata" / name, folder / "metadata" / name)
    return folder


def check_name(name: str, what: str) -> str:
    """A name that becomes the name of a file.

    Raises:
        Refused: it could lead anywhere else.
    """
    if not _NAME.fullmatch(name):
        raise Refused(400, f"Invalid name of an {what}: '{name[:100]}'")
    return name


def _check(stanza: str, settings: Mapping[str, str]) -> None:
    if not stanza.strip() or len(stanza) > 1000 or re.search(r"[\[\]\r\n\0]", stanza):
        raise Refused(400, f"'{stanza[:100]}' cannot be the name of a stanza")
    for key, value in settings.items():
        if not _KEY.fullmatch(key):
            raise Refused(400, f"'{key[:100]}' cannot be the name of a setting")
        if "\0" in value or "\r" in value or value.endswith("\\"):
            raise Refused(400, f"The value of '{key}' holds a character that a .conf file cannot hold at that place")


def _continued(value: str) -> str:
    return "\\\n".join(value.split("\n"))


__all__ = ["DEFAULT", "SYSTEM", "Apps", "check_name"]
