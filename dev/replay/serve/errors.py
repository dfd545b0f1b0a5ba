"""What the server answers instead of a result."""

from __future__ import annotations

from collections.abc import Mapping

from replay.errors import ReplayError


class Refused(ReplayError):
    """A request that is not answered as asked.

    Args:
        status: HTTP status.
        text: for the user.
        kind: ``ERROR``, ``WARN`` or ``FATAL``, as Splunk's messages have it.
        code: a word for programs, where Splunk has one.
        headers: further headers of the answer.
    """

    def __init__(
        self, status: int, text: str, kind: str = "ERROR", code: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.kind = kind
        self.code = code
        self.headers = headers


def missing(what: str, name: str) -> Refused:
    """404 in splunkd's words."""
    return Refused(404, f"Could not find object id={name} ({what})")


def unsupported(name: str) -> Refused:
    """An argument that an endpoint does not know: 400 in splunkd's words."""
    return Refused(400, f'Argument "{name[:50]}" is not supported by this handler.')
