"""The search head: the apps, the events, the jobs and the accounts that all endpoints work on."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from threading import Lock

from replay.context import Context, Dispatch
from replay.engine import Engine
from replay.errors import InputError, Place
from replay.held import hold
from replay.index import Index
from replay.serve.accounts import Accounts
from replay.serve.alerts import Alerts
from replay.serve.apps import SYSTEM, Apps
from replay.serve.documents import Documents
from replay.serve.errors import Refused
from replay.serve.feeds import Message
from replay.serve.jobs import Job, Jobs, Request
from replay.serve.scheduler import Scheduler
from replay.spl.timespec import parse_time
from replay.store.folder import MANIFEST
from replay.udf.times import parsed

MOST_MESSAGES = 100
_HELD = "serve.lock"


class Head:
    """One server's state.

    Args:
        given: folders of apps.
        password: of the user ``admin``.
        store: folder in which all is kept; without it, all is gone at the end.

    Raises:
        InputError: the folder is a store of ``replay index``, of another server, or cannot be written.
    """

    def __init__(self, given: Sequence[Path], password: str, store: Path | None = None) -> None:
        if store is not None and (store / MANIFEST).exists():
            raise InputError("this folder belongs to `replay index`: name another for --store", Place(str(store)))
        self._temporary = tempfile.TemporaryDirectory(prefix="replay-serve-") if store is None else None
        self.folder = store or Path(self._temporary.name if self._temporary else "")
        self._held = hold(
            self.folder, _HELD, "another server works in this folder: stop it, or name another for --store"
        )
        self.apps = Apps(self.folder / "etc" / "apps", given)
        self.engine = Engine(self.folder / "events.duckdb" if store else None)
        self.index = Index(self.engine)
        self.accounts = Accounts(password, self.folder / "tokens.json" if store else None)
        self.documents = Documents(self.folder / "kvstore.sqlite" if store else None)
        self.jobs = Jobs(self)
        self.alerts = Alerts(self.folder / "alerts.json" if store else None)
        self.scheduler: Scheduler | None = None
        self.guid = secrets.token_hex(16).upper()
        self.started = time.time()
        self.api_uri = self.hec_uri = ""
        self._bulletin: dict[str, tuple[float, Message]] = {}
        self._numbers = count()
        self._telling = Lock()

    def tell(self, kind: str, text: str, name: str = "") -> str:
        """A message for every user (``/services/messages``); the oldest make room. Returns its name."""
        with self._telling:
            name = name or f"replay_{next(self._numbers)}"
            self._bulletin.pop(name, None)
            self._bulletin[name] = (time.time(), (kind, text))
            for oldest in [*self._bulletin][:-MOST_MESSAGES]:
                del self._bulletin[oldest]
        return name

    def bulletin(self) -> dict[str, tuple[float, Message]]:
        """Name -> (when, message), the newest last."""
        with self._telling:
            return dict(self._bulletin)

    def take_back(self, name: str) -> None:
        """Remove a message, if it is still there."""
        with self._telling:
            self._bulletin.pop(name, None)

    def schedule(self, clock: Callable[[], float] = time.time) -> Scheduler:
        """Begin to schedule saved searches; ``clock`` gives epoch seconds."""
        self.scheduler = Scheduler(self, clock, self.folder / "scheduler.json" if self._temporary is None else None)
        return self.scheduler

    def indexes(self) -> list[str]:
        """The indexes that there are."""
        return list(dict.fromkeys(self.apps.knowledge.indexes()))

    def context(self, request: Request, job: Job, session_key: str = "") -> Context:
        """The context of a search job."""
        return Context(
            job.engine, self.apps.knowledge, self.index, request.app, Place(),
            request.earliest, request.latest, job.created if request.now is None else request.now, job.warn,
            dispatch=Dispatch(
                job.sid, request.user, request.label, session_key, self.api_uri if session_key else "",
                self.default_indexes(request.user), self.index, self.documents,
            ),
        )  # fmt: skip

    def default_indexes(self, user: str) -> tuple[str, ...] | None:
        """What the user's searches read if they name no index; None for everything."""
        found = self.role_list(user, "srchIndexesDefault")
        return None if not found else tuple(found)

    def role_list(self, role: str, key: str, seen: frozenset[str] = frozenset()) -> list[str]:
        """A list-valued setting of a role and those that it imports (authorize.conf). A user has the role of its name.

        A role that sets it itself is not widened by what it imports.
        """
        stanza = self.apps.stanza(SYSTEM, "authorize", f"role_{role}")
        if stanza is None or role in seen:
            return []
        own = [one for one in stanza.text(key).split(";") if one]
        if own:
            return own
        parents = [one for one in stanza.text("importRoles").split(";") if one]
        return list(dict.fromkeys(v for p in parents for v in self.role_list(p, key, seen | {role})))

    def time(self, name: str, text: str, now: float, form: str = "") -> float | None:
        """A bound of a time range; None is open. ``form`` is how an absolute time is written (``time_format``).

        Raises:
            Refused: it is no time.
        """
        if text in ("", "0"):
            return None
        if name.startswith("latest") and text.lower() in ("now", "now()"):
            return now
        absolute = form and text[0] not in "+-@" and not text.startswith("now")
        value = parsed(text, form, now) if absolute else None
        value = parse_time(text, now) if value is None else value
        if value is None:
            raise Refused(400, f"Invalid {name}: '{text[:100]}'", "FATAL")
        return value

    def close(self) -> None:
        """Stop all searches, and let go of the files."""
        self.jobs.close()
        self.engine.close()
        self.documents.close()
        self._held.close()
        if self._temporary is not None:
            self._temporary.cleanup()
