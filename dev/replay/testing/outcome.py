"""How a test went: sent from the process that ran it to the one that reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, field

Status = Literal["passed", "failed", "error", "skipped"]


class Finding(Struct, frozen=True):
    """One way in which a test was not as expected.

    Attributes:
        kind: what it is, in a word or two (``missing row``); the same kind is told in the same way.
        says: one sentence.
        details: (field, expected, came) of each field that tells the row, in the order to show; None is a field that
            is not there, and ``...`` one that nothing is expected of.
    """

    kind: str
    says: str
    details: Sequence[tuple[str, str | None, str | None]] = ()


class Outcome(Struct, frozen=True):
    """How one test went.

    Attributes:
        name, suite, search: of the test.
        file, line: where it stands.
        data: the logs that it ran on.
        status: ``error`` where it could not be run at all.
        rows: how many came.
        findings: why it failed.
        reason: why it was skipped, or what went wrong.
        wrong: the test itself is wrong (an unknown search, say), rather than what it tests.
        seconds: how long it took.
    """

    name: str
    suite: str
    search: str
    file: str
    line: int
    status: Status
    data: Sequence[str] = ()
    rows: int = 0
    findings: Sequence[Finding] = field(default_factory=tuple)
    reason: str = ""
    wrong: bool = False
    seconds: float = 0.0

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "suite": self.suite, "name": self.name, "status": self.status, "search": self.search, "file": self.file,
            "line": self.line, "data": list(self.data), "rows": self.rows, "reason": self.reason,
            "findings": [
                {"kind": f.kind, "says": f.says,
                 "fields": [{"field": n, "expected": e, "came": c} for n, e, c in f.details]}
                for f in self.findings
            ],
            "seconds": round(self.seconds, 3),
        }  # fmt: skip
