"""Which apps there are, and which layer of which app a search sees."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from replay.errors import KnowledgeError
from replay.knowledge import Knowledge

Load = Callable[[dict[str, dict[str, str]]], Knowledge]
EXPORT = {"metadata/default.meta": "[]\nexport = system\n"}


def macro_text(knowledge: Knowledge, app: str, name: str = "m") -> str | None:
    """The definition that a search in ``app`` sees, None where it sees none."""
    found = knowledge.setting(app, "macros", name, "definition")
    return None if found is None else found.value


def test_the_id_of_an_app(load: Load) -> None:
    knowledge = load(
        {
            "checkout": {"default/app.conf": "[package]\nid = DA-ESS-One\n[launcher]\nversion = 1.2.3\n"},
            "other": {"app.manifest": '{"info": {"id": {"name": "DA-ESS-Two"}}}'},
            "TA-plain": {},
        }
    )
    assert [(app.id, app.version) for app in knowledge.apps.values()] == [
        ("DA-ESS-One", "1.2.3"),
        ("DA-ESS-Two", None),
        ("TA-plain", None),
    ]


def test_a_later_app_replaces_an_earlier_one_with_its_id(load: Load) -> None:
    knowledge = load(
        {
            "stand-in": {
                "default/app.conf": "[package]\nid = TA-x\n",
                "default/macros.conf": "[m]\ndefinition = a\n",
            },
            "real": {
                "default/app.conf": "[package]\nid = TA-x\n",
                "default/macros.conf": "[n]\ndefinition = b\n",
            },
        }
    )
    assert [app.folder.name for app in knowledge.apps.values()] == ["real"]
    assert macro_text(knowledge, "TA-x", "m") is None
    assert macro_text(knowledge, "TA-x", "n") == "b"


def test_a_folder_that_is_no_app_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="not a Splunk app"):
        Knowledge.load([tmp_path])


def test_a_manifest_without_a_name_is_an_error(load: Load) -> None:
    with pytest.raises(KnowledgeError, match=r"app.manifest: no app name at info.id.name"):
        load({"a": {"app.manifest": '{"info": {}}'}})


def test_an_unknown_context_is_an_error(load: Load) -> None:
    with pytest.raises(KnowledgeError, match=r"app `TA-on` is not loaded; nearest: `TA-one`"):
        load({"TA-one": {}}).setting("TA-on", "macros", "m", "definition")


# (case, what each app says of [m] definition by layer, app of the search, what the search sees)
PRECEDENCE = [
    ("local over default", {"A": {"default": "d", "local": "l"}}, "A", "l"),
    ("own over exported, default over local", {"A": {"default": "own"}, "Z": {"local": "other"}}, "A", "own"),
    ("of others the last by name", {"A": {"default": "a"}, "B": {"default": "b"}, "C": {}}, "C", "b"),
    ("upper case comes before lower", {"Z": {"default": "Z"}, "a": {"default": "a"}, "C": {}}, "C", "a"),
    ("of others local over default", {"A": {"default": "d", "local": "l"}, "C": {}}, "C", "l"),
    (
        "a stronger app's default over a weaker one's local",
        {"A": {"local": "l"}, "B": {"default": "d"}, "C": {}},
        "C",
        "d",
    ),
]


@pytest.mark.parametrize(("says", "app", "expected"), [p[1:] for p in PRECEDENCE], ids=[p[0] for p in PRECEDENCE])
def test_precedence(load: Load, says: dict[str, dict[str, str]], app: str, expected: str) -> None:
    apps = {
        name: {
            **EXPORT,
            **{f"{layer}/macros.conf": f"[m]\ndefinition = {text}\n" for layer, text in layers.items()},
        }
        for name, layers in says.items()
    }
    assert macro_text(load(apps), app) == expected


def test_layers_merge_setting_by_setting(load: Load) -> None:
    knowledge = load(
        {
            "A": {
                "default/savedsearches.conf": "[s]\nsearch = index=x\nk = v\ndisabled = 1\n",
                "local/savedsearches.conf": "[s]\ndisabled = 0\n",
            }
        }
    )
    search = knowledge.saved_search("s")
    assert (search.search, search.disabled, search.settings["k"]) == (
        "index=x",
        False,
        "v",
    )


# (case, default.meta, local.meta, does another app see macro `m`)
EXPORTS = [
    ("nothing is said", "", "", False),
    ("everything", "[]\nexport = system\n", "", True),
    ("all macros", "[macros]\nexport = system\n", "", True),
    ("other kinds only", "[props]\nexport = system\n", "", False),
    ("this macro", "[macros/m]\nexport = system\n", "", True),
    ("the special over the general", "[]\nexport = system\n[macros/m]\nexport = none\n", "", False),
    ("the kind over everything", "[]\nexport = none\n[macros]\nexport = system\n", "", True),
    (
        "a stanza without export says nothing",
        "[]\nexport = system\n[macros]\naccess = read : [ * ]\n",
        "",
        True,
    ),
    ("local over default", "[]\nexport = system\n", "[]\nexport = none\n", False),
    (
        "special in default over general in local",
        "[macros/m]\nexport = system\n",
        "[]\nexport = none\n",
        True,
    ),
]


@pytest.mark.parametrize(("default", "local", "seen"), [e[1:] for e in EXPORTS], ids=[e[0] for e in EXPORTS])
def test_exports(load: Load, default: str, local: str, seen: bool) -> None:
    files = {
        "default/macros.conf": "[m]\ndefinition = x\n",
        "metadata/default.meta": default,
        "metadata/local.meta": local,
    }
    knowledge = load({"A": files, "B": {}})
    assert macro_text(knowledge, "A") == "x"
    assert macro_text(knowledge, "B") == ("x" if seen else None)


def test_names_in_meta_files_are_url_encoded(load: Load) -> None:
    knowledge = load(
        {
            "A": {
                "default/savedsearches.conf": "[My Rule]\nsearch = a\n[Other Rule]\nsearch = b\n",
                "metadata/default.meta": "[savedsearches/My%20Rule]\nexport = system\n",
            },
            "B": {},
        }
    )
    assert knowledge.saved_search("My Rule", "B").search == "a"
    with pytest.raises(KnowledgeError, match="`Other Rule` is defined in `A` but not exported to `B`"):
        knowledge.saved_search("Other Rule", "B")


def test_single_settings_of_props_can_be_exported(load: Load) -> None:
    knowledge = load(
        {
            "A": {
                "default/props.conf": "[st]\nEXTRACT-a = (?<a>.)\nEXTRACT-b = (?<b>.)\n",
                "metadata/local.meta": "[props/st/EXTRACT-b]\nexport = system\n",
            },
            "B": {},
        }
    )
    assert [one.name for one in knowledge.props("B", host="", source="", sourcetype="st").extracts] == ["b"]
    assert [one.name for one in knowledge.props("A", host="", source="", sourcetype="st").extracts] == [
        "a",
        "b",
    ]


def test_default_fills_what_a_stanza_does_not_say(load: Load) -> None:
    conf = "[default]\ndispatch.latest_time = now\ndisabled = 1\n[s]\nsearch = x\ndisabled = 0\n"
    knowledge = load({"A": {"default/savedsearches.conf": conf}})
    assert [search.name for search in knowledge.saved_searches()] == ["s"]
    assert (knowledge.saved_search("s").latest, knowledge.saved_search("s").disabled) == ("now", False)


def test_files_that_nobody_asks_for_are_not_read(load: Load) -> None:
    knowledge = load({"A": {"default/props.conf": "junk", "default/macros.conf": "[m]\ndefinition = x\n"}})
    assert knowledge.macro("A", "m", 0).definition == "x"
    with pytest.raises(KnowledgeError, match=r"props.conf:1: cannot read the line `junk`"):
        knowledge.props("A", host="", source="", sourcetype="st")
