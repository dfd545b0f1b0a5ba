"""What a search in the context of one app sees of the .conf files of all apps.

Order of precedence in the app context (Admin Manual, "Configuration file precedence"): first the app of the
search, ``local`` over ``default``; then the other apps in reverse ASCII order of their names, ``local`` over
``default`` each, and of those only what their metadata exports. Merging goes setting by setting.
``[default]`` fills what no stanza says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from replay.errors import KnowledgeError, Place
from replay.knowledge.app import App
from replay.knowledge.conf import DEFAULT, Setting, Stanza


class Layers:
    """The .conf files of several apps, merged on demand, stanza by stanza.

    Args:
        apps: app id -> app.
    """

    def __init__(self, apps: Mapping[str, App]) -> None:
        self.apps = apps
        self._merged: dict[tuple[str, str, str, bool], Stanza | None] = {}
        self._names: dict[tuple[str, str], tuple[str, ...]] = {}
        self._written: dict[str, dict[str, list[tuple[App, Stanza]]]] = {}

    def app(self, app: str) -> App:
        """The app with that id.

        Raises:
            KnowledgeError: no such app is loaded.
        """
        if app not in self.apps:
            raise KnowledgeError(f"app `{app}` is not loaded{nearest(app, self.apps)}")
        return self.apps[app]

    def order(self, app: str) -> list[App]:
        """All apps, the one of the search first, then the others from the strongest to the weakest."""
        others = sorted((other for other in self.apps if other != app), reverse=True)
        return [self.app(app), *(self.apps[other] for other in others)]

    def stanza(self, app: str, conf: str, name: str, *, default: bool = True) -> Stanza | None:
        """A stanza as a search in ``app`` sees it, or None where that search sees none.

        Args:
            app: context.
            conf: name of the .conf file without its ending.
            name: stanza, exactly.
            default: whether ``[default]`` fills the settings that the stanza does not have.
        """
        asked = (app, conf, name, default)
        if asked not in self._merged:
            self._merged[asked] = self._merge(*asked)
        return self._merged[asked]

    def _merge(self, app: str, conf: str, name: str, default: bool) -> Stanza | None:
        if default and name != DEFAULT:
            return self._filled(self.stanza(app, conf, name, default=False), self.stanza(app, conf, DEFAULT))
        settings: dict[str, Setting] = {}
        place: Place | None = None
        for stanza, visible in self._parts(app, conf, name):
            place = place or stanza.place
            for key, setting in visible:
                settings.setdefault(key, setting)
        return Stanza(name, place, settings) if place else None

    @staticmethod
    def _filled(stanza: Stanza | None, default: Stanza | None) -> Stanza | None:
        if stanza is None or default is None:
            return stanza
        return Stanza(stanza.name, stanza.place, {**stanza.settings, **default.settings, **stanza.settings})

    def _parts(self, app: str, conf: str, name: str) -> Iterator[tuple[Stanza, Iterable[tuple[str, Setting]]]]:
        """The stanza in each file where the search sees it, strongest first, with the settings it sees."""
        own, written = self.app(app), self._stanzas(conf).get(name, ())
        for owner, stanza in sorted(written, key=lambda one: one[0] is not own):
            pairs = list(stanza.settings.items())
            if owner is not own:
                pairs = [pair for pair in pairs if owner.exports(conf, name, pair[0])]
                if not pairs and not owner.exports(conf, name):
                    continue
            yield stanza, pairs

    def _stanzas(self, conf: str) -> dict[str, list[tuple[App, Stanza]]]:
        """Name -> the stanzas of that name in all apps, strongest first."""
        if conf not in self._written:
            found: dict[str, list[tuple[App, Stanza]]] = {}
            for owner in map(self.app, sorted(self.apps, reverse=True)):
                for file in owner.conf_files(conf):
                    for name, stanza in file.stanzas.items():
                        found.setdefault(name, []).append((owner, stanza))
            self._written[conf] = found
        return self._written[conf]

    def names(self, app: str, conf: str) -> tuple[str, ...]:
        """Stanzas that a search in ``app`` sees, without ``[default]``: the strongest app's first."""
        if (app, conf) not in self._names:
            names = {
                name: None
                for owner in self.order(app)
                for name in self.own_names(owner, conf)
                if owner.id == app or self.stanza(app, conf, name, default=False) is not None
            }
            self._names[app, conf] = tuple(names)
        return self._names[app, conf]

    def own_names(self, app: App, conf: str) -> tuple[str, ...]:
        """Stanzas in the app's own files, without ``[default]``: default/ first, then what local/ adds."""
        local, default = app.conf_files(conf)
        return tuple(name for name in {**default.stanzas, **local.stanzas} if name != DEFAULT)

    def owner(self, app: str, conf: str, name: str) -> App:
        """The strongest app that defines a stanza which a search in ``app`` sees."""
        holders = (owner for owner in self.order(app) if _has(owner, conf, name))
        return next(owner for owner in holders if owner.id == app or owner.exports(conf, name))

    def hidden_in(self, app: str, conf: str, name: str) -> list[str]:
        """Apps that have the stanza but do not export it to ``app``, so that an error can say so."""
        return [
            owner.id
            for owner in self.order(app)
            if owner.id != app and _has(owner, conf, name) and not owner.exports(conf, name)
        ]


def _has(app: App, conf: str, name: str) -> bool:
    return any(name in file.stanzas for file in app.conf_files(conf))


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error message: ``; nearest: `a`, `b` ``, or nothing where no known name is near."""
    lower = {one.lower(): one for one in known}
    close = get_close_matches(name.lower(), lower, n=3, cutoff=0.6)
    return "; nearest: " + ", ".join(f"`{lower[one]}`" for one in close) if close else ""


def not_exported(apps: list[str], app: str) -> str:
    """The words for an object that exists, but only inside other apps."""
    where = ", ".join(f"`{one}`" for one in apps)
    return f"is defined in {where} but not exported to `{app}` (export = system in metadata/default.meta)"
