"""What a rule is, and the registry of all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct

from replay.errors import Place, ReplayError
from replay.registry import Registry, nearest

if TYPE_CHECKING:
    from replay.linting.examined import ExaminedApp, ExaminedSearch

Severity = Literal["error", "warning", "note"]
"""``error``: it does not work, or not as written. ``warning``: it can miss events or mislead. ``note``: look at it."""


class Found(NamedTuple):
    """What a rule yields: where (``column`` counts in the line of the file), and what is wrong there."""

    place: Place
    message: str


class Rule(Struct, frozen=True):
    """One rule.

    Attributes:
        code: ``RL`` and three digits.
        name: in words, joined by hyphens; both name the rule.
        severity: of its findings.
        title: what it finds, in one line.
        why: what happens in production.
        mend: what to write instead.
        bad, good: examples, as .conf text: first savedsearches.conf; a line ``# macros.conf`` begins another file.
        check: yields what is wrong in an app.
    """

    code: str
    name: str
    severity: Severity
    title: str
    why: str
    mend: str
    bad: str
    good: str
    check: Callable[[ExaminedApp], Iterable[Found]]


class Finding(Struct, frozen=True):
    """A rule, a place and a message."""

    rule: Rule
    place: Place
    message: str


RULES: Registry[Rule] = Registry("replay.linting.rules", "lint rule")

CheckApp = Callable[["ExaminedApp"], Iterable[Found]]
CheckSearch = Callable[["ExaminedSearch"], Iterable[Found]]


def app_rule(
    code: str, name: str, severity: Severity, *, title: str, why: str, mend: str, bad: str, good: str
) -> Callable[[CheckApp], CheckApp]:
    """Decorator: the function is the check of this rule and looks at a whole app. Arguments: see ``Rule``."""

    def register(check: CheckApp) -> CheckApp:
        RULES.claim(code, name)(Rule(code, name, severity, title, why, mend, bad.strip(), good.strip(), check))
        return check

    return register


def search_rule(
    code: str, name: str, severity: Severity, *, title: str, why: str, mend: str, bad: str, good: str
) -> Callable[[CheckSearch], CheckSearch]:
    """Decorator: the function is the check of this rule and looks at one saved search. Arguments: see ``Rule``."""

    def register(check: CheckSearch) -> CheckSearch:
        def check_app(app: ExaminedApp) -> Iterator[Found]:
            for search in app.searches:
                yield from check(search)

        app_rule(code, name, severity, title=title, why=why, mend=mend, bad=bad, good=good)(check_app)
        return check

    return register


def all_rules() -> list[Rule]:
    """Every rule, by code."""
    return sorted(RULES, key=lambda one: one.code)


def find_rule(name: str, place: Place | None = None) -> Rule:
    """The rule of this code or name.

    Raises:
        ReplayError: there is none.
    """
    found = RULES.get(name)
    if found is None:
        raise ReplayError(f"there is no rule `{name}`{nearest(name, RULES.names())}", place)
    return found
