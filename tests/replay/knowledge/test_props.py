"""props.conf: which stanzas apply to an event, which of them wins, and what they make of its fields."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from replay.errors import KnowledgeError
from replay.knowledge import Knowledge, Props

Load = Callable[[dict[str, dict[str, str]]], Knowledge]


def props(load: Load, conf: str, *, host: str = "h", source: str = "az", sourcetype: str = "st") -> Props:
    """The settings for one event, from one app with this props.conf."""
    knowledge = load({"A": {"default/props.conf": conf}})
    return knowledge.props("A", host=host, source=source, sourcetype=sourcetype)


# (case, props.conf, value of `x`); the event is host=h source=az sourcetype=st
PRECEDENCE = [
    ("no stanza", "[other]\nx = 1\n", None),
    ("default", "[default]\nx = d\n", "d"),
    ("source type over default", "[st]\nx = st\n[default]\nx = d\n", "st"),
    ("host over source type", "[st]\nx = st\n[host::h]\nx = h\n", "h"),
    ("source over host", "[source::az]\nx = s\n[host::h]\nx = h\n", "s"),
    ("priority does not cross kinds", "[source::a*]\nx = s\n[st]\nx = st\npriority = 500\n", "s"),
    ("what wins does not hide other settings", "[source::az]\ny = 1\n[st]\nx = st\n", "st"),
    (
        "default of one kind stays below another kind",
        "[default]\nx = d\n[source::az]\ny = 1\n[st]\nx = st\n",
        "st",
    ),
    ("patterns by ASCII order", "[source::...z...]\nx = z\n[source::...a...]\nx = a\n", "a"),
    (
        "priority over ASCII order",
        "[source::...a...]\nx = a\npriority = 5\n[source::...z...]\nx = z\npriority = 10\n",
        "z",
    ),
    ("literal over pattern", "[source::a*]\nx = pattern\n[source::az]\nx = literal\n", "literal"),
    (
        "a pattern above 100 over literal",
        "[source::a*]\nx = pattern\npriority = 101\n[source::az]\nx = literal\n",
        "pattern",
    ),
    ("host without case", "[host::H]\nx = h\n", "h"),
    ("source type with case", "[ST]\nx = st\n", None),
    ("source type is no pattern", "[s*]\nx = st\n", None),
    ("unless it starts as a regex", "[(?::){0}s*]\nx = st\n", "st"),
    ("rules are for no event", "[rule::st]\nx = r\n[delayedrule::st]\nx = d\n", None),
]


@pytest.mark.parametrize(("conf", "value"), [p[1:] for p in PRECEDENCE], ids=[p[0] for p in PRECEDENCE])
def test_precedence(load: Load, conf: str, value: str | None) -> None:
    found = props(load, conf).settings.get("x")
    assert (found.value if found else None) == value


def test_rename_gives_the_settings_of_the_new_source_type_only(load: Load) -> None:
    found = props(load, "[st]\nrename = new\nEVAL-a = 1\n[new]\nEVAL-b = 2\n[default]\nEVAL-c = 3\n")
    assert found.sourcetype == "new"
    assert [one.field for one in found.evals] == ["b", "c"]
    assert found.stanzas == ("new", "default")


def test_extracts(load: Load) -> None:
    conf = r"""
[st]
EXTRACT-b = user=(?<user>\w+) in _raw
EXTRACT-a = (?<code>\d+)
EXTRACT-B = (?<x>in) in  message
EXTRACT-c = logged [i]n here
EXTRACT-off =
"""
    found = [(one.name, one.regex, one.source_field) for one in props(load, conf).extracts]
    assert found == [
        ("B", "(?<x>in)", "message"),
        ("a", r"(?<code>\d+)", "_raw"),
        ("b", r"user=(?<user>\w+)", "_raw"),
        ("c", "logged [i]n here", "_raw"),
    ]


def test_reports_aliases_evals_and_lookups_in_ascii_order(load: Load) -> None:
    conf = """
[st]
REPORT-z = last
REPORT-a = one, two ,three
FIELDALIAS-2 = c ASNEW d
FIELDALIAS-1 = a AS b a AS b2
EVAL-user = lower(user)
EVAL-dest = coalesce(a, \\
  b)
LOOKUP-b = t2 k
lookup_a = t1 k OUTPUTNEW v
LOOKUP-off =
"""
    found = props(load, conf)
    assert [(one.name, one.transforms) for one in found.reports] == [
        ("a", ("one", "two", "three")),
        ("z", ("last",)),
    ]
    assert [(one.source, one.target, one.keep_existing) for one in found.aliases] == [
        ("a", "b", False),
        ("a", "b2", False),
        ("c", "d", True),
    ]
    assert [(one.field, one.expression) for one in found.evals] == [
        ("dest", "coalesce(a, \n  b)"),
        ("user", "lower(user)"),
    ]
    assert [(one.name, one.lookup.table, one.lookup.overwrite) for one in found.lookups] == [
        ("a", "t1", False),
        ("b", "t2", True),
    ]
    assert found.evals[0].place.line == 8


def test_a_local_empty_value_switches_a_class_off(load: Load) -> None:
    knowledge = load(
        {
            "A": {
                "default/props.conf": "[st]\nEVAL-a = 1\nEVAL-b = 2\n",
                "local/props.conf": "[st]\nEVAL-a =\n",
            }
        }
    )
    assert [one.field for one in knowledge.props("A", host="", source="", sourcetype="st").evals] == ["b"]


def test_automatic_key_values(load: Load) -> None:
    plain = props(load, "")
    assert (plain.kv_mode, plain.auto_kv_json, plain.kv_trim_spaces) == ("auto", True, True)
    other = props(load, "[st]\nKV_MODE = XML\nAUTO_KV_JSON = false\nKV_TRIM_SPACES = 0\n")
    assert (other.kv_mode, other.auto_kv_json, other.kv_trim_spaces) == ("xml", False, False)


BROKEN = [
    ("[st]\nKV_MODE = yaml\n", r"props.conf:2 \[st\] KV_MODE: `yaml` is not a KV_MODE"),
    ("[st]\nFIELDALIAS-x = a b\n", r"props.conf:2 \[st\] FIELDALIAS-x: `a b` is not an alias"),
    ("[st]\nLOOKUP-x = t\n", r"props.conf:2 \[st\] LOOKUP-x: a lookup needs a table"),
    ("[st]\npriority = high\n", r"props.conf:2 \[st\] priority: `high` is not a whole number"),
    ("[source::(a]\nx = 1\n", r"props.conf:1 \[source::\(a\]: the pattern `\(a` is not valid"),
]


@pytest.mark.parametrize(("conf", "message"), BROKEN)
def test_a_malformed_setting_is_an_error_with_its_place(load: Load, conf: str, message: str) -> None:
    with pytest.raises(KnowledgeError, match=message):
        props(load, conf)


def test_which_source_types_are_configured(load: Load) -> None:
    knowledge = load(
        {
            "A": {"default/props.conf": "[default]\n[st]\n[source::WinEventLog...]\n[host::h]\n[rule::r]\n"},
            "B": {"local/props.conf": "[XmlWinEventLog]\n[(?::){0}x*]\n[source::WinEventLog...]\n"},
        }
    )
    assert knowledge.sourcetypes() == {"st", "XmlWinEventLog"}
    assert knowledge.source_patterns() == ("WinEventLog...",)
