"""Adds a detection's risk to results.

The fields are those of the ES Risk data model (Splunk developer guide, "Data models used by ES", Risk
Analysis), and ES's names for ATT&CK annotations. A field that has no value is there and empty, so that every
chunk has the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import chain
from time import time
from typing import NamedTuple

from . import ANNOTATE, EVENTS
from .attack import Technique, names_and_tactics
from .columns import Cells, Columns, make_room
from .detection import Detection, number_text
from .multivalue import MV, encode
from .notes import MISSING, NO_RISK_OBJECT, RAGGED, Notes
from .severity import severity
from .template import Template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .modifiers import Modifiers

_EMPTY = frozenset(form for word in ("", "-", "unknown", "null") for form in (word, word.title(), word.upper()))
_UNKNOWN = "unknown"

Row = list[str]
Pair = tuple[str, str]
# Score and severity of the highest risk object, those of each, and the two cells of the modifiers' reasons.
Scored = tuple[Pair, Sequence[Pair], Pair]


class Chunk(NamedTuple):
    """A chunk about to be enriched.

    Attributes:
        header: that it gets.
        width: cells of a row that comes in.
        pick: row to the cells that decide what is added.
        added: those to what is added, without the ``constant`` of the enricher: one tuple for each row to come out.
    """

    header: Row
    width: int
    pick: Callable[[Sequence[str]], Cells]
    added: Callable[[Cells], list[Cells]]


class Enricher:
    """One detection, ready to be added to the results of one search.

    With ``output`` ``annotate``, one row comes out for every row in: the risk, without a risk object, so that
    ES's own risk action stays in charge. Where a detection has several risk objects, ``risk_score`` is the
    highest.

    With ``events``, a row comes out for every risk object, a field of several values giving several. A risk
    object without value gives none; a row without any risk object comes out once, with ``risk_object`` empty
    and the highest score, and is warned about: a hit is never lost.

    Args:
        detection: what to add.
        techniques: ATT&CK techniques by id, those of the detection at least.
        output: ``annotate`` or ``events``.
        prefix: put before the name of every field added.
        clock: gives the time, in epoch seconds, by which risk modifiers expire.

    Attributes:
        constant: the cells that end every row, the same in all.
    """

    def __init__(
        self,
        detection: Detection,
        techniques: Mapping[str, Technique],
        output: str = ANNOTATE,
        prefix: str = "",
        clock: Callable[[], float] = time,
    ) -> None:
        self._detection = detection
        self._clock = clock
        self._modifiers: Modifiers | None = None
        self._events = output == EVENTS
        self._template = Template(detection.message)
        self._notes = Notes()
        risks, threats, texts = detection.risk_objects, detection.threat_objects, self._template.fields
        self._fields = [*texts, *[risk.field for risk in risks], *[threat.field for threat in threats]]
        self._in_texts = slice(len(texts))
        self._in_objects = slice(len(texts), len(texts) + len(risks))
        self._in_threats = slice(len(texts) + len(risks), None)
        self._types = [risk.type for risk in risks]
        self._unmodified: Scored = _score(detection.score), [_score(risk.score) for risk in risks], ("", "")
        self._hash = risk_hash(detection.name)
        self._of_single_values = self._for_single_values(encode([threat.type for threat in threats]))
        constant = _constant_fields(detection, techniques, self._events)
        names = ["risk_score", "risk_severity", "risk_message", "risk_hash"]
        if self._events:
            names = ["risk_object", "risk_object_type", *names]
        several = ("threat_object", "threat_object_type", "risk_modifier_reason")
        self._added_fields = [prefix + name for name in (*names, *several, *constant)]
        self._header = [prefix + name for name in names]
        for name in several:
            self._header += [prefix + name, MV + prefix + name]
        self.constant: Row = []
        for name, values in constant.items():
            plain, multi = encode(values)
            self._header += [prefix + name, MV + prefix + name] if multi else [prefix + name]
            self.constant += [plain, multi] if multi else [plain]

    def open(self, header: Sequence[str]) -> Chunk:
        """A chunk with these columns."""
        columns = Columns(header, self._fields, self._notes)
        named = [*make_room(header, self._added_fields, self._notes), *self._header]
        modified, added = self._modified(header), self._adder(columns)
        if modified is None:
            return Chunk(named, len(header), columns.pick, added)
        after, width = self._after, columns.width
        return Chunk(
            named,
            len(header),
            _both(columns.pick, modified.pick),
            lambda cells: added(cells[:width], after(modified, cells[width:])),
        )

    def _modified(self, header: Sequence[str]) -> Columns | None:
        """Where risk modifiers lie in a chunk that has some."""
        if not any("rba_modifier_" in name for name in header):
            return None
        from .modifiers import FIELDS, Modifiers

        if self._modifiers is None:
            self._modifiers = Modifiers(self._clock(), self._notes)
        return Columns(header, FIELDS, self._notes)

    def stream(self, rows: Iterator[Row]) -> Iterator[Row]:
        """The rows of a chunk, enriched.

        Args:
            rows: the header, then the results; a field's ``__mv_`` column is a column like any other.

        Yields:
            The header, then the results: the columns that came in, as they came, then those added. Nothing
            for a chunk without results.
        """
        header = next(rows, None)
        first = next(rows, None)
        if header is None or first is None:
            return
        chunk = self.open(header)
        yield chunk.header
        for row in chain([first], rows):
            mended = self.mended(row, chunk.width)
            for added in chunk.added(chunk.pick(mended)):
                yield [*mended, *added, *self.constant]

    def take_warnings(self) -> list[str]:
        """Warnings about the rows since the last call."""
        return self._notes.take()

    def mended(self, row: Row, width: int) -> Row:
        """The row, in ``width`` cells."""
        if len(row) == width:
            return row
        self._notes.add(RAGGED, "fewer" if len(row) < width else "more")
        return row[:width] + [""] * (width - len(row))

    def _adder(self, columns: Columns) -> Callable[..., list[Cells]]:
        """``Chunk.added`` for the cells of ``columns``, with the scores to add."""
        single_values, none_empty = columns.single_values, _EMPTY.isdisjoint
        of_single_values, of_any = self._of_single_values, self._of_any

        def added(cells: Cells, scored: Scored = self._unmodified) -> list[Cells]:
            single = single_values(cells)
            if single is not None and none_empty(single):
                return of_single_values(single, *scored)
            return of_any(columns, cells, scored)

        return added

    def _for_single_values(self, threat_types: Pair) -> Callable[[Cells, Pair, Sequence[Pair], Pair], list[Cells]]:
        """What is added to results with one value in each field, as most have it: with as few steps as it takes."""
        form, types, digest, events = self._template.form, self._types, self._hash, self._events
        in_texts, in_objects, in_threats = self._in_texts, self._in_objects, self._in_threats

        def of_single_values(single: Cells, highest: Pair, each: Sequence[Pair], reasons: Pair) -> list[Cells]:
            message = form % single[in_texts]
            objects = zip(single[in_objects], types)  # noqa: B905  # not in Python 3.9
            tail = encode(single[in_threats]) + threat_types + reasons
            if events:
                return self._events_of(list(objects), each, highest, message, tail)
            return [(*highest, message, digest(objects, message), *tail)]

        return of_single_values

    def _of_any(self, columns: Columns, cells: Cells, scored: Scored) -> list[Cells]:
        """What is added where fields have several values, or none."""
        highest, each, reasons = scored
        message = self._template.form % tuple([self._text(columns, cells, field) for field in self._template.fields])
        objects, scores = self._objects(columns, cells, each)
        threats, types = self._threats(columns, cells)
        tail = encode(threats) + types + reasons
        if not self._events:
            return [(*highest, message, self._hash(objects, message), *tail)]
        return self._events_of(objects, scores, highest, message, tail)

    def _events_of(
        self, objects: Sequence[Pair], scores: Sequence[Pair], highest: Pair, message: str, tail: Cells
    ) -> list[Cells]:
        """The cells of a risk event for each risk object; of one without, where there is none."""
        if not objects:
            named = ", ".join(risk.field for risk in self._detection.risk_objects)
            self._notes.add(NO_RISK_OBJECT, named or "none set")
            return [("", "", *highest, message, self._hash([], message), *tail)]
        return [
            pair + score + (message, self._hash([pair], message)) + tail
            for pair, score in zip(objects, scores)  # noqa: B905  # not in Python 3.9
        ]

    def _after(self, columns: Columns, cells: Cells) -> Scored:
        """The scores after the risk modifiers of a result, and their reasons."""
        if self._modifiers is None or not any(cells):
            return self._unmodified
        change = self._modifiers.change(columns, cells)
        if not change.reasons:
            return self._unmodified
        risks, detection = self._detection.risk_objects, self._detection
        scores = [change.score(risk.score) for risk in risks]
        highest = max(scores, default=change.score(detection.score))
        return _score(highest), [_score(score) for score in scores], encode(change.reasons)

    def _objects(self, columns: Columns, cells: Cells, each: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
        """The risk objects with their types, and the score and severity of each."""
        objects: list[Pair] = []
        scores: list[Pair] = []
        for risk, score in zip(self._detection.risk_objects, each):  # noqa: B905  # not in Python 3.9
            for value in self._present(columns, cells, risk.field):
                objects.append((value, risk.type))
                scores.append(score)
        return objects, scores

    def _threats(self, columns: Columns, cells: Cells) -> tuple[list[str], Pair]:
        """The threat objects, and the two cells of their types."""
        threats: list[str] = []
        types: list[str] = []
        for threat in self._detection.threat_objects:
            present = self._present(columns, cells, threat.field)
            threats += present
            types += [threat.type] * len(present)
        return threats, encode(types)

    def _present(self, columns: Columns, cells: Cells, field: str) -> list[str]:
        """The values of a field that say something."""
        values = columns.values(cells, field)
        present = [value for value in values if value not in _EMPTY]
        if len(present) < len(values):
            self._notes.add(MISSING, field)
        return present

    def _text(self, columns: Columns, cells: Cells, field: str) -> str:
        """The values of a field for the message."""
        values = [_UNKNOWN if value in _EMPTY else value for value in columns.values(cells, field)]
        if _UNKNOWN in values:
            self._notes.add(MISSING, field)
        return ", ".join(values)


def _both(
    first: Callable[[Sequence[str]], Cells], second: Callable[[Sequence[str]], Cells]
) -> Callable[[Sequence[str]], Cells]:
    return lambda row: first(row) + second(row)


def _score(score: float) -> Pair:
    return number_text(score), severity(score)


class _Parts(dict[str, str]):
    """A text -> the text behind its length; for the few types that there are."""

    def __missing__(self, text: str) -> str:
        part = self[text] = f"{len(text)}:{text}"
        return part


def risk_hash(detection: str) -> Callable[[Iterable[Pair], str], str]:
    """A stable digest to deduplicate on, of risk objects with their types, and message, for a detection.

    It is the SHA-256 of all of these. Every part goes in behind its length, so that no two lists of parts give
    the same text. For a detection with one risk object, ``annotate`` and ``events`` give the same digest.
    """
    name, parts = f"{len(detection)}:{detection}", _Parts()

    def digest(objects: Iterable[Pair], message: str) -> str:
        text = name
        for value, type_ in objects:
            text += f"{len(value)}:{value}{parts[type_]}"
        return sha256(f"{text}{len(message)}:{message}".encode()).hexdigest()

    return digest


def _constant_fields(
    detection: Detection, techniques: Mapping[str, Technique], events: bool
) -> Mapping[str, Sequence[str]]:
    """Fields whose values are the same for every result."""
    annotations = detection.annotations
    ids = annotations.get("mitre_attack", ())
    names, tactics = names_and_tactics(ids, techniques)
    fields: dict[str, Sequence[str]] = {"search_name": [detection.name], "source": [detection.name]} if events else {}
    return {
        **fields,
        "annotations.mitre_attack": ids,
        "annotations.mitre_attack.mitre_technique": names,
        "annotations.mitre_attack.mitre_tactic": tactics,
        "annotations.kill_chain_phases": annotations.get("kill_chain_phases", ()),
        "annotations.cis20": annotations.get("cis20", ()),
        "annotations.nist": annotations.get("nist", ()),
        "analyticstories": annotations.get("analytic_story", ()),
    }
