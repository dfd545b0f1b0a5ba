"""Finds a detection in the files of installed apps: for a search head without splunkd."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .conf import Conf, read_app_conf
from .errors import RbaError
from .found import Found, unknown

FILENAME = "savedsearches.conf"


def app_folders(own: str, environ: Mapping[str, str]) -> list[str]:
    """Folders of the apps to look in, each once: the own app, those of RBAENRICH_APPS, those of SPLUNK_HOME.

    Args:
        own: folder of the app that holds the command.
        environ: environment; RBAENRICH_APPS lists app folders, separated as in PATH.

    Raises:
        RbaError: RBAENRICH_APPS names a folder that is not there.
    """
    named = [folder for folder in environ.get("RBAENRICH_APPS", "").split(os.pathsep) if folder]
    for folder in named:
        if not os.path.isdir(folder):
            raise RbaError(f"RBAENRICH_APPS names {folder}, which is no folder. Correct the environment variable.")
    installed = os.path.join(environ.get("SPLUNK_HOME", ""), "etc", "apps")
    if environ.get("SPLUNK_HOME") and os.path.isdir(installed):
        named += sorted(entry.path for entry in os.scandir(installed) if entry.is_dir())
    folders: dict[str, str] = {}
    for folder in [own, *named]:
        folders.setdefault(os.path.realpath(folder), folder)
    return list(folders.values())


def find_in_files(name: str, app: str, folders: list[str]) -> Found:
    """The saved search ``name``: from the app named ``app`` if it is there, else from the first folder that
    has it.

    Raises:
        RbaError: no folder has it.
    """
    in_context = [folder for folder in folders if os.path.basename(os.path.abspath(folder)) == app]
    names: list[str] = []
    for folder in dict.fromkeys(in_context + folders):
        conf = read_app_conf(folder, FILENAME)
        if name in conf.names():
            return Found(conf.settings(name), tuple(_unread(conf, name)))
        names += conf.names()
    apps = ", ".join(os.path.basename(os.path.abspath(folder)) for folder in folders)
    raise unknown(name, names, f"the apps {apps}" if len(folders) > 1 else f"the app {apps}")


def _unread(conf: Conf, name: str) -> list[str]:
    return [f"{line}: this line of [{name}] is no setting and was passed over." for line in conf.unread.get(name, [])]
