"""The next detection's test, from the saved search itself: its risk objects, the fields of its message, and, where logs
are given, the rows that it finds in them today."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import yaml
from jinja2 import Environment, StrictUndefined, Template

from replay.errors import KnowledgeError, Place
from replay.knowledge import SavedSearch
from replay.risk import object_fields
from replay.testing.compare import Came
from replay.testing.runner import Found, Runner
from replay.testing.spec import AttackData, DetectionTest, Expected

_TOKEN = re.compile(r"\$([^$\s]+)\$")
_TO_DO = "CHANGE ME"


def write_test(runner: Runner, name: str, logs: Sequence[Path], folder: Path, sourcetype: str | None = None) -> Path:
    """Write the first test of a saved search; returns its file.

    Args:
        runner: the apps.
        name: the saved search.
        logs: an attack that it must find; none leaves places to fill in.
        folder: where tests lie.
        sourcetype: what the events are, if their content does not say it.

    Raises:
        KnowledgeError: there is no such search, or its file of tests is there already.
        ReplayError: it cannot run on the logs.
    """
    test = DetectionTest(
        "the attack",
        name,
        name,
        Place(),
        [AttackData(log, Place(), sourcetype=sourcetype) for log in logs],
        Expected(),
        Place(),
    )
    saved = runner.find(test)
    label = saved.settings.get("action.correlationsearch.label") or name
    path = folder / f"{re.sub(r'[^a-z0-9]+', '_', label.lower()).strip('_') or 'test'}.yml"
    if path.exists():
        raise KnowledgeError("its tests are here already: add the new one to them", Place(file=str(path)))
    found = runner.search(test) if logs else None
    if found is not None and not found.rows:
        raise KnowledgeError(f"`{name}` finds nothing in these logs, so there is nothing to expect", saved.place)
    text = _render(saved, label, [os.path.relpath(log, folder) for log in logs], found, sourcetype)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _render(saved: SavedSearch, label: str, logs: Sequence[str], found: Found | None, sourcetype: str | None) -> str:
    message = saved.settings.get("action.risk.param._risk_message", "")
    told = list(dict.fromkeys([*object_fields(saved), *_TOKEN.findall(message)]))
    came: Sequence[Came] = found.rows if found else ()
    scores = {row.get("risk_score") for row in came} or {None}
    rows = [{n: row[n] for n in [*told, "risk_score", "risk_message"] if n in row} or dict(row) for row in came]
    score = scores.pop() if len(scores) == 1 else None
    if score is not None:
        rows = [{n: v for n, v in row.items() if n != "risk_score"} for row in rows]
    return _template().render(
        label=label, search=saved.name, logs=logs or [f"{_TO_DO}.log"], given=found is not None, rows=rows, score=score,
        malformed=len(found.problems) if found else 0, fields=told, message=message, sourcetype=sourcetype,
        to_do=_TO_DO,
    )  # fmt: skip


def _template() -> Template:
    """The template. It writes YAML: each value goes through the filter ``yaml``, and none through one for HTML."""
    environment = Environment(  # noqa: S701
        trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["yaml"] = yaml_text
    text = resources.files("replay.testing").joinpath("new_test.yml.j2").read_text(encoding="utf-8")
    return environment.from_string(text)


def yaml_text(value: str | Sequence[str]) -> str:
    """A value as YAML on one line, which reads back as the same text, whatever it holds."""
    if not isinstance(value, str):
        return f"[{', '.join(map(yaml_text, value))}]"
    if re.fullmatch(r"[A-Za-z][\w.\\/ ()-]*[\w)]", value, re.ASCII) and yaml.safe_load(value) == value:
        return value
    return str(yaml.safe_dump(value, default_style='"', allow_unicode=True, width=10**9)).strip()
