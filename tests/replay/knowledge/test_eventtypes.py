"""Event types and tags."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.errors import KnowledgeError
from replay.knowledge import Knowledge, Tags

Load = Callable[[dict[str, dict[str, str]]], Knowledge]

EVENTTYPES = """
[sysmon_process]
search = source="XmlWinEventLog:Microsoft-Windows-Sysmon/Operational" EventCode=1
priority = 3

[old style]
search = index=a
tags = error, alert

[off]
search = index=b
disabled = true
"""

TAGS = """
[eventtype=sysmon_process]
process = enabled
report = enabled
draft = disabled

[eventtype=old%20style]
alert = enabled

[host=web*]
frontend = enabled

[source=WinEventLog%3ASecurity]
audit%20log = enabled
"""


@pytest.fixture
def knowledge(load: Load) -> Knowledge:
    """An add-on that exports all, and the app of the search, which takes one of its tags away."""
    return load(
        {
            "TA": {
                "default/eventtypes.conf": EVENTTYPES,
                "default/tags.conf": TAGS,
                "metadata/default.meta": "[]\nexport = system\n",
            },
            "own": {"local/tags.conf": "[source=WinEventLog:Security]\naudit log = disabled\n"},
        }
    )


def test_event_types(knowledge: Knowledge) -> None:
    types = knowledge.eventtypes("own")
    assert [(one.name, one.tags, one.priority, one.app) for one in types.values()] == [
        ("sysmon_process", ("process", "report"), 3, "TA"),
        ("old style", ("alert", "error"), 1, "TA"),
    ]
    assert types["old style"].search == "index=a"
    assert str(types["old style"].place).endswith("eventtypes.conf:7 [old style] search")


# (field, value, tags in the add-on, tags in the app of the search)
VALUES = [
    ("eventtype", "sysmon_process", ("process", "report"), ("process", "report")),
    ("host", "web01", ("frontend",), ("frontend",)),
    ("host", "WEB01", ("frontend",), ("frontend",)),
    ("host", "myweb01", (), ()),
    ("sourcetype", "web01", (), ()),
    ("source", "WinEventLog:Security", ("audit log",), ()),
]


@pytest.mark.parametrize(("field", "value", "in_addon", "in_own"), VALUES)
def test_tags_of_a_value(
    knowledge: Knowledge, field: str, value: str, in_addon: tuple[str, ...], in_own: tuple[str, ...]
) -> None:
    assert knowledge.tags("TA").of(field, value) == in_addon
    assert knowledge.tags("own").of(field, value) == in_own


def test_values_of_a_tag(knowledge: Knowledge) -> None:
    tags = knowledge.tags("own")
    assert tags.pairs("process") == (("eventtype", "sysmon_process"),)
    assert tags.pairs("frontend") == (("host", "web*"),)
    assert tags.pairs("draft") == ()
    assert tags.names() == ("process", "report", "alert", "frontend")


BROKEN = [
    ({"default/tags.conf": "[host]\na = enabled\n"}, r"a stanza of tags.conf is `\[field=value\]`"),
    (
        {"default/tags.conf": "[host=a]\na = on\n"},
        r"tags.conf:2 \[host=a\] a: tag `a` is enabled or disabled, not `on`",
    ),
    (
        {"default/eventtypes.conf": "[a]\npriority = 1\n"},
        r"eventtypes.conf:1 \[a\]: event type `a` has no search",
    ),
]


@pytest.mark.parametrize(("files", "message"), BROKEN)
def test_what_is_malformed_is_an_error_with_its_place(load: Load, files: dict[str, str], message: str) -> None:
    with pytest.raises(KnowledgeError, match=message):
        load({"A": files}).eventtypes("A")


TEXT = st.text(alphabet="aB:%=[]*/ \\é", min_size=1, max_size=10).filter(lambda text: text.strip() == text)


@given(TEXT.filter(lambda text: "*" not in text))
def test_an_encoded_value_is_the_value(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    folder = tmp_path_factory.mktemp("app")
    (folder / "default").mkdir()
    (folder / "default/tags.conf").write_text(f"[field={quote(value, safe='')}]\nt = enabled\n")
    tags = Knowledge.load([folder]).tags(folder.name)
    assert tags.pairs("t") == (("field", value),)
    assert tags.of("field", value) == ("t",)


@given(st.lists(st.text(alphabet="ab.", max_size=4), min_size=2, max_size=4), st.text(alphabet="ab.", max_size=4))
def test_a_star_in_a_value_is_any_text(parts: list[str], between: str) -> None:
    tags = Tags([("f", "*".join(parts), "t")])
    assert tags.of("f", between.join(parts)) == ("t",)
    assert tags.of("f", "x" + between.join(parts)) == (() if parts[0] else ("t",))
