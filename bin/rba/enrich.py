"""Adds a detection's risk to results.

The fields are those of the ES Risk data model (Splunk developer guide, "Data models used by ES", Risk
Analysis), and ES's names for ATT&CK annotations. A field that has no value is there and empty, so that every
chunk has the same ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
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


class Chunk(NamedTuple):
    """A chunk about to be enriched: the header that it gets, and the columns that it has."""

    header: Row
    width: int
    columns: Columns


class _Risk(NamedTuple):
    """A risk object of the detection; ``score`` is its cells: the score and its severity."""

    field: str
    type: str
    score: tuple[str, str]


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
        self._risks = [_Risk(risk.field, risk.type, _score(risk.score)) for risk in detection.risk_objects]
        self._highest = _score(detection.score)
        self._threat_types = encode([threat.type for threat in detection.threat_objects])
        self._fields = [
            *self._template.fields,
            *[risk.field for risk in detection.risk_objects],
            *[threat.field for threat in detection.threat_objects],
        ]
        self._risks_at = len(self._template.fields)
        self._threats_at = self._risks_at + len(self._risks)
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
                yield mended + added + self.constant

    def take_warnings(self) -> list[str]:
        """Warnings about the rows since the last call."""
        return self._notes.take()

    def mended(self, row: Row, width: int) -> Row:
        """The row, in ``width`` cells."""
        if len(row) == width:
            return row
        self._notes.add(RAGGED, "fewer" if len(row) < width else "more")
        return row[:width] + [""] * (width - len(row))

    def added(self, columns: Columns, cells: Cells) -> list[Row]:
        """The cells to add for picked ``cells``, without ``constant``: one list for each row to come out."""
        single = columns.single_values(cells)
        if single is not None and _EMPTY.isdisjoint(single):
            texts: Sequence[str] = single[: self._risks_at]
            in_risks = single[self._risks_at : self._threats_at]
            objects = list(zip(in_risks, self._risks))  # noqa: B905  # Python 3.9 has no strict=
            threats, types = list(single[self._threats_at :]), self._threat_types
        else:
            texts = [self._text(columns, cells, field) for field in self._template.fields]
            objects = [(value, risk) for risk in self._risks for value in self._present(columns, cells, risk.field)]
            pairs = [
                (value, threat.type)
                for threat in self._detection.threat_objects
                for value in self._present(columns, cells, threat.field)
            ]
            threats, types = [value for value, _ in pairs], encode([type_ for _, type_ in pairs])
        return self._rows(self._template.fill(texts), objects, [*encode(threats), *types])

    def _rows(self, message: str, objects: list[tuple[str, _Risk]], threats: Row) -> list[Row]:
        name = self._detection.name
        if not self._events:
            digest = risk_hash(name, [(value, risk.type) for value, risk in objects], message)
            return [[*self._highest, message, digest, *threats]]
        if not objects:
            self._notes.add(NO_RISK_OBJECT, ", ".join(risk.field for risk in self._risks) or "none set")
            return [["", "", *self._highest, message, risk_hash(name, [], message), *threats]]
        return [
            [value, risk.type, *risk.score, message, risk_hash(name, [(value, risk.type)], message), *threats]
            for value, risk in objects
        ]

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


def _score(score: float) -> tuple[str, str]:
    return number_text(score), severity(score)


def risk_hash(detection: str, objects: Sequence[tuple[str, str]], message: str) -> str:
    """A stable digest to deduplicate on: SHA-256 of detection, risk objects with their types, and message.

    Every part goes in behind its length, so that no two lists of parts give the same text. For a detection
    with one risk object, ``annotate`` and ``events`` give the same digest.
    """
    parts = [detection, *[part for pair in objects for part in pair], message]
    return hashlib.sha256("".join([f"{len(part)}:{part}" for part in parts]).encode()).hexdigest()


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
