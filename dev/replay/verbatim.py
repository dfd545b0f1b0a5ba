"""Which texts must stand in the raw event for a condition on its fields to hold.

The answer must be sound: an event without any of the texts can never be found. So a text is taken only from ``field =
value`` where the value of the field, whatever the loaded apps do to it, is a verbatim part of the raw text. Every
setting of every props.conf stanza, and the calculations of the data model, are looked at (not only those that turn out
to apply), and whatever is not understood gives no text at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

from msgspec import Struct

from replay.context import Context
from replay.errors import ReplayError
from replay.inputs.skim import FOREIGN, REFERENCE
from replay.knowledge import Knowledge
from replay.knowledge.datamodels import Dataset
from replay.knowledge.fields import INTERNAL
from replay.knowledge.props import Calculated
from replay.knowledge.transforms import Transform
from replay.labels import LABELS
from replay.predicates import network_of
from replay.relation import quote
from replay.spl.evals import Call, EvalExpr, Field, Number, String, parse_setting
from replay.spl.search import And, Compare, Or, SearchExpr, Text

SHORTEST = 4
"""Shorter texts are in nearly every event."""
# Characters that XML may write as an entity end a text; so does the wildcard.
_SAFE = re.compile(r"[A-Za-z0-9._\-:\\/ ]+")
_LONGEST_NUMBER = 16
"""Digits: longer numbers, and fractions, may be written in another way than they stand in the search."""
_NOT_RAW = frozenset(INTERNAL) - {"_raw"}
_PARTS = frozenset(
    ("lower", "upper", "mvindex", "split", "trim", "ltrim", "rtrim", "substr", "mvdedup", "mvsort", "mvreverse")
)
"""Functions whose result is a part of their first argument, case aside."""


VERBATIM = ("xml", "none")
"""KV_MODE: how the fields of an event are copied from its text without undoing more than XML's escapes."""
_MOST_TEXTS = 4
"""To look for more texts takes as long as to compute the fields."""


def holds_any(raw: str, texts: frozenset[str]) -> str:
    """SQL that is true for every event whose text may spell one of the texts, in any case; ``true`` for too many."""
    if len(texts) > _MOST_TEXTS:
        return "true"
    patterns = ["".join(map(_any_case, text)) for text in sorted(texts)]
    tests = [f"regexp_matches({raw}, {quote(pattern)})" for pattern in patterns]
    return f"({' OR '.join([*tests, f'contains({raw}, {quote(REFERENCE)})'])})"


def _any_case(c: str) -> str:
    lower, upper = c.lower(), c.upper()
    return re.escape(c) if lower == upper else f"[{lower}{upper}{FOREIGN.get(lower, '')}]"


class Origin(Struct, frozen=True):
    """Where the values of a field come from: each is a part of one of the constants or, if ``verbatim``, of the raw
    text (case and entities aside)."""

    verbatim: bool
    constants: frozenset[str] = frozenset()

    def __or__(self, other: Origin) -> Origin:
        return Origin(self.verbatim and other.verbatim, self.constants | other.constants)


RAW = Origin(True)
UNKNOWN = Origin(False)


def texts_of(expr: SearchExpr, ctx: Context, dataset: Dataset | None = None) -> frozenset[str] | None:
    """Texts of which at least one stands in every event that meets a condition; None if nothing can be said.

    A setting that cannot be read, of whatever source type, says nothing: the plan raises it where it is needed.

    Args:
        expr: the condition, without subsearches.
        ctx: the search.
        dataset: whose fields the condition names; None for fields of events.
    """
    try:
        return Analysis(ctx, dataset).texts(expr)
    except ReplayError:
        return None


class Analysis:
    """Answers for one search.

    Args:
        ctx: the search.
        dataset: the dataset whose fields the expression names; None for fields of events.
    """

    def __init__(self, ctx: Context, dataset: Dataset | None = None) -> None:
        self.dataset = dataset
        self.settings = Settings.of(ctx)
        self._origins: dict[str, Origin] = {}

    def texts(self, expr: SearchExpr) -> frozenset[str] | None:
        """Texts of which at least one stands in every event that meets the condition; None if nothing can be said."""
        match expr:
            case And(terms):
                found = [t for t in map(self.texts, terms) if t]
                return max(found, key=lambda t: min(map(len, t)), default=None)
            case Or(terms):
                each = [self.texts(t) for t in terms]
                return frozenset().union(*(t for t in each if t)) if each and all(each) else None
            case Compare(name, "=", value):
                return self._compared(name, value)
            case Text(value, kind) if kind in ("word", "phrase"):
                return _longest(value)
        return None

    def _compared(self, name: str, value: str) -> frozenset[str] | None:
        if network_of(value) is not None:
            return None
        if name not in self._origins:
            self._origins[name] = self.origin(name)
        texts, origin = _longest(value), self._origins[name]
        if texts is None or not origin.verbatim or any(t in c.lower() for t in texts for c in origin.constants):
            return None
        return texts

    # --- where values come from ---------------------------------------------------------------------------------------

    def origin(self, name: str) -> Origin:
        """Origin of a field, as the search names it."""
        if self.dataset is None:
            return self._event_field(name)
        field = self.dataset.field(name)
        if field is None or field.name in INTERNAL or self.dataset.base_search is not None:
            return UNKNOWN
        return self._calculated(field.name, len(self.dataset.calculations))

    def _calculated(self, name: str, before: int) -> Origin:
        """A dataset's field, as the first so many calculations leave it."""
        assert self.dataset is not None
        for at in range(before - 1, -1, -1):
            calculation = self.dataset.calculations[at]
            if any(output.name == name for output in calculation.outputs):
                if calculation.kind != "Eval":
                    return UNKNOWN
                tree = parse_setting(calculation.expression, calculation.place)
                return _of(tree, lambda read: self._calculated(read, at))  # noqa: B023  (called before `at` changes)
        return self._event_field(name)

    def _event_field(self, name: str) -> Origin:
        """An event's field, over all that any props.conf stanza says of it."""
        if name in INTERNAL or name in LABELS or name in self.settings.looked_up:
            return UNKNOWN
        found = self._aliased(name)
        for calculated in self.settings.evals.get(name, ()):
            found |= _of(parse_setting(calculated.expression, calculated.place), self._aliased)
        return found

    def _aliased(self, name: str) -> Origin:
        sources = {name, *self.settings.aliases.get(name, ())}
        return RAW if self.settings.copies and not sources & set(INTERNAL) else UNKNOWN


