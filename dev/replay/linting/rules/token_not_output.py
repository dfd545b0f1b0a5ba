"""RL101: a token that no result has."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.tokens import NOTABLE_TEXTS, RISK_MESSAGE, Token, added_by_es, result_tokens, tokens
from replay.registry import nearest


@search_rule(
    "RL101", "token-not-output", "error",
    title="A `$token$` of a risk message, notable or drilldown that the search does not output",
    why="Enterprise Security replaces it with nothing, or leaves it as it stands, and logs no error: the analyst reads "
    "a message without the host, or opens a drilldown that finds nothing.",
    mend="Name a field that is in the results, or add the field to the search (mind the case and the prefix of data "
    "models). Where a custom command adds the field, say so in pyproject.toml: [tool.replay.lint.custom-commands].",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.risk.param._risk_message = $process_name$ was started on $dest$
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest process_name
action.risk.param._risk_message = $process_name$ was started on $dest$
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """A risk message is made from results alone; a notable has fields of its own."""
    fields = search.output
    if fields.open:
        return
    for token in (*tokens(search, RISK_MESSAGE), *result_tokens(search)):
        if fields.lacks(token.field):
            yield _found(token, fields.names)
    for key in NOTABLE_TEXTS:
        for token in tokens(search, key):
            if fields.lacks(token.field) and not added_by_es(token.field, fields):
                yield _found(token, fields.names)


def _found(token: Token, known: frozenset[str]) -> Found:
    return Found(
        token.place, f"the search does not output `{token.field}` of {token.text}{nearest(token.field, known)}"
    )
