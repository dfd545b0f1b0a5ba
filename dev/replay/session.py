"""One run: the loaded apps, the events, and searches over them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from replay.arrivals import ahead, batches, parts
from replay.context import Context
from replay.engine import Engine
from replay.errors import KnowledgeError, Place, SearchError
from replay.index import Index
from replay.inputs import Options, Problem, read_blocks
from replay.knowledge import Knowledge, SavedSearch
from replay.plan import expand_macros, plan_search
from replay.relation import Relation
from replay.spl.timespec import parse_time

if TYPE_CHECKING:
    from replay.inputs.skim_parts import Helpers

HOME = Path(__file__).resolve().parents[2]
"""The app that this engine lies in: its searches run if no other is named."""
STAND_INS = HOME / "dev" / "apps"
PROBLEMS_SHOWN = 20
"""Malformed events that are told one by one; of the others, how many there are."""


class Loaded(Struct):
    """What was read: for the account at the end of a run.

    Attributes:
        names: of files, and of members of archives, as they were read.
        events: events in them.
        passed: how many of these were passed over, because the search cannot find them.
        problems: what was malformed, in no certain order: simple logs are looked at once more where they are not.
        seconds: how long it took.
        store: what was searched instead of logs.
    """

    names: list[str] = field(default_factory=list)
    events: int = 0
    passed: int = 0
    problems: list[Problem] = field(default_factory=list)
    seconds: float = 0.0
    store: Path | None = None

    @property
    def files(self) -> int:
        """How many."""
        return len(self.names)

    @property
    def problems_in_order(self) -> list[Problem]:
        """By file, as they were read, and byte."""
        read = {name: number for number, name in enumerate(self.names)}
        return sorted(self.problems, key=lambda p: (read.get(p.place.file or "", -1), p.place.byte or 0))

    def options(self, sourcetype: str | None, on_bytes: Callable[[int], None] = lambda count: None) -> Options:
        """How to read logs so that files, problems and events passed over are counted here."""

        def count_passed(events: int) -> None:
            self.passed += events

        return Options(
            sourcetype=sourcetype, on_problem=self.problems.append, on_file=self.names.append, on_passed=count_passed,
            on_bytes=on_bytes,
        )  # fmt: skip


def app_folders(given: Sequence[Path]) -> list[Path]:
    """Stand-ins, the home app, and the apps that the user gives; a later app replaces one of the same id.

    Raises:
        KnowledgeError: a given folder does not exist, or the stand-ins are not where the repository has them.
    """
    for folder in given:
        if not folder.is_dir():
            raise KnowledgeError("no such app folder", Place(file=str(folder)))
    if not STAND_INS.is_dir():
        raise KnowledgeError(
            "replay runs in its repository: install it from there with `pip install -e`", Place(str(STAND_INS))
        )
    return [*sorted(p for p in STAND_INS.iterdir() if p.is_dir()), HOME, *given]


def _stored(engine: Engine, store: Path) -> Index:
    from replay.store.folder import StoreFolder
    from replay.store.index import StoredIndex

    return StoredIndex(engine, StoreFolder(store))


class Session:
    """Apps, events and an engine.

    Args:
        apps: folders given by the user, beside the stand-ins and the home app.
        macros: macro name -> definition, instead of what the apps define.
        warn: takes a sentence for the user.
        accelerate: see ``Index``.
        store: a folder that ``replay index`` has filled, whose events are searched; nothing is loaded then.

    Raises:
        InputError: it is no store.
    """

    def __init__(
        self,
        apps: Sequence[Path] = (),
        *,
        macros: Mapping[str, str] | None = None,
        warn: Callable[[str], None] = lambda message: None,
        accelerate: bool = False,
        store: Path | None = None,
    ) -> None:
        self.given = list(apps)
        self.store = store
        self.knowledge = Knowledge.load(app_folders(apps))
        self.engine = Engine(computed=store is None)
        self.index = _stored(self.engine, store) if store else Index(self.engine, accelerate=accelerate)
        self.macros = dict(macros or {})
        self.warn = warn
        self.now = time.time()
        self._check_macros()

    def over(self, store: Path, warn: Callable[[str], None] = lambda message: None) -> Session:
        """The same apps, as far as they were read, over the events of a store."""
        other = copy(self)
        other.store, other.engine, other.warn = store, Engine(computed=False), warn
        other.index = _stored(other.engine, store)
        return other

    def _check_macros(self) -> None:
        """A replaced macro must exist: a misspelt name would replace nothing, in silence."""
        for name in self.macros:
            bare, _, arity = name.partition("(")
            arities = [int(arity.rstrip(")"))] if arity.rstrip(")").isdigit() else range(10)
            if not any(self._has_macro(bare, n) for n in arities):
                self.knowledge.macro(self.home, bare, 0)  # raises, with the nearest names

    def _has_macro(self, name: str, arity: int) -> bool:
        try:
            self.knowledge.macro(self.home, name, arity)
        except KnowledgeError:
            return False
        return True

    @property
    def home(self) -> str:
        """Id of the app in whose context searches run that no app holds: the last one given, else the home app."""
        wanted = (self.given[-1] if self.given else HOME).resolve()
        return next(a.id for a in self.knowledge.apps.values() if a.folder.resolve() == wanted)

    def load(
        self,
        paths: Sequence[Path | str],
        sourcetype: str | None = None,
        index: str = "main",
        texts: frozenset[str] | None = None,
        on_bytes: Callable[[int], None] = lambda count: None,
        helpers: Helpers | None = None,
    ) -> Loaded:
        """Read logs into the index.

        Args:
            paths, sourcetype: see ``inputs.read``.
            index: name of the index.
            texts: see ``prefilter.required_texts``: what holds none of them may be passed over. If anything turns
                out malformed, everything is read after all, so that each problem is told with its place.
            on_bytes: takes how many bytes of a file were read, again and again.
            helpers: processes that look for ``texts`` in large files.

        Raises:
            InputError: a path cannot be read at all.
        """
        loaded = self._load(paths, index, sourcetype, on_bytes, texts, helpers)
        if texts is not None and loaded.problems and "-" not in map(str, paths):
            self.index.clear()
            loaded = self._load(paths, index, sourcetype, on_bytes)
        return loaded

    def _load(
        self, paths: Sequence[Path | str], index: str, sourcetype: str | None, on_bytes: Callable[[int], None],
        texts: frozenset[str] | None = None, helpers: Helpers | None = None,
    ) -> Loaded:  # fmt: skip
        loaded = Loaded()
        started = time.perf_counter()
        options = loaded.options(sourcetype, on_bytes)
        options["texts"], options["helpers"] = texts, helpers
        read = parts(batches(read_blocks(paths, **options)))
        if "-" not in map(str, paths):  # whoever waits for standard input must be able to interrupt
            read = ahead(read, self.engine.connect if texts is not None else None)
        loaded.events = self.index.add_parts(read, index) + loaded.passed
        self.index.partial = loaded.passed > 0
        loaded.seconds = time.perf_counter() - started
        return loaded

    def context(self, app: str, place: Place, earliest: str | None = None, latest: str | None = None) -> Context:
        """The context of a search.

        Raises:
            SearchError: a time is none.
        """
        return Context(
            self.engine, self.knowledge, self.index, app, place, self._time("earliest", earliest),
            self._time("latest", latest), self.now, self.warn, macros=self.macros,
        )  # fmt: skip

    def _time(self, name: str, text: str | None) -> float | None:
        if text is None or text in ("", "0"):
            return None
        value = parse_time(text, self.now)
        if value is None:
            raise SearchError(f"--{name} {text}: no time (try -1h@h, now, 2024-05-01T00:00:00Z, epoch seconds)")
        return value

    def own_searches(self) -> list[SavedSearch]:
        """The saved searches of the home app and of the apps that the user gave."""
        given = {folder.resolve() for folder in self.given}
        own = {self.home, *(app.id for app in self.knowledge.apps.values() if app.folder.resolve() in given)}
        return [saved for saved in self.knowledge.saved_searches() if saved.app in own]

    def default_search(self) -> SavedSearch:
        """The correlation search of the home app.

        Raises:
            KnowledgeError: it has none, or several; or a setting that says which is no boolean.
        """
        own = [s for s in self.knowledge.saved_searches() if s.app == self.home]
        found = [s for s in own if s.correlation]
        if len(found) == 1:
            return found[0]
        names = ", ".join(f"`{s.name}`" for s in (found or own)[:8]) or "none"
        raise KnowledgeError(f"app `{self.home}` has no single correlation search: name one with --search ({names})")

    def plan_saved(self, saved: SavedSearch, earliest: str | None = None, latest: str | None = None) -> Relation:
        """Plan a saved search, over all events unless times are given (its own dispatch times are for live data)."""
        return plan_search(saved.search, self.saved_context(saved, earliest, latest))

    def saved_context(self, saved: SavedSearch, earliest: str | None = None, latest: str | None = None) -> Context:
        """The context that a saved search runs in."""
        return self.context(saved.app, saved.place, earliest, latest)

    def expanded(self, saved: SavedSearch) -> str:
        """The saved search with its macros expanded."""
        return expand_macros(saved.search, self.saved_context(saved))
