"""What rules look at: an app, and each of its searches with its macros expanded and its commands parsed."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from replay.commands import Command
from replay.context import Context
from replay.errors import KnowledgeError, Place, ReplayError, SearchError
from replay.knowledge import App, SavedSearch, Setting
from replay.knowledge.savedsearches import CORRELATION_SWITCH
from replay.linting.flow import AnyStore, Fields, LenientParser, Opaque, Step, flow
from replay.linting.source import place_in
from replay.plan import Pipeline, commands_in, macro_readers
from replay.session import Session
from replay.spl.macros import Piece, calls, expand, pieces, strip_comments


class ExaminedApp:
    """The app under examination, among the other loaded ones.

    Args:
        session: with the app loaded.
        app: it.
        adds: custom command -> the fields that it adds to results, where that is known.
    """

    def __init__(self, session: Session, app: App, adds: Mapping[str, tuple[str, ...]]) -> None:
        self.session = session
        self.app = app
        self.adds = adds
        self.knowledge = session.knowledge

    @cached_property
    def searches(self) -> list[ExaminedSearch]:
        """Its saved searches that have a search, in file order."""
        own = [s for s in self.knowledge.saved_searches() if s.app == self.app.id and s.search]
        return [ExaminedSearch(self, saved) for saved in own]

    @property
    def macros(self) -> Iterator[Setting]:
        """The definitions of its own macros, each as it stands: without the values of arguments."""
        names = {name: None for file in self.app.conf_files("macros") for name in file.stanzas}
        found = (self.own(self.setting("macros", name, "definition")) for name in names)
        return (setting for setting in found if setting is not None)

    def setting(self, conf: str, stanza: str, key: str) -> Setting | None:
        """A setting as the app sees it."""
        return self.knowledge.setting(self.app.id, conf, stanza, key)

    def own(self, setting: Setting | None) -> Setting | None:
        """The setting if one of the app's own files says it."""
        ours = {str(file.path) for name in ("macros", "savedsearches") for file in self.app.conf_files(name)}
        return setting if setting is not None and setting.file in ours else None


class CallSite(Struct, frozen=True):
    """A macro call in a search: its offset in the text, its text without backticks."""

    start: int
    text: str

    @property
    def name(self) -> str:
        """The macro."""
        return self.text.partition("(")[0].strip()


class Calls(NamedTuple):
    """The macro calls that stand in a text itself.

    Attributes:
        sites: they.
        problem: what ends the reading, if it comes to no end: a comment or a call is never closed (``place.column``
            counts in the text). Then ``sites`` are those before it.
    """

    sites: list[CallSite]
    problem: SearchError | None = None


def read_calls(text: str) -> Calls:
    """The macro calls of a search, a macro's definition or a drilldown."""
    found: list[CallSite] = []
    try:
        text = strip_comments(text)
        for start, end in calls(text):
            found.append(CallSite(start, text[start + 1 : end - 1]))
    except SearchError as error:
        return Calls(found, error)
    return Calls(found)


