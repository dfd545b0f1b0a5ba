"""The verb ``replay serve``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from replay.errors import ReplayError
from replay.serve.server import Options, serve


def run(
    apps: list[Path], store: Path | None, host: str, api_port: int, hec_port: int, password_file: Path | None,
    certificate: Path | None, key: Path | None, scheduler: bool, say: Callable[[str], None],
) -> None:  # fmt: skip
    """Check what was given, and serve until told to stop.

    Raises:
        ReplayError: see ``serve``; or a certificate came without its key.
    """
    if (certificate is None) != (key is None):
        raise ReplayError("--tls-cert and --tls-key go together")
    serve(Options(apps, store, host, api_port, hec_port, password_file, certificate, key, scheduler), say)
