"""The search page that drilldowns open: one search, its messages and its rows.

Source: Splunk Web's address of it, ``/app/<app>/search?q=<search>&earliest=<time>&latest=<time>`` (Search Manual,
"Share jobs and export results").
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from html import escape
from itertools import islice

from replay.errors import ReplayError
from replay.report import Row
from replay.serve.accounts import ADMIN
from replay.serve.errors import Refused
from replay.serve.head import Head
from replay.serve.jobs import FAILED, Job, Request
from replay.serve.results import shown

MOST_ROWS = 200
OTHER_APPS = "Splunk_SA_CIM"
"""Stands in for an app that is not here: like it, this one sees only what the others export."""


def page(head: Head, app: str, query: Mapping[str, str]) -> str:
    """The page's content, as HTML.

    Args:
        head: the search head.
        app: in whose context the search runs.
        query: ``q``, ``earliest`` and ``latest`` of the address.
    """
    text = query.get("q", "").strip()
    told = f"<p>in <b>{escape(app)}</b>, from {_time(query, 'earliest')} to {_time(query, 'latest')}</p>"
    if app not in head.apps.knowledge.apps:
        told += f"<p>This app is not here: the search runs as any app but its own sees it ({OTHER_APPS}).</p>"
        app = OTHER_APPS
    content = f"<pre id='search'>{escape(text)}</pre>{told}"
    try:
        job = _finished(head, app, text, query)
    except ReplayError as error:
        return f"{content}<p id='error'>{escape(str(error))}</p>"
    try:
        return content + _rows(job)
    finally:
        head.jobs.cancel(job)


def _time(query: Mapping[str, str], name: str) -> str:
    return f"<code>{escape(query.get(name, '') or 'any time')}</code>"


def _finished(head: Head, app: str, text: str, query: Mapping[str, str]) -> Job:
    if text and not text.startswith("|"):  # the search bar's first command need not be written
        text = text if text.split(None, 1)[0] == "search" else f"search {text}"
    now = time.time()
    earliest, latest = (head.time(name, query.get(name, ""), now) for name in ("earliest", "latest"))
    job = head.jobs.start(Request(text, app, ADMIN, earliest, latest))
    job.future.result()
    if job.state == FAILED:
        head.jobs.cancel(job)
        raise job.failure or Refused(500, "the search failed")
    return job


def _rows(job: Job) -> str:
    messages = "".join(f"<p>{escape(kind)}: {escape(text)}</p>" for kind, text in job.messages)
    rows = list(islice(job.page(0, MOST_ROWS), MOST_ROWS))
    more = f", the first {MOST_ROWS} of them" if job.count > MOST_ROWS else ""
    head = "".join(f"<th>{escape(name)}</th>" for name in job.fields)
    body = "".join(f"<tr>{''.join(_cell(row, name) for name in job.fields)}</tr>" for row in rows)
    return f"{messages}<p id='count'>{job.count} results{more}</p><table><tr>{head}</tr>{body}</table>"


def _cell(row: Row, name: str) -> str:
    value = shown(row[name], name) if name in row else ""
    return f"<td>{escape(value if isinstance(value, str) else chr(10).join(value))}</td>"
