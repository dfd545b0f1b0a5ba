"""The one door to everything that Splunk apps say: see :class:`Knowledge`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from replay.knowledge.app import App
from replay.knowledge.conf import Setting
from replay.knowledge.layers import Layers
from replay.knowledge.macros import Macro, find_macro
from replay.knowledge.savedsearches import SavedSearch, all_saved_searches, find_saved_search


class Knowledge:
    """The knowledge objects of a set of apps, each looked up in the context of an app.

    Files are read when something in them is first asked for, and read once. Wherever a method takes ``app``,
    it is the id of the app in whose context the search runs: that app's own objects come first, then those
    that other apps export.

    Args:
        apps: app id -> app.
    """

    def __init__(self, apps: Mapping[str, App]) -> None:
        self._layers = Layers(apps)

    @classmethod
    def load(cls, apps: Sequence[Path]) -> Knowledge:
        """Open the apps in these folders; a later one replaces an earlier one with the same id.

        Raises:
            KnowledgeError: a folder holds no Splunk app.
        """
        opened = [App.open(folder) for folder in apps]
        return cls({app.id: app for app in opened})

    @property
    def apps(self) -> Mapping[str, App]:
        """App id -> app, in the order of loading."""
        return self._layers.apps

    def setting(self, app: str, conf: str, stanza: str, key: str) -> Setting | None:
        """One setting of any .conf file, with its place; None where it is not set.

        Args:
            app: context.
            conf: name of the file without its ending, such as ``datamodels``.
            stanza: exactly as written.
            key: exactly as written.
        """
        found = self._layers.stanza(app, conf, stanza)
        return None if found is None else found.settings.get(key)

    def macro(self, app: str, name: str, arity: int) -> Macro:
        """See :func:`replay.knowledge.macros.find_macro`."""
        return find_macro(self._layers, app, name, arity)

    def saved_searches(self) -> Sequence[SavedSearch]:
        """The saved searches of all apps, by app, then in file order; disabled ones included."""
        return all_saved_searches(self._layers)

    def saved_search(self, name: str, app: str | None = None) -> SavedSearch:
        """See :func:`replay.knowledge.savedsearches.find_saved_search`."""
        return find_saved_search(self._layers, name, app)
