"""docs/lint.md ends with what the rules say of themselves."""

from __future__ import annotations

from replay.linting.document import explain_all
from replay.linting.rule import all_rules
from support import ROOT

MARK = "<!-- what follows is `replay lint --explain all` -->\n\n"


def test_the_document_says_what_the_rules_say() -> None:
    text = (ROOT / "docs/lint.md").read_text(encoding="utf-8")
    renew = "renew it: replay lint --explain all"
    assert text.partition(MARK)[2] == explain_all(all_rules()), renew


def test_the_readme_counts_the_rules() -> None:
    assert f": {len(all_rules())} rules, each with" in " ".join(
        (ROOT / "README.md").read_text(encoding="utf-8").split()
    )
