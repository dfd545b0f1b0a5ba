"""How findings are written: one file a format, by ``--output``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from replay.linting.rule import Finding
from replay.registry import Registry

Writer = Callable[[Sequence[Finding]], None]
"""Takes the findings, in order, and writes them to standard output."""

OUTPUTS: Registry[Writer] = Registry("replay.linting.output", "output of lint")
