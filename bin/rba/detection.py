"""A correlation search's risk: what its settings in savedsearches.conf say, checked once, ready to use.

The settings are those that ES itself reads ("Risk Analysis adaptive response action":
``action.risk.param.*``; ``action.correlationsearch.*``), and two of our own, ``action.rbaenrich.impact`` and
``.confidence``, described in README/savedsearches.conf.spec.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from .errors import RbaError
from .value import Value

TYPE_CHECKING = False  # typing is slow to load
if TYPE_CHECKING:
    from typing import Any

RISK = "action.risk.param._risk"
RISK_SCORE = "action.risk.param._risk_score"
RISK_MESSAGE = "action.risk.param._risk_message"
ANNOTATIONS = "action.correlationsearch.annotations"
IMPACT = "action.rbaenrich.impact"
CONFIDENCE = "action.rbaenrich.confidence"


class RiskObject(Value):
    """Whom the risk is counted against: the values of ``field``, each of ``type`` (system, user, other)."""

    def __init__(self, field: str, type: str, score: float) -> None:
        self.field = field
        self.type = type
        self.score = score


class ThreatObject(Value):
    """What poses the threat: the values of ``field``, each of ``type``, such as ``process_name``."""

    def __init__(self, field: str, type: str) -> None:
        self.field = field
        self.type = type


class Detection(Value):
    """The risk of one correlation search.

    Attributes:
        name: stanza name, which ES writes into ``search_name`` and ``source`` of a risk event.
        message: risk message with its tokens.
        score: highest score of the risk objects.
        annotations: framework, such as ``mitre_attack``, to its values.
        warnings: what the reader of the results should know about the settings.
    """

    def __init__(
        self,
        *,
        name: str,
        message: str,
        score: float,
        risk_objects: tuple[RiskObject, ...],
        threat_objects: tuple[ThreatObject, ...],
        annotations: Mapping[str, tuple[str, ...]],
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.message = message
        self.score = score
        self.risk_objects = risk_objects
        self.threat_objects = threat_objects
        self.annotations = annotations
        self.warnings = warnings


def read_detection(name: str, settings: Mapping[str, str]) -> Detection:
    """The detection ``name`` from its settings in savedsearches.conf.

    With ``action.rbaenrich.impact`` and ``.confidence`` (0 to 100 each) every risk object scores impact *
    confidence / 100; without them, the scores in ``_risk`` stand, and a risk object that has none takes
    ``action.risk.param._risk_score``. A missing risk message becomes the label of the correlation search.

    Raises:
        RbaError: a setting is missing or broken; the text names the stanza, the key and the way out.
    """
    try:
        return _read(name, settings)
    except _Broken as broken:
        raise RbaError(
            f"[{name}] {broken} Correct it in ES Content Management, or in savedsearches.conf of its app."
        ) from broken


class _Broken(Exception):
    """``key`` and what is wrong with it, as a sentence."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key} {problem}.")


def _read(name: str, settings: Mapping[str, str]) -> Detection:
    computed = _impact_times_confidence(settings)
    risk_objects: list[RiskObject] = []
    threat_objects: list[ThreatObject] = []
    differing: list[str] = []
    for number, entry in enumerate(_risk_entries(settings), 1):
        if "threat_object_field" in entry:
            field = _word(entry, "threat_object_field", number)
            threat_objects.append(ThreatObject(field, _word(entry, "threat_object_type", number, "other")))
            continue
        field = _word(entry, "risk_object_field", number)
        own = _score(entry.get("risk_score"), settings, number, needed=computed is None)
        if computed is not None and own is not None and own != computed:
            differing.append(f"{field} {number_text(own)}")
        score = computed if computed is not None else (own or 0.0)
        risk_objects.append(RiskObject(field, _word(entry, "risk_object_type", number, "other"), score))

    return Detection(
        name=name,
        message=_message(name, settings),
        score=max([o.score for o in risk_objects], default=computed or 0.0),
        risk_objects=tuple(risk_objects),
        threat_objects=tuple(threat_objects),
        annotations=_annotations(settings),
        warnings=tuple(_warnings(name, computed, differing, risk_objects)),
    )


