"""The macros: exactly those of the detection, and those of our own."""

from __future__ import annotations

from collections.abc import Callable

EXPECTED = {
    "security_content_summariesonly": {
        "definition": "summariesonly=`summariesonly_config` allow_old_summaries=`oldsummaries_config` "
        "fillnull_value=`fillnull_config`"
    },
    "summariesonly_config": {"definition": "false"},
    "oldsummaries_config": {"definition": "true"},
    "fillnull_config": {"definition": "null"},
    "security_content_ctime(1)": {
        "args": "field",
        "definition": 'convert timeformat="%Y-%m-%dT%H:%M:%S" ctime($field$)',
    },
    "windows_shells": {
        "definition": "("
        + " OR ".join(
            f"Processes.process_name={shell}.exe"
            for shell in ("cmd", "powershell", "pwsh", "sh", "bash", "wscript", "cscript")
        )
        + ")"
    },
    "windows_remote_assistance_spawning_process_filter": {"definition": "search *"},
    "remote_assistance_risk_index": {"definition": "summary"},
}


def test_macros(conf: Callable[[str], dict[str, dict[str, str]]]) -> None:
    macros = conf("default/macros.conf")
    assert {name: macros[name] for name in EXPECTED} == EXPECTED
    assert set(macros) - set(EXPECTED) == {
        "rba_risk_modifiers",
        "rba_risk_modifiers_add",
        "windows_remote_assistance_without_exe",
        "windows_shells_without_exe",
    }


def test_names_without_exe_are_the_same_shells(conf: Callable[[str], dict[str, dict[str, str]]]) -> None:
    macros = conf("default/macros.conf")
    shells = macros["windows_shells"]["definition"]
    assert macros["windows_shells_without_exe"]["definition"] == shells.replace(".exe", "")


def test_what_adds_names_without_exe_is_the_detection_but_for_the_names(
    conf: Callable[[str], dict[str, dict[str, str]]], rule: dict[str, str]
) -> None:
    without = conf("default/macros.conf")["windows_remote_assistance_without_exe"]["definition"]
    start, _, end = without.removeprefix("append maxtime=3600 [").removesuffix("]").partition(" where ")
    published = " ".join(rule["search"].split()).partition(" | `windows_remote_assistance_spawning_process_filter`")[0]
    assert published.startswith(start + " where ")
    assert published.endswith(" by " + end.partition(" by ")[2])
