"""The macros: exactly those of the detection, and one of our own."""

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
    assert conf("default/macros.conf") == EXPECTED
