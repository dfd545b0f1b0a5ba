"""``replay tune``: what a filter would keep and drop."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace
from rich.markup import escape

from replay.cli.common import (
    MALFORMED,
    UNEXPECTED,
    Apps,
    Earliest,
    IndexName,
    Latest,
    Macros,
    Sourcetype,
    Tolerate,
    account,
    app,
    err,
    open_session,
)
from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.context import Context
    from replay.knowledge import SavedSearch
    from replay.session import Session
    from replay.tuning.effect import Candidate, Tuning
    from replay.tuning.filters import FilterCall

Filters = Annotated[
    list[str], typer.Option("--filter", help="A filter to try, e.g. 'search NOT dest=\"lab-*\"'.", metavar="SPL")
]


@app.command()
def tune(
    name: Annotated[str, typer.Argument(help="Name of a saved search.", metavar="NAME")],
    data: Annotated[list[str], typer.Argument(help="Log files, folders or archives.", metavar="DATA...")],
    apps: Apps = [], filters: Filters = [], macros: Macros = [],  # noqa: B006
    macro: Annotated[str | None, typer.Option(help="The filter macro, if its name does not end in _filter.")] = None,
    tests: Annotated[
        Path | None, typer.Option(help="Tests whose logs are known attacks (tests/detections of the app).")
    ] = None,
    earliest: Earliest = None, latest: Latest = None, sourcetype: Sourcetype = None, index: IndexName = "main",
    tolerate: Tolerate = False,
    output: Annotated[str, typer.Option(help="table or json (one object a line).")] = "table",
) -> None:  # fmt: skip
    """Try filters on a saved search: hits kept and dropped, risk lost, known attacks hidden. Without --filter, suggest.

    Exit with 1 if a filter given hides a known attack.
    """
    from replay.testing.runner import tests_folder
    from replay.tuning.attacks import known_attacks
    from replay.tuning.effect import tune as try_filters
    from replay.tuning.filters import find_filter
    from replay.tuning.screen import show

    if output not in ("table", "json"):
        raise ReplayError(f"--output {output}: one of table, json")
    session = open_session(apps, macros)
    saved = session.knowledge.saved_search(name)
    call = find_filter(saved, macro)
    ctx = session.saved_context(saved, earliest, latest)
    given = _candidates(session, saved, call, filters)
    attacks = known_attacks(tests or tests_folder(apps), saved, call, session.warn)
    loaded = session.load(data, sourcetype, index, _texts(saved, call, ctx, given))
    started = time.perf_counter()
    tuning = try_filters(session, saved, call, ctx, given, attacks)
    _write_json(tuning) if output == "json" else show(tuning)
    account(loaded, len(tuning.hits.rows), time.perf_counter() - started)
    if any(effect.attacks for effect in tuning.effects if effect.origin == "given"):
        raise typer.Exit(UNEXPECTED)
    if loaded.problems and not tolerate:
        raise typer.Exit(MALFORMED)


def _write_json(tuning: Tuning) -> None:
    for effect in tuning.effects:
        sys.stdout.write(json.dumps(effect.as_dict(), ensure_ascii=False) + "\n")
    for line in tuning.unfiltered:
        err.print(escape(line))


def _candidates(session: Session, saved: SavedSearch, call: FilterCall, filters: list[str]) -> list[Candidate]:
    """The filters given, after the one that is installed, if that is not the empty one."""
    from replay.tuning.effect import Candidate
    from replay.tuning.filters import EMPTY

    macro = session.knowledge.macro(saved.app, call.macro, 0)
    definition = session.macros.get(call.macro, macro.definition).strip()
    installed = [Candidate(definition, "installed")] if definition not in (EMPTY, "") else []
    return installed + [Candidate(text) for text in filters]


def _texts(saved: SavedSearch, call: FilterCall, ctx: Context, given: list[Candidate]) -> frozenset[str] | None:
    """What may be passed over at reading: nothing that the search needs with any of the filters."""
    from replay.plan import parse
    from replay.prefilter import required_texts
    from replay.tuning.filters import EMPTY

    texts: set[str] = set()
    for filter in (EMPTY, *(candidate.filter for candidate in given)):
        within = replace(ctx, macros={**ctx.macros, call.macro: filter})
        try:
            needed = required_texts(parse(saved.search, within), within)
        except ReplayError:  # told when this filter is tried
            needed = None
        if needed is None:
            return None
        texts |= needed
    return frozenset(texts)
