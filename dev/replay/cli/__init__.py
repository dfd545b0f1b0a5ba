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


@app.callback()
def replay() -> None:
    """What makes a verb of a command that is alone."""


def command_line(verb: str | None = None) -> typer.Typer:
    """The application.

    Args:
        verb: the only one that will be asked for, if it is one: to prepare them all takes as long as many a search.
    """
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    for name in [verb] if verb in names else names:
        importlib.import_module(f"{__name__}.{name}")
    return app if app.registered_commands or verb is None else command_line()


def main() -> None:
    """Entry point of the console script."""
    try:
        command_line(sys.argv[1] if len(sys.argv) > 1 else None)(standalone_mode=True)
    except ReplayError as e:
        err.print(f"[bold red]error:[/bold red] {escape(str(e))}")
        sys.exit(WRONG)
    finally:
        gc.freeze()  # what is there now ends with the process: collecting it first takes a tenth of a short run
