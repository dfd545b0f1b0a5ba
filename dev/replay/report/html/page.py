"""Findings as one HTML page that needs nothing else: no script, no font, no picture from elsewhere.

What events hold is hostile. Every value is escaped by the template engine, what would steer a reader's eye (control
characters, overrides of the writing direction) is made visible, what is long is cut with its length said, and a content
security policy forbids the page to load or run anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec import Struct

from replay.engine import Value
from replay.knowledge import App
from replay.report import text_of
from replay.report.html.findings import Findings, Hit
from replay.report.html.references import link, note
from replay.report.table import HEADLINE, printable

LONGEST = 2_000
"""Characters of a value that are shown."""
VALUES = 50
"""Values of a multivalue that are shown."""
HOSTS = 60
TOUCHES = 5
LISTED = 20
"""Problems, hosts and the like that are listed; of more, the number is told."""
OF_TREE = frozenset(("risk_message", "risk_score", "risk_severity", "firstTime", "lastTime"))


class Run(Struct, frozen=True):
    """What the command line knows of a run.

    Attributes:
        data: what was read, as the user named it.
        app: owner of the search.
        earliest, latest: the time range, as the user gave it.
        macros: replaced ones.
        time: of the run, epoch seconds.
        warnings: what the user was told on the way.
    """

    data: Sequence[str]
    app: App
    earliest: str | None
    latest: str | None
    macros: dict[str, str]
    time: float
    warnings: Sequence[str]


def page(found: Findings, run: Run) -> str:
    """The page. Equal findings give equal pages."""
    environment = Environment(
        loader=PackageLoader("replay.report.html", "."), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"clock": clock, "shown": shown, "cut": cut, "link": link, "number": number}
    environment.globals |= {"text_of": text_of, "LISTED": LISTED, "HOSTS": HOSTS, "TOUCHES": TOUCHES}
    return environment.get_template("page.html.j2").render(
        found=found, run=run, saved=found.saved, headline=headline, others=others,
        title=found.saved.settings.get("action.correlationsearch.label") or found.saved.name,
        description=found.saved.settings.get("description", ""),
        false_positives=note(found.saved, "known_false_positives"),
        notes=list(dict.fromkeys(run.warnings)), examined=sum(source.events for source in found.sources),
        hosts=hosts(found),
        untimed=found.count - sum(lane.hits for lane in found.timeline.lanes) if found.timeline else 0,
    )  # fmt: skip


def hosts(found: Findings) -> list[tuple[str, int]]:
    """Hosts of the events that were examined, those with most events first."""
    counts: Counter[str] = Counter()
    for source in found.sources:
        counts.update(source.hosts)
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def headline(hit: Hit) -> list[tuple[str, Value]]:
    """The fields of a hit that are read first."""
    return [(name, hit.fields[name]) for name in HEADLINE if name in hit.fields and name not in OF_TREE]


def others(hit: Hit) -> list[tuple[str, Value]]:
    """All other fields of a hit."""
    return [(name, value) for name, value in hit.fields.items() if name not in HEADLINE]


def clock(time: float | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A time in UTC."""
    return "" if time is None else datetime.fromtimestamp(time, UTC).strftime(form)


def number(value: float) -> str:
    """A number with separated thousands."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def shown(value: Value) -> str:
    """A value as it is shown: at most ``LONGEST`` characters, none of them invisible."""
    if isinstance(value, list):
        value = value[:VALUES]
    return printable(text_of(value)[:LONGEST])


def cut(value: Value) -> str:
    """What was cut from a value as ``shown`` gives it, as a sentence; nothing if nothing was."""
    said = []
    if isinstance(value, list) and len(value) > VALUES:
        said.append(f"{VALUES} of {len(value):,} values shown")
        value = value[:VALUES]
    length = len(text_of(value))
    if length > LONGEST:
        said.append(f"{LONGEST:,} of {length:,} characters shown")
    return "; ".join(said)
