"""Stores for tests, and what searches give over them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from replay.engine import Engine
from replay.errors import Place
from replay.plan import plan_search
from replay.session import Loaded, Session
from replay.store.folder import StoreFolder
from replay.store.indexing import Indexed, index_logs
from replay.store.summarising import datasets_read, summarise
from support import ROOT

SYSMON = ROOT / "dev/datasets/msra-windows-sysmon.log"
SEARCHES = [
    "index=* | stats count by sourcetype source host",
    "index=* EventCode=1 | stats count min(_time) max(_time) by User Image",
    "| tstats count from datamodel=Endpoint.Processes by Processes.dest Processes.user Processes.process",
    "| tstats count from datamodel=Endpoint.Processes where nodename=Processes by Processes.process_name _time span=1h",
    "| tstats dc(Processes.process_guid) from datamodel=Endpoint.Processes where Processes.dest=HW-WS-0* by index host",
    "| tstats count from datamodel=Endpoint.Registry by Registry.dest Registry.registry_path",
    "| datamodel Endpoint Processes search | stats count by Processes.process_id Processes.dest _raw",
    "| from datamodel Endpoint.Processes | stats count by process_name",
    "index=* | sort 5 -_time | table _time _raw host",
    "search index=* tag=process | head 7 | table _time host",
]


def put(store: Path, *logs: Path, index: str = "main", loaded: Loaded | None = None) -> Indexed:
    options = (loaded or Loaded()).options(None)
    return index_logs(Engine(), StoreFolder(store, create=True), logs, index, options)


def summarise_all(store: Path, *apps: Path) -> list[str]:
    session = Session(apps)
    with datasets_read(session) as datasets:
        return list(summarise(session.over(store), datasets()))


def results(session: Session, spl: str, **times: str) -> list[str]:
    rows = session.engine.rows(plan_search(spl, session.context(session.home, Place(), **times)))
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def over_logs(logs: Sequence[Path]) -> Session:
    session = Session()
    session.load(logs)
    return session