class ExaminedSearch:
    """A saved search: what its text says and what its settings say."""

    def __init__(self, app: ExaminedApp, saved: SavedSearch) -> None:
        self.app = app
        self.saved = saved
        self.name = saved.name
        context = app.session.saved_context(saved)
        self.context: Context = replace(context, store=AnyStore(), warn=lambda message: None)

    # --- settings ---------------------------------------------------------------------------------------------------

    def setting(self, key: str) -> Setting | None:
        """A setting of its stanza, ``[default]`` applied; None where it is not set or empty."""
        found = self.app.setting("savedsearches", self.name, key)
        return found if found is not None and found.value else None

    def text(self, key: str) -> str:
        """The value of a setting, empty where there is none."""
        found = self.setting(key)
        return found.value if found else ""

    def flag(self, key: str) -> bool:
        """A setting as a Boolean; what is none counts as false."""
        return self.text(key).lower() in ("1", "true", "t", "yes", "y")

    @property
    def correlation(self) -> bool:
        """Whether it is a correlation search of Enterprise Security."""
        return self.flag(CORRELATION_SWITCH)

    @property
    def scheduled(self) -> bool:
        """Whether it has a schedule, be the search enabled or not: apps ship searches disabled."""
        return self.flag("enableSched") and bool(self.text("cron_schedule"))

    @property
    def acts(self) -> bool:
        """Whether a result of it does something: an alert action, or a command that keeps results."""
        actions = (key for key in self.saved.settings if key.startswith("action.") and key.count(".") == 1)
        called = {command.called if isinstance(command, Opaque) else command.name for command in self.commands}
        kept = not called.isdisjoint(("collect", "outputlookup"))
        return self.correlation or kept or bool(self.text("actions")) or any(self.flag(key) for key in actions)

    # --- the search -------------------------------------------------------------------------------------------------

    @cached_property
    def calls(self) -> Calls:
        """The macro calls in its own text."""
        return read_calls(self.saved.search)

    @cached_property
    def _expanded(self) -> list[Piece] | ReplayError:
        try:
            return list(pieces(self.saved.search, *macro_readers(self.context), self.saved.place))
        except ReplayError as error:
            return error

    @cached_property
    def _parsed(self) -> Pipeline | ReplayError:
        if isinstance(self._expanded, ReplayError):
            return self._expanded
        try:
            return LenientParser(self.context, self.app.adds).search(self.expansion)
        except ReplayError as error:
            return error

    @property
    def problem(self) -> ReplayError | None:
        """Why the search cannot be read, if it cannot: then rules know nothing of it."""
        return self._parsed if isinstance(self._parsed, ReplayError) else None

    @property
    def macro_problem(self) -> bool:
        """Whether it is a macro that cannot be read."""
        return isinstance(self._expanded, KnowledgeError)

    def place_of(self, problem: ReplayError) -> Place:
        """Where in the file a problem of the search lies: at the macro call, if it lies in a macro."""
        column, here = problem.place.column, self.saved.place
        if not isinstance(self._expanded, ReplayError):
            return self.at(column) if column else here
        inside = problem.place.within(here)
        if (inside.file, inside.stanza, inside.key) == (here.file, here.stanza, here.key):
            return self.in_search(column - 1) if column else here
        broken = (call for call in self.calls.sites if self._fails(call))
        return next((self.in_search(call.start) for call in broken), here)

    def _fails(self, call: CallSite) -> bool:
        try:
            expand(f"`{call.text}`", *macro_readers(self.context), Place())
        except ReplayError:
            return True
        return False

    @property
    def expansion(self) -> str:
        """The text with macros replaced; empty where that cannot be done."""
        return "" if isinstance(self._expanded, ReplayError) else "".join(p.text for p in self._expanded)

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands of the outer pipeline; none where the search cannot be read."""
        return () if isinstance(self._parsed, ReplayError) else self._parsed.commands

    def every_command(self) -> Iterator[Command]:
        """Those of subsearches, too."""
        return commands_in(self.commands)

    @cached_property
    def steps(self) -> list[Step]:
        """The commands with the fields after each."""
        return [] if isinstance(self._parsed, ReplayError) else flow(self._parsed, self.context)

    @property
    def flow_problem(self) -> Step | None:
        """The first command after which the fields are not known because the command cannot be planned."""
        return next((step for step in self.steps if step.problem is not None), None)

    @property
    def output(self) -> Fields:
        """The fields of its results; open where the search cannot be read."""
        return self.steps[-1].after if self.steps else Fields(frozenset(), True)

    # --- places -----------------------------------------------------------------------------------------------------

    def piece_at(self, column: int) -> Piece | None:
        """What the 1-based column of the expanded text comes from."""
        if isinstance(self._expanded, ReplayError) or column < 1:
            return None
        starts = self._starts
        return self._expanded[bisect.bisect_right(starts, column - 1) - 1]

    @cached_property
    def _starts(self) -> list[int]:
        assert not isinstance(self._expanded, ReplayError)
        starts, at = [], 0
        for piece in self._expanded:
            starts.append(at)
            at += len(piece.text)
        return starts

    def at(self, column: int) -> Place:
        """The place in the file of a 1-based column of the expanded text: of the macro call, if it is in a macro."""
        piece = self.piece_at(column)
        if piece is None:
            return self.saved.place
        assert not isinstance(self._expanded, ReplayError)
        offset = 0 if piece.call else column - 1 - self._starts[bisect.bisect_right(self._starts, column - 1) - 1]
        return self.in_search(piece.start + offset)

    def in_search(self, offset: int) -> Place:
        """The place in the file of an offset of the search as written."""
        setting = self.setting("search")
        return self.saved.place if setting is None else place_in(setting, offset)

    def find(self, text: str) -> Place:
        """Where a text first stands in the search as written or, if only there, as expanded."""
        at = self.saved.search.find(text)
        return self.in_search(at) if at >= 0 else self.at(self.expansion.find(text) + 1)

    def expanded_offset(self, offset: int) -> int | None:
        """Where a macro call of the search as written begins in the expanded text."""
        if isinstance(self._expanded, ReplayError):
            return None
        pairs = zip(self._expanded, self._starts, strict=True)
        return next((at for piece, at in pairs if piece.call and piece.start == offset), None)
