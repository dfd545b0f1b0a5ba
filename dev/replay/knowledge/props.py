"""Search-time field settings of an event: the props.conf stanzas that match it, merged.

Source: Admin Manual, props.conf and "Attribute precedence within a single props.conf file". ``source::``
stanzas override ``host::`` stanzas, these override source type stanzas, these ``[default]``. Among stanzas of
one kind the higher ``priority`` wins (100 for a literal name, 0 for a pattern), then the name that comes
first in ASCII order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from replay.errors import KnowledgeError, Place
from replay.knowledge.conf import DEFAULT, Setting, Stanza
from replay.knowledge.layers import Layers
from replay.knowledge.patterns import SOURCETYPE_PATTERN, Matcher, is_pattern, matcher
from replay.knowledge.specs import Alias, LookupSpec, parse_aliases, parse_lookup

KV_MODES = frozenset({"none", "auto", "auto_escaped", "multi", "json", "xml"})
_SOURCE, _HOST, _SOURCETYPE = range(3)
_EXTRACT = re.compile(r"(.*\S)\s+in\s+(\w+)", re.DOTALL | re.ASCII)
_LOOKUP_KEY = re.compile(r"LOOKUP[-_]?(.*)", re.IGNORECASE)


class Extract(Struct, frozen=True):
    """EXTRACT-``name``: a PCRE whose named groups become fields of what ``source_field`` holds."""

    name: str
    regex: str
    source_field: str
    place: Place


class Report(Struct, frozen=True):
    """REPORT-``name``: transforms.conf stanzas to apply, in this order."""

    name: str
    transforms: tuple[str, ...]
    place: Place


class Calculated(Struct, frozen=True):
    """EVAL-``field``: an eval expression; those of one event all see its fields as they were before."""

    field: str
    expression: str
    place: Place


class AutoLookup(Struct, frozen=True):
    """LOOKUP-``name``: a lookup that every event goes through."""

    name: str
    lookup: LookupSpec
    place: Place


class Props(Struct, frozen=True):
    """What happens to the fields of an event at search time, each kind in ASCII order of its class.

    The order of the kinds is Splunk's search-time sequence: extracts, reports, kv_mode, aliases, evals,
    lookups.

    Attributes:
        sourcetype: as searches see it, that is after ``rename``.
        stanzas: the stanzas that matched, strongest first, ``default`` last.
        settings: all settings, merged.
    """

    sourcetype: str
    stanzas: tuple[str, ...]
    extracts: tuple[Extract, ...]
    reports: tuple[Report, ...]
    kv_mode: str
    auto_kv_json: bool
    kv_trim_spaces: bool
    aliases: tuple[Alias, ...]
    evals: tuple[Calculated, ...]
    lookups: tuple[AutoLookup, ...]
    settings: Mapping[str, Setting]


class _Entry(Struct, frozen=True):
    """A stanza of props.conf, ready to be matched against events."""

    kind: int
    priority: int
    matches: Matcher
    stanza: Stanza


class PropsTable:
    """The props.conf stanzas that searches in one app see.

    Args:
        layers: the apps.
        app: context.
    """

    def __init__(self, layers: Layers, app: str) -> None:
        stanzas = (layers.stanza(app, "props", name, default=False) for name in layers.names(app, "props"))
        entries = [entry for stanza in stanzas if stanza for entry in _entries(stanza)]
        self._entries = sorted(entries, key=lambda one: (one.kind, -one.priority, one.stanza.name))
        self._default = layers.stanza(app, "props", DEFAULT)
        self._known: dict[tuple[str, str, str], Props] = {}
        self._alone: tuple[Props, ...] | None = None

    def of(self, host: str, source: str, sourcetype: str) -> Props:
        """The merged settings for events of this host, source and source type.

        Raises:
            KnowledgeError: a setting that applies to them is malformed.
        """
        event = (host, source, sourcetype)
        if event not in self._known:
            renamed = self._rename(sourcetype)
            chosen = list(self._matching({_SOURCE: source, _HOST: host, _SOURCETYPE: renamed}))
            if self._default:
                chosen.append(self._default)
            self._known[event] = _props(renamed, chosen)
        return self._known[event]

    def each(self) -> tuple[Props, ...]:
        """Every stanza as if it stood alone."""
        if self._alone is None:
            stanzas = [entry.stanza for entry in self._entries] + ([self._default] if self._default else [])
            self._alone = tuple(_props(stanza.name, [stanza]) for stanza in stanzas)
        return self._alone

    def _rename(self, sourcetype: str) -> str:
        for stanza in self._matching({_SOURCETYPE: sourcetype}):
            if stanza.text("rename"):
                return stanza.text("rename")
        return sourcetype

    def _matching(self, event: Mapping[int, str]) -> Iterator[Stanza]:
        for entry in self._entries:
            if entry.kind in event and entry.matches(event[entry.kind]):
                yield entry.stanza


def _entries(stanza: Stanza) -> Iterator[_Entry]:
    """The stanza with its test; none for those that speak of no event (rule::, delayedrule::)."""
    kind, text = split_stanza(stanza.name)
    if kind is None:
        return
    # Only sources and hosts may be patterns; a source type is one by a trick of its first characters.
    if kind == _SOURCETYPE and not text.startswith(SOURCETYPE_PATTERN):
        yield _Entry(kind, stanza.number("priority", 100), lambda name: name == text, stanza)
        return
    matches = matcher(text, ignore_case=kind == _HOST, place=stanza.place)
    yield _Entry(kind, stanza.number("priority", 0 if is_pattern(text) else 100), matches, stanza)


def split_stanza(name: str) -> tuple[int | None, str]:
    """Kind of a props.conf stanza (0 source, 1 host, 2 source type, None other), and the text it matches."""
    prefix, _, rest = name.partition("::")
    kinds = {"source": _SOURCE, "host": _HOST, "rule": None, "delayedrule": None}
    return (kinds[prefix], rest) if prefix in kinds and rest else (_SOURCETYPE, name)


def configured(names: Iterable[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Of props.conf stanza names: the literal source types, and what stands after ``source::``."""
    split = [split_stanza(name) for name in names]
    sourcetypes = (text for kind, text in split if kind == _SOURCETYPE)
    sources = (text for kind, text in split if kind == _SOURCE)
    literal = frozenset(text for text in sourcetypes if not text.startswith(SOURCETYPE_PATTERN))
    return literal, tuple(dict.fromkeys(sources))


