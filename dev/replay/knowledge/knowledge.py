"""The one door to everything that Splunk apps say: see :class:`Knowledge`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from replay.errors import Place
from replay.knowledge.app import App
from replay.knowledge.collections import Collection, find_collection
from replay.knowledge.conf import DEFAULT, Setting
from replay.knowledge.datamodel_files import find_datamodel, visible_datamodels
from replay.knowledge.datamodels import DataModel
from replay.knowledge.eventtypes import EventType, Tags, read_eventtypes, read_tags
from replay.knowledge.externals import ExternalCommand, find_command
from replay.knowledge.layers import Layers
from replay.knowledge.lookups import Lookup, find_lookup
from replay.knowledge.macros import Macro, find_macro
from replay.knowledge.props import Props, PropsTable, configured
from replay.knowledge.savedsearches import SavedSearch, all_saved_searches, find_saved_search
from replay.knowledge.transforms import Transform, find_transform


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
        self._props: dict[str, PropsTable] = {}
        self._tags: dict[str, Tags] = {}
        self._eventtypes: dict[str, Mapping[str, EventType]] = {}
        self._datamodels: dict[tuple[str, str], DataModel] = {}

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

    def contents(self, app: str, conf: str) -> Mapping[str, Mapping[str, str]]:
        """Stanza -> key -> value: all that a search in ``app`` sees of the .conf files of that name."""
        stanzas = (self._layers.stanza(app, conf, name) for name in (DEFAULT, *self._layers.names(app, conf)))
        return {s.name: {key: setting.value for key, setting in s.settings.items()} for s in stanzas if s is not None}

    def stanzas(self, app: str, conf: str) -> tuple[str, ...]:
        """Names of the stanzas of any .conf file that a search in ``app`` sees."""
        return self._layers.names(app, conf)

    def macro(self, app: str, name: str, arity: int) -> Macro:
        """See :func:`replay.knowledge.macros.find_macro`."""
        return find_macro(self._layers, app, name, arity)

    def saved_searches(self) -> Sequence[SavedSearch]:
        """The saved searches of all apps, by app, then in file order; disabled ones included."""
        return all_saved_searches(self._layers)

    def saved_search(self, name: str, app: str | None = None) -> SavedSearch:
        """See :func:`replay.knowledge.savedsearches.find_saved_search`."""
        return find_saved_search(self._layers, name, app)

    def props(self, app: str, *, host: str, source: str, sourcetype: str) -> Props:
        """What happens at search time to the fields of events of this host, source and source type.

        Raises:
            KnowledgeError: a setting that applies to them is malformed.
        """
        return self._props_table(app).of(host, source, sourcetype)

    def every_props(self, app: str) -> tuple[Props, ...]:
        """What each props.conf stanza that a search in ``app`` sees says, by itself: what may hold of some event."""
        return self._props_table(app).each()

    def _props_table(self, app: str) -> PropsTable:
        if app not in self._props:
            self._props[app] = PropsTable(self._layers, app)
        return self._props[app]

    def sourcetypes(self) -> frozenset[str]:
        """Source types that have a stanza in some app's props.conf."""
        return configured(self._props_names())[0]

    def source_patterns(self) -> tuple[str, ...]:
        """What stands after ``source::`` in the stanzas of all apps' props.conf."""
        return configured(self._props_names())[1]

    def configures_hosts(self) -> bool:
        """True if some app's props.conf has a ``[host::…]`` stanza: then the fields of events depend on their host."""
        return any(name.startswith("host::") for name in self._props_names())

    def indexes(self) -> tuple[str, ...]:
        """Indexes that some app's indexes.conf defines."""
        return tuple(name for app in self.apps.values() for name in self._layers.own_names(app, "indexes"))

    def _props_names(self) -> list[str]:
        return [name for app in self.apps.values() for name in self._layers.own_names(app, "props")]

    def transform(self, app: str, name: str) -> Transform:
        """See :func:`replay.knowledge.transforms.find_transform`."""
        return find_transform(self._layers, app, name)

    def tags(self, app: str) -> Tags:
        """See :func:`replay.knowledge.eventtypes.read_tags`."""
        if app not in self._tags:
            self._tags[app] = read_tags(self._layers, app)
        return self._tags[app]

    def eventtypes(self, app: str) -> Mapping[str, EventType]:
        """See :func:`replay.knowledge.eventtypes.read_eventtypes`."""
        if app not in self._eventtypes:
            self._eventtypes[app] = read_eventtypes(self._layers, app, self.tags(app))
        return self._eventtypes[app]

    def lookup(self, app: str, name: str, *, must_exist: bool = True) -> Lookup:
        """See :func:`replay.knowledge.lookups.find_lookup`."""
        return find_lookup(self._layers, app, name, must_exist=must_exist)

    def collection(self, app: str, name: str, place: Place | None = None) -> Collection:
        """See :func:`replay.knowledge.collections.find_collection`."""
        return find_collection(self._layers, app, name, place or Place())

    def datamodel(self, app: str, name: str) -> DataModel:
        """See :func:`replay.knowledge.datamodel_files.find_datamodel`."""
        if (app, name) not in self._datamodels:
            self._datamodels[app, name] = find_datamodel(self._layers, app, name)
        return self._datamodels[app, name]

    def datamodels(self, app: str) -> tuple[str, ...]:
        """Names of the data models that a search in ``app`` sees."""
        return tuple(visible_datamodels(self._layers, app))

    def command(self, app: str, name: str) -> ExternalCommand | None:
        """See :func:`replay.knowledge.externals.find_command`."""
        return find_command(self._layers, app, name)

    def commands(self, app: str) -> tuple[str, ...]:
        """Names of the custom search commands that a search in ``app`` sees."""
        return self._layers.names(app, "commands")
