"""What each candidate does, as one record for the screen and for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from replay.context import Context
from replay.engine import Value
from replay.knowledge import SavedSearch
from replay.report import text_of
from replay.session import Session
from replay.testing.spec import DetectionTest
from replay.tuning.attacks import Loss, hidden_attacks
from replay.tuning.filters import FilterCall, filter_line
from replay.tuning.tuner import Hits, Tuner, dropped, frequent_values, losses

SUGGESTED = 10
"""Filter lines that are suggested."""


class Effect(Struct, frozen=True):
    """What a candidate does.

    Attributes:
        filter: the candidate.
        origin: ``given``, ``installed`` (the macro as it is) or ``suggested``.
        hits: hits without it.
        dropped: those that it drops.
        risk: risk object -> risk without it and with it.
        attacks: known attacks that it hides.
        note: what to know about it.
    """

    filter: str
    origin: str
    hits: int
    dropped: Sequence[Mapping[str, Value]]
    risk: Mapping[str, tuple[float, float]]
    attacks: Sequence[Loss]
    note: str = ""

    @property
    def lost(self) -> float:
        """The risk that it takes away, over all objects."""
        return sum(before - after for before, after in self.risk.values())

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "filter": self.filter, "origin": self.origin, "hits": self.hits, "kept": self.hits - len(self.dropped),
            "dropped": len(self.dropped),
            "dropped_rows": [
                {n: v if isinstance(v, list) else text_of(v) for n, v in row.items()} for row in self.dropped
            ],
            "risk": [
                {"risk_object": name, "before": before, "after": after, "loss": before - after}
                for name, (before, after) in self.risk.items()
            ],
            "hidden_attacks": [
                {"test": a.test, "place": a.place, "before": a.before, "after": a.after} for a in self.attacks
            ],
            "note": self.note,
        }  # fmt: skip


class Candidate(Struct, frozen=True):
    """A filter to try; see ``Effect``."""

    filter: str
    origin: str = "given"
    note: str = ""


class Tuning(Struct, frozen=True):
    """What a run of ``replay tune`` found.

    Attributes:
        hits: those with the empty filter.
        fields: of the hits, in the order of the search.
        effects: what each candidate does.
        unfiltered: values for which there is no filter line, with the reason.
    """

    hits: Hits
    fields: Sequence[str]
    effects: Sequence[Effect]
    unfiltered: Sequence[str]


def tune(
    session: Session, saved: SavedSearch, call: FilterCall, ctx: Context, given: Sequence[Candidate],
    attacks: Sequence[DetectionTest],
) -> Tuning:  # fmt: skip
    """Try candidates on the events that the session holds, which are gone afterwards.

    Args:
        session: holds the events.
        saved: the search.
        call: where it calls its filter.
        ctx: its context.
        given: the candidates; where none is ``given``, lines are suggested for the most frequent values.
        attacks: tests whose logs hold known attacks.

    Raises:
        ReplayError: the search or a candidate cannot run.
    """
    tuner = Tuner(saved, call, ctx)
    before = tuner.keep()
    suggested, unfiltered = ([], []) if any(c.origin == "given" for c in given) else _suggest(before)
    candidates = [*given, *suggested]
    after = [tuner.keep(candidate.filter) for candidate in candidates]
    hidden = hidden_attacks(session, saved, call, attacks, [candidate.filter for candidate in candidates])
    effects = [
        Effect(c.filter, c.origin, len(before.rows), dropped(before, a), losses(before, a), lost, c.note)
        for c, a, lost in zip(candidates, after, hidden, strict=True)
    ]
    return Tuning(before, tuner.fields, effects, unfiltered)


def _suggest(hits: Hits) -> tuple[list[Candidate], list[str]]:
    """Filter lines for the most frequent values, and values without one."""
    lines: list[Candidate] = []
    without: list[str] = []
    for field, value, number in frequent_values(hits):
        line = filter_line(field, value)
        if line.text is None:
            without.append(f"{field} ({number} of {len(hits.rows)} hits): no filter line, {line.note}")
        elif _multivalue(hits, field) and line.text.startswith("where"):
            without.append(f"{field} ({number} of {len(hits.rows)} hits): no filter line, it has several values")
        else:
            lines.append(Candidate(line.text, "suggested", line.note))
        if len(lines) == SUGGESTED:
            break
    return lines, without


def _multivalue(hits: Hits, field: str) -> bool:
    """The field has several values in a hit, which ``where`` cannot compare one by one."""
    return any(isinstance(row.get(field), list) for row in hits.rows.values())
