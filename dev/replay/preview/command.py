"""The verb ``replay preview``: load, listen, serve."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Thread

from replay.errors import ReplayError
from replay.inputs import Event, Problem, read
from replay.knowledge.savedsearches import CORRELATION_SWITCH
from replay.preview.bundle import bundle
from replay.preview.web import Web
from replay.serve.accounts import ADMIN
from replay.serve.actions import run_actions
from replay.serve.head import Head
from replay.serve.jobs import Request
from replay.serve.server import listening, serve_ports
from replay.session import HOME, PROBLEMS_SHOWN

SAMPLE = HOME / "dev" / "datasets" / "msra-windows-sysmon.log"
HOST = "127.0.0.1"


def run(
    apps: Sequence[Path], data: Sequence[str], port: int, index: str, risk: bool, say: Callable[[str], None]
) -> None:
    """Serve the apps' dashboards over the events of logs, on this machine only, until told to stop.

    Args:
        apps: folders of apps, beside the home app.
        data: logs; without any, the sample that this repository ships.
        port: 0 takes any that is free.
        index: name of the index that the events belong to.
        risk: write the risk events and findings of the home app's correlation searches, too.
        say: takes what the user should know.

    Raises:
        ReplayError: node or npm is missing, an app is wrong, a log cannot be read, or the port is taken.
    """
    dist = bundle(say)
    with listening(HOST, port) as socket:
        port = socket.getsockname()[1]
        head = Head(apps, secrets.token_urlsafe(18))
        try:
            head.api_uri = f"http://{HOST}:{port}"
            span = load(head, data or [str(SAMPLE)], index, say)
            secret = secrets.token_urlsafe(24)

            def opened() -> None:
                if risk:
                    write_risk(head, say)
                say(f"Open http://{HOST}:{port}/?secret={secret}")

            def ready(_text: str) -> None:
                # Custom commands ask the server for their settings, so it has to answer while searches run.
                Thread(target=opened, daemon=True).start()

            asyncio.run(serve_ports(head, [(Web(head, dist, port, secret, span), socket)], None, ready))
        finally:
            head.close()


def load(head: Head, data: Sequence[str], index: str, say: Callable[[str], None]) -> tuple[float, float] | None:
    """Read logs into the index; first and last time of their events, or None without any.

    Raises:
        InputError: a path cannot be read at all.
    """
    times: list[float] = []

    def seen(events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            times[:] = [min(event.time, *times[:1]), max(event.time, *times[1:])] if times else [event.time] * 2
            yield event

    problems: list[Problem] = []
    count = head.index.add(seen(iter(read(data, on_problem=problems.append))), index)
    for problem in problems[:PROBLEMS_SHOWN]:
        say(f"malformed: {problem.place}: {problem.reason}")
    if len(problems) > PROBLEMS_SHOWN:
        say(f"… and {len(problems) - PROBLEMS_SHOWN} more malformed")
    say(f"{count} events in index {index}")
    return (times[0], times[1]) if times else None


def write_risk(head: Head, say: Callable[[str], None]) -> None:
    """Run the correlation searches of the home app once over all events, and do what they do with their results.

    So that whoever follows a detection to its risk events finds some, as in Enterprise Security. A search that fails is
    told, and the others run.
    """
    home = head.apps.home
    for name, owner in head.apps.names(home, "savedsearches"):
        stanza = head.apps.stanza(home, "savedsearches", name) if owner == home else None
        try:
            if stanza is None or not stanza.flag(CORRELATION_SWITCH):
                continue
            job = head.jobs.start(
                Request(stanza.text("search"), home, ADMIN, label=name), run_actions(stanza, head.alerts)
            )
        except ReplayError as error:
            say(f"{name}: {error}")
            continue
        job.future.result()
        say(f"{name}: {job.failure or f'{job.count} results'}")
        head.jobs.cancel(job)
