"""``replay lint``: what of an app goes wrong in production."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.markup import escape

from replay.cli.common import UNEXPECTED, Apps, app, err
from replay.errors import ReplayError


@app.command()
def lint(
    apps: Apps = [],  # noqa: B006
    output: Annotated[str, typer.Option(help="text, json (one object a line) or sarif.")] = "text",
    explain: Annotated[str | None, typer.Option(help="Tell about a rule (code or name), or all.", metavar="ID")] = None,
) -> None:
    """Report what goes wrong in production: in the last app given, or the home app. Exit with 1 if there are errors."""
    from replay.linting.output import OUTPUTS
    from replay.linting.rule import all_rules, find_rule

    if explain is not None:
        from replay.linting.document import explain as told
        from replay.linting.document import explain_all

        sys.stdout.write(explain_all(all_rules()) if explain == "all" else told(find_rule(explain)))
        return
    writer = OUTPUTS.get(output)
    if writer is None:
        raise ReplayError(f"--output {output}: one of {', '.join(OUTPUTS.names())}")
    from replay.linting.linter import EXAMINED
    from replay.linting.linter import lint as examine
    from replay.session import Session

    session = Session(apps)
    examined = session.knowledge.apps[session.home]
    if not any(file.stanzas for conf in EXAMINED for file in examined.conf_files(conf)):
        confs = ", ".join(f"{conf}.conf" for conf in EXAMINED)
        err.print(f"[yellow]warning:[/yellow] {escape(str(examined.folder))} has none of {confs}: nothing was examined")
    findings = examine(session)
    writer(findings)
    counts = {level: sum(f.rule.severity == level for f in findings) for level in ("error", "warning", "note")}
    err.print(", ".join(f"{n} {level}{'' if n == 1 else 's'}" for level, n in counts.items()))
    if counts["error"]:
        raise typer.Exit(UNEXPECTED)