def _warnings(name: str, computed: float | None, differing: list[str], objects: list[RiskObject]) -> list[str]:
    texts = []
    if differing and computed is not None:
        texts.append(
            f"[{name}] scores in {RISK} ({', '.join(differing)}) differ from impact * confidence / 100 = "
            f"{number_text(computed)}: ES counts the former, this command shows the latter. "
            f"Set them alike, or empty {IMPACT} and {CONFIDENCE}."
        )
    if not objects:
        texts.append(f"[{name}] {RISK} names no risk object: no risk is counted against anyone.")
    return texts


def _message(name: str, settings: Mapping[str, str]) -> str:
    candidates = (settings.get(RISK_MESSAGE, ""), settings.get("action.correlationsearch.label", ""), name)
    return next(text for text in candidates if text.strip())


def _json(settings: Mapping[str, str], key: str) -> Any:
    try:
        value = json.loads(settings[key])
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (
        ValueError,
        RecursionError,
    ) as error:  # UnicodeEncodeError (a lone surrogate) is a ValueError, too
        raise _Broken(key, f"is not valid JSON: {error}") from error
    return value


def _risk_entries(settings: Mapping[str, str]) -> list[dict[str, Any]]:
    if not settings.get(RISK, "").strip():
        raise _Broken(RISK, "is not set, so this saved search has no risk to add: give it the Risk Analysis action")
    entries = _json(settings, RISK)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _Broken(RISK, "must be a JSON list of objects, one for each risk object or threat object")
    return entries


def _word(entry: Mapping[str, Any], key: str, number: int, default: str | None = None) -> str:
    value = entry.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value.strip():
        raise _Broken(RISK, f"has no {key} in entry {number}")
    return value.strip()


def _score(value: Any, settings: Mapping[str, str], number: int, needed: bool) -> float | None:
    """The score of entry ``number`` of ``_risk``, in the setting for all of them where the entry has none."""
    if value is None or value == "":
        value = settings.get(RISK_SCORE) or None
    if value is None:
        if needed:
            raise _Broken(RISK, f"has no risk_score in entry {number}, and {RISK_SCORE} is not set")
        return None
    return _number(value, RISK, f"risk_score in entry {number}")


def _number(value: Any, key: str, what: str) -> float:
    try:
        score = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        score = math.nan
    if not math.isfinite(score):
        raise _Broken(key, f"has {value!r} where {what} must be a number")
    return score


def _impact_times_confidence(settings: Mapping[str, str]) -> float | None:
    given = {key: settings[key] for key in (IMPACT, CONFIDENCE) if settings.get(key, "").strip()}
    if not given:
        return None
    if len(given) == 1:
        raise _Broken(next(iter(given)), f"is set alone: {IMPACT} and {CONFIDENCE} go together, set both or neither")
    impact, confidence = (_number(value, key, "a percentage") for key, value in given.items())
    for key, value in ((IMPACT, impact), (CONFIDENCE, confidence)):
        if not 0 <= value <= 100:
            raise _Broken(key, f"is {number_text(value)}: it must lie between 0 and 100")
    return impact * confidence / 100


def _annotations(settings: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    if not settings.get(ANNOTATIONS, "").strip():
        return {}
    frameworks = _json(settings, ANNOTATIONS)
    if not isinstance(frameworks, dict):
        raise _Broken(ANNOTATIONS, "must be a JSON object: framework to list of values")
    return {
        framework: tuple(str(value) for value in (values if isinstance(values, list) else [values]))
        for framework, values in frameworks.items()
    }


def number_text(score: float) -> str:
    """A score as Splunk renders numbers: ``80``, ``24.5``, never ``80.0``."""
    return f"{score:.10g}"
