"""The command line: one file a verb, and what the verbs share in ``common``.

Results go to standard output, all else to standard error. Exit status: 0 done, 1 not as expected (``--expect``),
2 the search or an app is wrong, 3 input was malformed (results are still printed; ``--tolerate`` makes it 0).
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
import sys

import typer
from rich.markup import escape

from replay.cli.common import WRONG, app, err
from replay.errors import ReplayError


def command_line() -> typer.Typer:
    """The application, with the verb of every file here."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return app


def main() -> None:
    """Entry point of the console script."""
    try:
        command_line()(standalone_mode=True)
    except ReplayError as e:
        err.print(f"[bold red]error:[/bold red] {escape(str(e))}")
        sys.exit(WRONG)
    finally:
        gc.freeze()  # what is there now ends with the process: collecting it first takes a tenth of a short run
