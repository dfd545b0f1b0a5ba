"""Saved searches: all of them, in order, in the app where they run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from replay.errors import KnowledgeError
from replay.knowledge import Knowledge

Load = Callable[[dict[str, dict[str, str]]], Knowledge]

FIRST = """
[Rule B]
search = | tstats count \\
| `filter`
dispatch.earliest_time = -70m@m
dispatch.latest_time = -10m@m
action.risk.param._risk_message = $dest$

[Rule A]
search = index=a
disabled = 1

[No search]
disabled = 1
"""


LOCAL = """
[Rule B]
dispatch.latest_time = now

[Local rule]
search = index=l
"""


@pytest.fixture
def knowledge(load: Load) -> Knowledge:
    """Two apps; both have a `Rule A`, the second exports its own."""
    return load(
        {
            "Z-first": {
                "default/savedsearches.conf": FIRST,
                "local/savedsearches.conf": LOCAL,
            },
            "A-second": {
                "default/savedsearches.conf": "[Rule A]\nsearch = index=second\n[Rule C]\nsearch = index=c\n",
                "metadata/default.meta": "[savedsearches]\nexport = system\n",
            },
        }
    )


def test_all_searches_by_app_then_in_file_order(knowledge: Knowledge) -> None:
    assert [(one.app, one.name, one.disabled) for one in knowledge.saved_searches()] == [
        ("Z-first", "Rule B", False),
        ("Z-first", "Rule A", True),
        ("Z-first", "No search", True),
        ("Z-first", "Local rule", False),
        ("A-second", "Rule A", False),
        ("A-second", "Rule C", False),
    ]


def test_what_a_search_says(knowledge: Knowledge) -> None:
    rule = knowledge.saved_search("Rule B")
    assert rule.search == "| tstats count \n| `filter`"
    assert (rule.earliest, rule.latest) == ("-70m@m", "now")
    assert rule.settings["action.risk.param._risk_message"] == "$dest$"
    assert str(rule.place).endswith("Z-first/default/savedsearches.conf:3 [Rule B] search")
    assert knowledge.saved_search("No search").search == ""
    assert knowledge.saved_search("Local rule").earliest is None


def test_in_an_app_its_own_search_comes_before_an_exported_one(knowledge: Knowledge) -> None:
    assert knowledge.saved_search("Rule A", "Z-first").search == "index=a"
    assert knowledge.saved_search("Rule A", "A-second").search == "index=second"
    assert knowledge.saved_search("Rule C", "Z-first").app == "A-second"


MISSED = [
    ("Rule A", None, "saved search `Rule A` is in several apps (Z-first, A-second); say in which"),
    ("Rule D", None, "saved search `Rule D` is not defined in any app; nearest: `Rule"),
    ("Rule D", "A-second", "saved search `Rule D` is not defined in any app; nearest: `Rule"),
    ("Rule B", "A-second", "saved search `Rule B` is defined in `Z-first` but not exported to `A-second`"),
]


@pytest.mark.parametrize(("name", "app", "message"), MISSED)
def test_a_search_that_is_not_there(knowledge: Knowledge, name: str, app: str | None, message: str) -> None:
    with pytest.raises(KnowledgeError) as error:
        knowledge.saved_search(name, app)
    assert error.value.message.startswith(message)