def _props(sourcetype: str, stanzas: list[Stanza]) -> Props:
    settings: dict[str, Setting] = {}
    for stanza in stanzas:
        for key, setting in stanza.settings.items():
            settings.setdefault(key, setting)
    merged = Stanza(stanzas[0].name if stanzas else DEFAULT, Place(), settings)
    mode = merged.text("KV_MODE").lower() or "auto"
    if mode not in KV_MODES:
        known = ", ".join(sorted(KV_MODES))
        raise KnowledgeError(f"`{mode}` is not a KV_MODE; one of {known}", merged.place_of("KV_MODE"))
    return Props(
        sourcetype=sourcetype,
        stanzas=tuple(stanza.name for stanza in stanzas),
        extracts=tuple(_extract(*one) for one in _classes(settings, "EXTRACT-")),
        reports=tuple(_report(*one) for one in _classes(settings, "REPORT-")),
        kv_mode=mode,
        auto_kv_json=merged.flag("AUTO_KV_JSON", True),
        kv_trim_spaces=merged.flag("KV_TRIM_SPACES", True),
        aliases=tuple(
            alias
            for _, setting in _classes(settings, "FIELDALIAS-")
            for alias in parse_aliases(setting.value, setting.place)
        ),
        evals=tuple(Calculated(name, setting.value, setting.place) for name, setting in _classes(settings, "EVAL-")),
        lookups=tuple(_auto_lookups(settings)),
        settings=settings,
    )


def _classes(settings: Mapping[str, Setting], prefix: str) -> Iterator[tuple[str, Setting]]:
    """The settings ``<prefix><class>`` in ASCII order; one set to nothing is switched off."""
    for key in sorted(settings):
        if key.startswith(prefix) and settings[key].value:
            yield key[len(prefix) :], settings[key]


def _extract(name: str, setting: Setting) -> Extract:
    found = _EXTRACT.fullmatch(setting.value)
    pattern, source_field = (found[1], found[2]) if found else (setting.value, "_raw")
    return Extract(name, pattern, source_field, setting.place)


def _report(name: str, setting: Setting) -> Report:
    transforms = tuple(part.strip() for part in setting.value.split(",") if part.strip())
    return Report(name, transforms, setting.place)


def _auto_lookups(settings: Mapping[str, Setting]) -> Iterator[AutoLookup]:
    classes = sorted((found[1], key) for key in settings if (found := _LOOKUP_KEY.fullmatch(key)))
    for name, key in classes:
        setting = settings[key]
        if setting.value:
            yield AutoLookup(name, parse_lookup(setting.value, setting.place), setting.place)
