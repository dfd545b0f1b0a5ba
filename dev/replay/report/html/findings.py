"""Everything that the report of a run tells, found by searches through the session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from replay.context import Context
from replay.engine import Value
from replay.errors import Place
from replay.knowledge import SavedSearch
from replay.plan import Pipeline, expand_macros, parse, plan_onto, plan_pipeline, plan_search
from replay.report import text_of
from replay.report.html.events import FIELDS, Matcher, known_values, process_events, when
from replay.report.html.processes import Family
from replay.report.html.references import Technique, annotations_of, references, techniques
from replay.report.html.timeline import Timeline, timeline
from replay.report.html.tree import Tree, trees
from replay.risk import adds_risk, by_risk_object, enriched, has_risk, risk_object_fields
from replay.session import Loaded, Session

DETAILED = 250
"""Hits that are shown with everything; of more, the report says how many it leaves to ``--output json``."""
TREES = 3
"""Trees of one hit: it may stand for many processes."""
ATTACK = "annotations.mitre_attack"
Row = Mapping[str, Value]


class Hit(Struct, frozen=True):
    """A result of the search.

    Attributes:
        number: in the order of time, from 1; those without a time come last.
        fields: as the search gives them.
        times: first and last, epoch seconds.
        objects: whom it is about: its risk objects, else its host.
        techniques: of ATT&CK.
        trees: of the processes that it stands for.
        more: processes that it stands for beside those in the trees.
        note: why there is no tree, or what is odd about it.
    """

    number: int
    fields: Row
    times: tuple[float, float] | None
    objects: tuple[str, ...]
    techniques: Sequence[Technique]
    trees: Sequence[Tree] = ()
    more: int = 0
    note: str = ""


class Risk(Struct, frozen=True):
    """The risk that a run adds to one object.

    Attributes:
        hits: how many rows add to it.
        score: their sum.
        severity: of the highest score.
        numbers: the hits in which it is an object.
    """

    object: str
    type: str
    hits: int
    score: float
    highest: float
    severity: str
    numbers: tuple[int, ...]


class Source(Struct, frozen=True):
    """Events of one kind that the search could look at."""

    index: str
    sourcetype: str
    source: str
    hosts: Mapping[str, int]
    first: float
    last: float

    @property
    def events(self) -> int:
        """How many."""
        return sum(self.hosts.values())


class Findings(Struct, frozen=True):
    """A run and what it found.

    Attributes:
        expanded: the search with its macros replaced.
        hits: the detailed ones.
        count: of all hits.
        times: the first and last of all hits, epoch seconds; None if none has a time.
        risks: None if the search adds no risk.
        sources: what was examined, by index, source type and source.
    """

    saved: SavedSearch
    expanded: str
    hits: Sequence[Hit]
    count: int
    times: tuple[float, float] | None
    risks: Sequence[Risk] | None
    timeline: Timeline | None
    techniques: Sequence[Technique]
    references: Sequence[str]
    sources: Sequence[Source]
    loaded: Loaded


def findings(session: Session, saved: SavedSearch, ctx: Context, loaded: Loaded) -> Findings:
    """Run a saved search on what was loaded, and look around its hits.

    Args:
        session: the events and the apps; it warns about what the report cannot tell.
        saved: the search.
        ctx: its context.
        loaded: the account of the reading; no event may have been passed over, since it may surround a hit.

    Raises:
        ReplayError: the search, or one of the searches around it, cannot run.
    """
    rows, risk_rows = _results(saved, ctx)
    fields = risk_object_fields(saved) if has_risk(saved) else []
    noted = annotations_of(saved, session.warn)
    ordered = _numbered(rows, ctx.now)
    detailed = ordered[:DETAILED]
    hits = [_hit(number, row, fields, noted.get("mitre_attack", []), ctx.now) for number, row in detailed]
    timed = [(n, times, _objects(row, fields)[0]) for n, row in ordered if (times := when(row, ctx.now))]
    ids = [one.id for hit in hits for one in hit.techniques] + noted.get("mitre_attack", [])
    told = {one.id: one for one in techniques(ids, ctx)}
    return Findings(
        saved,
        expand_macros(saved.search, ctx),
        [replace(h, techniques=[told[t.id] for t in h.techniques]) for h in _with_trees(hits, ctx)],
        len(ordered),
        (min(t[0] for _, t, _ in timed), max(t[1] for _, t, _ in timed)) if timed else None,
        None if risk_rows is None else _risks(risk_rows, ordered, fields),
        timeline([(n, times[0], name) for n, times, name in timed]),
        [told[one] for one in dict.fromkeys(noted.get("mitre_attack", []))],
        references(saved, session.knowledge, session.warn),
        _sources(ctx),
        loaded,
    )


def _results(saved: SavedSearch, ctx: Context) -> tuple[list[Row], list[Row] | None]:
    """The results with their risk, and a row for each risk object; None without risk."""
    commands = parse(enriched(saved, saved.search, ctx), ctx).commands
    cut = next((at for at, command in enumerate(commands) if adds_risk(command)), None)
    if not cut:
        return [_visible(row) for row in ctx.engine.rows(plan_pipeline(Pipeline(commands), ctx))], None
    before = ctx.materialize(plan_pipeline(Pipeline(commands[:cut]), ctx))
    shipped, events = (plan_onto(before, after, ctx) for after in (commands[cut:], by_risk_object(commands[cut:])))
    return [_visible(row) for row in ctx.engine.rows(shipped)], [_visible(row) for row in ctx.engine.rows(events)]


def _visible(row: Row) -> Row:
    return {n: v for n, v in row.items() if not n.startswith("_") or n in ("_time", "_raw")}


def _numbered(rows: Sequence[Row], now: float) -> list[tuple[int, Row]]:
    timed = [(when(row, now), at) for at, row in enumerate(rows)]
    order = sorted(timed, key=lambda one: (one[0] is None, one[0] or (0.0, 0.0), one[1]))
    return [(number, rows[at]) for number, (_, at) in enumerate(order, 1)]


def _objects(row: Row, fields: Sequence[str]) -> tuple[str, ...]:
    """Whom a hit is about: its risk objects, else its host."""
    for names in (("risk_object", *fields), ("dest",), ("host",)):
        found = dict.fromkeys(text for name in names for text in known_values(row.get(name)))
        if found:
            return tuple(found)
    return ("no object",)


def _hit(number: int, row: Row, fields: Sequence[str], mitre: Sequence[str], now: float) -> Hit:
    ids = known_values(row.get(ATTACK)) or mitre
    return Hit(number, row, when(row, now), _objects(row, fields), [Technique(one) for one in ids])


def _with_trees(hits: Sequence[Hit], ctx: Context) -> list[Hit]:
    hosts = {host for hit in hits if _names_a_process(hit.fields) for host in known_values(hit.fields.get("dest"))}
    family = Family(process_events(ctx, hosts)) if hosts else Family(())
    matcher = Matcher(family, ctx.now)
    found = []
    for hit in hits:
        positions, note = matcher.find(hit.fields)
        shown = trees(family, positions)[:TREES]
        held = sum(node.hit for tree in shown for node in tree.root.walk())
        found.append(replace(hit, trees=shown, more=len(positions) - held, note=note))
    return found


def _names_a_process(row: Row) -> bool:
    return any(name in row for name in FIELDS if name.startswith("process"))


def _risks(rows: Sequence[Row], hits: Sequence[tuple[int, Row]], fields: Sequence[str]) -> list[Risk]:
    scores: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    for row in rows:
        key = text_of(row.get("risk_object")), text_of(row.get("risk_object_type"))
        scores[key].append((float(text_of(row.get("risk_score")) or 0), text_of(row.get("risk_severity"))))
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, row in hits:
        for name in _objects(row, fields):
            numbers[name].append(number)
    found = [
        Risk(name, kind, len(all_), sum(score for score, _ in all_), *max(all_), tuple(numbers.get(name, ())))
        for (name, kind), all_ in scores.items()
    ]
    return sorted(found, key=lambda risk: (-risk.score, risk.object, risk.type))


def _sources(ctx: Context) -> list[Source]:
    spl = '| tstats fillnull_value="" count min(_time) AS first max(_time) AS last BY index sourcetype source host'
    place = Place(file="the search for what was examined")
    groups: dict[tuple[str, str, str], list[tuple[str, int, float, float]]] = defaultdict(list)
    for row in ctx.engine.rows(plan_search(spl, replace(ctx, place=place))):
        told = {name: text_of(value) for name, value in row.items()}
        count, first, last = (float(told.get(name) or 0) for name in ("count", "first", "last"))
        key = told.get("index", ""), told.get("sourcetype", ""), told.get("source", "")
        groups[key].append((told.get("host", ""), int(count), first, last))
    return [
        Source(*key, {host: n for host, n, _, _ in all_}, min(f for _, _, f, _ in all_), max(e for _, _, _, e in all_))
        for key, all_ in sorted(groups.items())
    ]
