"""The two judges of a package: slim (Splunk Packaging Toolkit) and AppInspect.

Both run from the virtual environment of the Python that runs this module. A warning passes only if it is
named here, with the reason why it cannot be avoided.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TOOLS = Path(sys.executable).parent
TAGS = ("cloud", "private_victoria", "private_classic", "future")

SLIM_WARNINGS = {
    "[rbaenrich]: python.version": "slim knows Splunk up to 8.0; Splunk 9 reads this setting",
    "[rbaenrich]: python.required": "slim knows Splunk up to 8.0; Splunk 10 reads this setting",
    'dynamic dependency "Splunk_SA_CIM"': "the CIM add-on is installed at the site, not fetched by slim",
}
APPINSPECT_WARNINGS = {
    "check_for_python_script_existence": "raised for every app that holds Python files",
    "check_collections_conf": "raised for every app with a KV store collection; it says: no action required",
    "check_python_sdk_version": "splunk-sdk 3 needs Python 3.13; Splunk 9.x and 10.0 run Python 3.9",
}


class CheckFailed(Exception):
    """A judge refused the package; the message says for what."""


def run(arguments: list[str], environ: Mapping[str, str]) -> tuple[int, str]:
    """Run one of the tools: exit status, and its two outputs together."""
    done = subprocess.run(  # noqa: S603 - a tool of our own environment, and our own arguments
        [str(TOOLS / arguments[0]), *arguments[1:]],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def slim_refusals(output: str) -> list[str]:
    """The lines of slim's output that refuse a package: errors, and warnings not in ``SLIM_WARNINGS``."""
    return [
        line
        for line in output.splitlines()
        if "[ERROR]" in line or ("[WARNING]" in line and not any(known in line for known in SLIM_WARNINGS))
    ]


def slim_validate(package: Path) -> None:
    """``slim validate``: the manifest and every .conf file (dev.splunk.com, "Packaging Toolkit CLI").

    Raises:
        CheckFailed: slim refuses the package.
    """
    with tempfile.TemporaryDirectory() as home:  # slim keeps a repository of packages in the home folder
        status, output = run(["slim", "validate", str(package)], {"HOME": home})
    if status or slim_refusals(output):
        raise CheckFailed(f"slim validate refused the package (exit {status}):\n{output}")
    print(f"slim validate: 0 errors, {output.count('[WARNING]')} warnings, all unavoidable")


def libmagic() -> dict[str, str]:
    """Where AppInspect finds libmagic: the copy that the package pylibmagic brings, if it is installed."""
    spec = importlib.util.find_spec("pylibmagic")
    if spec is None or spec.origin is None:
        return {}
    folder = str(Path(spec.origin).parent)
    return {"LD_LIBRARY_PATH": folder, "DYLD_LIBRARY_PATH": folder, "MAGIC": f"{folder}/magic.mgc"}


def appinspect_refusals(report: Mapping[str, Any]) -> list[str]:
    """The checks of an AppInspect report that refuse a package.

    That is every result but a pass and a warning in ``APPINSPECT_WARNINGS``, and a report without any pass.
    """
    checks = [check for app in report["reports"] for group in app["groups"] for check in group["checks"]]
    if not any(check["result"] == "success" for check in checks):
        return ["no check ran"]
    return [
        f"{check['result']}: {check['name']}: {'; '.join(text['message'] for text in check['messages'])}"
        for check in checks
        if check["result"] not in ("success", "not_applicable")
        and not (check["result"] == "warning" and check["name"] in APPINSPECT_WARNINGS)
    ]


def appinspect(package: Path) -> None:
    """AppInspect with the tags of Splunk Cloud and of the future (dev.splunk.com, "AppInspect tags").

    The report stays beside the package, as ``appinspect.json``.

    Raises:
        CheckFailed: AppInspect gave no report, or refuses the package.
    """
    report_file = package.with_name("appinspect.json")
    report_file.unlink(missing_ok=True)
    tags = [argument for tag in TAGS for argument in ("--included-tags", tag)]
    command = ["splunk-appinspect", "inspect", str(package), "--mode", "precert", *tags]
    status, output = run([*command, "--data-format", "json", "--output-file", str(report_file)], libmagic())
    if not report_file.exists():
        raise CheckFailed(f"AppInspect gave no report (exit {status}):\n{output}")
    report = json.loads(report_file.read_text(encoding="utf-8"))
    if refused := appinspect_refusals(report):
        raise CheckFailed("AppInspect refused the package:\n" + "\n".join(refused))
    print("AppInspect: " + ", ".join(f"{count} {result}" for result, count in report["summary"].items()))
