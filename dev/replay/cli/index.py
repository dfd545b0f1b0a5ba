"""``replay index``: logs into a store, with the summaries that the searches of the apps read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from replay.cli.common import MALFORMED, Apps, Data, IndexName, Sourcetype, Tolerate, app, err, problems, warn
from replay.cli.progress import counting, reading


@app.command()
def index(
    data: Data,
    store: Annotated[Path, typer.Option(help="Folder of the store; made if it is not there.", metavar="DIR")],
    apps: Apps = [], sourcetype: Sourcetype = None, index: IndexName = "main", tolerate: Tolerate = False,  # noqa: B006
) -> None:  # fmt: skip
    """Put logs into a store, and summarise the datasets that the app's searches read; what it holds is left out."""
    from replay.engine import Engine
    from replay.session import Loaded, Session
    from replay.store.folder import StoreFolder
    from replay.store.indexing import index_logs
    from replay.store.summarising import datasets_read, summarise

    session = Session(apps)
    folder = StoreFolder(store, create=True)
    loaded = Loaded()
    with datasets_read(session) as datasets:
        with reading(data) as advance:
            added = index_logs(Engine(), folder, data, index, loaded.options(sourcetype, advance))
        wanted = datasets()
    with counting("summarising", len(wanted)) as advance:
        for said in summarise(session.over(store, warn), wanted):
            advance(1)
            err.print(escape(said), style="dim")
    problems(loaded)
    known = f", {len(added.known)} files were there already" if added.known else ""
    err.print(f"indexed {len(added.sources)} files, {added.events} events{known}, {len(loaded.problems)} problems")
    if loaded.problems and not tolerate:
        raise typer.Exit(MALFORMED)
