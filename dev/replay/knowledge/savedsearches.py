"""Saved searches: savedsearches.conf stanzas, those that are disabled included.

Source: Admin Manual, savedsearches.conf.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from replay.errors import KnowledgeError, Place
from replay.knowledge.app import App
from replay.knowledge.conf import Stanza, boolean
from replay.knowledge.layers import Layers, nearest, not_exported

CORRELATION_SWITCH = "action.correlationsearch.enabled"


class SavedSearch(Struct, frozen=True):
    """A saved search as its stanza says it.

    Attributes:
        name: the stanza.
        app: id of the app that owns it, and so the context in which it runs.
        search: its text; empty where no file gives one.
        settings: every setting of the stanza, ``[default]`` applied.
        disabled: a disabled search is not scheduled by Splunk, but it is still there and can be run.
        place: its ``search`` setting, or the stanza where it has none.
        earliest: ``dispatch.earliest_time``, a time modifier, or None for all time.
        latest: ``dispatch.latest_time``, likewise.
    """

    name: str
    app: str
    search: str
    settings: Mapping[str, str]
    disabled: bool
    place: Place
    earliest: str | None
    latest: str | None

    @property
    def correlation(self) -> bool:
        """Whether it is a correlation search of Enterprise Security (``action.correlationsearch.enabled``).

        Raises:
            KnowledgeError: the setting is no boolean.
        """
        return boolean(self.settings.get(CORRELATION_SWITCH) or "0", self.place)


def all_saved_searches(layers: Layers) -> list[SavedSearch]:
    """The saved searches of all apps: by app in the order of loading, then in file order."""
    return [
        _saved_search(layers, app, name)
        for app in layers.apps.values()
        for name in layers.own_names(app, "savedsearches")
    ]


def find_saved_search(layers: Layers, name: str, app: str | None) -> SavedSearch:
    """The saved search of that exact name.

    Args:
        layers: the apps.
        name: the stanza.
        app: context: the app's own search comes before those that others export; None looks in all apps.

    Raises:
        KnowledgeError: there is none, or (without ``app``) several apps have one.
    """
    if app is not None:
        if layers.stanza(app, "savedsearches", name) is not None:
            return _saved_search(layers, layers.owner(app, "savedsearches", name), name)
        hidden = layers.hidden_in(app, "savedsearches", name)
        if hidden:
            raise KnowledgeError(f"saved search `{name}` {not_exported(hidden, app)}")
        known = layers.names(app, "savedsearches")
        raise KnowledgeError(f"saved search `{name}` is not defined in any app{nearest(name, known)}")
    owned = {owner.id: layers.own_names(owner, "savedsearches") for owner in layers.apps.values()}
    owners = [owner for owner, names in owned.items() if name in names]
    if len(owners) > 1:
        raise KnowledgeError(f"saved search `{name}` is in several apps ({', '.join(owners)}); say in which")
    if not owners:
        known = tuple(one for names in owned.values() for one in names)
        raise KnowledgeError(f"saved search `{name}` is not defined in any app{nearest(name, known)}")
    return _saved_search(layers, layers.apps[owners[0]], name)


def _saved_search(layers: Layers, owner: App, name: str) -> SavedSearch:
    stanza = layers.stanza(owner.id, "savedsearches", name)
    assert stanza is not None
    return SavedSearch(
        name=name,
        app=owner.id,
        search=stanza.text("search"),
        settings=stanza.values(),
        disabled=stanza.disabled,
        place=stanza.place_of("search"),
        earliest=_time(stanza, "dispatch.earliest_time"),
        latest=_time(stanza, "dispatch.latest_time"),
    )


def _time(stanza: Stanza, key: str) -> str | None:
    return stanza.text(key) or None
