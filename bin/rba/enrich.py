"""Adds a detection's risk to results.

The fields are those of the ES Risk data model (Splunk developer guide, "Data models used by ES", Risk
Analysis), and ES's names for ATT&CK annotations. A field that has no value is there and empty, so that every
chunk has the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import chain
from typing import NamedTuple

from . import ANNOTATE, EVENTS
from .attack import Technique, names_and_tactics
from .columns import Cells, Columns, make_room
from .detection import Detection, number_text
from .multivalue import MV, encode
from .notes import MISSING, NO_RISK_OBJECT, RAGGED, Notes
from .severity import severity
from .template import Template

_EMPTY = frozenset(form for word in ("", "-", "unknown", "null") for form in (word, word.title(), word.upper()))
_UNKNOWN = "unknown"

Row = list[str]
Pair = tuple[str, str]


class Chunk(NamedTuple):
    """A chunk about to be enriched: the header that it gets, and the columns that it has."""

    header: Row
    width: int
    columns: Columns


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

    Attributes:
        constant: the cells that end every row, the same in all.
    """

    def __init__(
        self,
        detection: Detection,
        techniques: Mapping[str, Technique],
        output: str = ANNOTATE,
        prefix: str = "",
    ) -> None:
        self._detection = detection
        self._events = output == EVENTS
        self._template = Template(detection.message)
        self._notes = Notes()
        risks, threats, texts = detection.risk_objects, detection.threat_objects, self._template.fields
        self._fields = [*texts, *[risk.field for risk in risks], *[threat.field for threat in threats]]
        self._in_texts = slice(len(texts))
        self._in_objects = slice(len(texts), len(texts) + len(risks))
        self._in_threats = slice(len(texts) + len(risks), None)
        self._types = [risk.type for risk in risks]
        self._scores = [_score(risk.score) for risk in risks]
        self._hash = risk_hash(detection.name)
        self._highest = _score(detection.score)
        self._threat_types = encode([threat.type for threat in threats])
        constant = _constant_fields(detection, techniques, self._events)
        names = ["risk_score", "risk_severity", "risk_message", "risk_hash"]
        if self._events:
            names = ["risk_object", "risk_object_type", *names]
        self._added_fields = [prefix + name for name in (*names, "threat_object", "threat_object_type", *constant)]
        self._header = [prefix + name for name in names]
        for name in ("threat_object", "threat_object_type"):
            self._header += [prefix + name, MV + prefix + name]
        self.constant: Row = []
        for name, values in constant.items():
            plain, multi = encode(values)
            self._header += [prefix + name, MV + prefix + name] if multi else [prefix + name]
            self.constant += [plain, multi] if multi else [plain]

    def open(self, header: Sequence[str]) -> Chunk:
        """A chunk with these columns."""
        return Chunk(
            [*make_room(header, self._added_fields, self._notes), *self._header],
            len(header),
            Columns(header, self._fields, self._notes),
        )

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
            for added in self.added(chunk.columns, chunk.columns.pick(mended)):
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

    def added(self, columns: Columns, cells: Cells) -> list[Cells]:
        """The cells to add for picked ``cells``, without ``constant``: one tuple for each row to come out."""
        single = columns.single_values(cells)
        if single is not None and _EMPTY.isdisjoint(single):
            texts: Sequence[str] = single[self._in_texts]
            objects = list(zip(single[self._in_objects], self._types))  # noqa: B905  # not in Python 3.9
            threats: Sequence[str] = single[self._in_threats]
            scores, types = self._scores, self._threat_types
        else:
            texts = [self._text(columns, cells, field) for field in self._template.fields]
            objects, scores = self._objects(columns, cells)
            threats, types = self._threats(columns, cells)
        message = self._template.fill(texts)
        tail = encode(threats) + types
        if not self._events:
            return [(*self._highest, message, self._hash(objects, message), *tail)]
        if not objects:
            self._notes.add(
                NO_RISK_OBJECT, ", ".join(risk.field for risk in self._detection.risk_objects) or "none set"
            )
            return [("", "", *self._highest, message, self._hash([], message), *tail)]
        return [
            pair + score + (message, self._hash([pair], message)) + tail
            for pair, score in zip(objects, scores)  # noqa: B905  # not in Python 3.9
        ]

    def _objects(self, columns: Columns, cells: Cells) -> tuple[list[Pair], list[Pair]]:
        """The risk objects with their types, and the score and severity of each."""
        objects: list[Pair] = []
        scores: list[Pair] = []
        for risk in self._detection.risk_objects:
            for value in self._present(columns, cells, risk.field):
                objects.append((value, risk.type))
                scores.append(_score(risk.score))
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


def _score(score: float) -> Pair:
    return number_text(score), severity(score)


def risk_hash(detection: str) -> Callable[[Sequence[Pair], str], str]:
    """A stable digest to deduplicate on, of risk objects with their types, and message, for a detection.

    It is the SHA-256 of all of these. Every part goes in behind its length, so that no two lists of parts give
    the same text. For a detection with one risk object, ``annotate`` and ``events`` give the same digest.
    """
    name = f"{len(detection)}:{detection}"

    def digest(objects: Sequence[Pair], message: str) -> str:
        text = name
        for value, type_ in objects:
            text += f"{len(value)}:{value}{len(type_)}:{type_}"
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
