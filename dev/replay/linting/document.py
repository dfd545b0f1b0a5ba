"""The rules as text: ``--explain`` and docs/lint.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from replay.linting.rule import Rule


def explain_all(rules: Sequence[Rule]) -> str:
    """A table of the rules, then each of them: what docs/lint.md ends with."""
    return "\n".join([table(rules), *(explain(rule) for rule in rules)])


def explain(rule: Rule) -> str:
    """One rule as Markdown."""
    return (
        f"## {rule.code} {rule.name}\n\n{rule.title}. *{rule.severity.capitalize()}.*\n\n**Why.** {rule.why}\n\n"
        f"**Mend.** {rule.mend}\n\nBad:\n\n{_indented(rule.bad)}\n\nGood:\n\n{_indented(rule.good)}\n"
    )


def table(rules: Iterable[Rule]) -> str:
    """All rules, a line each, as a Markdown table."""
    lines = [f"| [{r.code}](#{anchor(r)}) | `{r.name}` | {r.severity} | {r.title} |" for r in rules]
    return "\n".join(["| Code | Name | | Finds |", "|---|---|---|---|", *lines]) + "\n"


def anchor(rule: Rule) -> str:
    """The rule's heading as code hosts link to it."""
    return f"{rule.code.lower()}-{rule.name}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())
