"""RL002: a rule is switched off where it finds nothing."""

from __future__ import annotations

from collections.abc import Iterable

from replay.linting.examined import ExaminedApp
from replay.linting.rule import Found, app_rule


@app_rule(
    "RL002", "switch-without-effect", "warning",
    title="A rule is switched off where it finds nothing",
    why="The reason that it was switched off for is gone. It would now hide the next finding, which nobody has seen.",
    mend="Delete the comment, or the entry in pyproject.toml.",
    bad="""
# replay-lint: ignore=RL001 our parser knows this command
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
""",
)  # fmt: skip
def check(app: ExaminedApp) -> Iterable[Found]:
    """Nothing: only the linter, at its end, knows which switches had an effect."""
    return ()