class Settings(Struct, frozen=True):
    """What all props.conf stanzas together say of fields.

    Attributes:
        copies: every extraction copies a part of the raw text (no FORMAT puts several together, none reads the
            event's source or host).
        evals: the EVAL settings of each field.
        aliases: for each field, the fields that FIELDALIAS settings give its name to.
        looked_up: fields that automatic lookups give.
    """

    copies: bool
    evals: Mapping[str, list[Calculated]]
    aliases: Mapping[str, list[str]]
    looked_up: frozenset[str]

    @classmethod
    def of(cls, ctx: Context) -> Settings:
        """The settings that searches in the context's app see; computed once."""
        known = _SETTINGS.setdefault(ctx.knowledge, {})
        if ctx.app not in known:
            known[ctx.app] = cls._read(ctx)
        return known[ctx.app]

    @classmethod
    def _read(cls, ctx: Context) -> Settings:
        copies, looked_up = True, set()
        evals: dict[str, list[Calculated]] = {}
        aliases: dict[str, list[str]] = {}
        transforms: set[str] = set()
        for props in ctx.knowledge.every_props(ctx.app):
            copies = copies and not any(e.source_field in _NOT_RAW for e in props.extracts)
            copies = copies and all(one.lookup.outputs for one in props.lookups)
            looked_up |= {field for one in props.lookups for _, field in one.lookup.outputs}
            transforms |= {name for report in props.reports for name in report.transforms}
            for calculated in props.evals:
                evals.setdefault(calculated.field, []).append(calculated)
            for alias in props.aliases:
                aliases.setdefault(alias.target, []).append(alias.source)
        copies = copies and all(_copies(ctx.knowledge.transform(ctx.app, name)) for name in transforms)
        return cls(copies, evals, aliases, frozenset(looked_up))


_SETTINGS: WeakKeyDictionary[Knowledge, dict[str, Settings]] = WeakKeyDictionary()


def _copies(transform: Transform) -> bool:
    values = re.findall(r'::("[^"]*"|\S+)', transform.format or "")
    return transform.source_key not in _NOT_RAW and all(re.fullmatch(r'"?\$\d+"?', v) for v in values)


def _of(expr: EvalExpr, field: Callable[[str], Origin]) -> Origin:
    """Origin of the value of an eval expression."""
    match expr:
        case String(value):
            return Origin(True, frozenset([value]))
        case Number(text) if text.isdecimal() and len(text) < _LONGEST_NUMBER:
            return Origin(True, frozenset([text]))
        case Field(name):
            return field(name)
        case Call(name, args):
            return _of_call(name, args, field)
    return UNKNOWN


def _of_call(name: str, args: tuple[EvalExpr, ...], field: Callable[[str], Origin]) -> Origin:
    if name in ("if", "case", "coalesce", "nullif", "mvappend"):
        values = {"if": args[1:], "case": args[1::2], "nullif": args[:1]}.get(name, args)
        found = RAW
        for value in values:
            found |= _of(value, field)
        return found
    if name == "null":
        return RAW
    if (name in _PARTS and args) or (name == "replace" and len(args) == 3 and _cuts(args[1], args[2])):
        return _of(args[0], field)
    return UNKNOWN


def _cuts(pattern: EvalExpr, replacement: EvalExpr) -> bool:
    r"""``replace(x, "^…", "")`` and ``replace(x, "^…(…)…$", "\1")`` leave a part of x: there is one match at most."""
    if not isinstance(pattern, String) or not isinstance(replacement, String) or "|" in pattern.value:
        return False
    start = re.match(r"(\(\?[is]+\))?\^", pattern.value)
    end = re.search(r"(?<!\\)\$$", pattern.value) is not None
    end = end or (start is not None and "s" in start[0] and re.search(r"(?<!\\)\.\*$", pattern.value) is not None)
    if replacement.value == "":
        return start is not None or end
    return start is not None and end and re.fullmatch(r"\\\d", replacement.value) is not None


def _longest(value: str) -> frozenset[str] | None:
    runs = [run.strip(" ") for run in _SAFE.findall(value)]
    best = max(runs, key=len, default="")
    return frozenset([best.lower()]) if len(best) >= SHORTEST else None
