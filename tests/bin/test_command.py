"""The command ``rbaenrich`` as splunkd runs it: a process, its protocol, and each Python that Splunk
brings.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from bin.chunked import ROOT, Driver, Rows

SHIPPED = "detection=Endpoint - Windows Remote Assistance Spawning Process - Rule"
RISK = json.dumps([{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 40}])
CONF = f"""
[Plain]
action.risk.param._risk = {RISK}
action.risk.param._risk_message = $process$ on \\
$dest$ – ☃
action.correlationsearch.annotations = {{"mitre_attack": ["T1055", "T0000"]}}

[Two objects]
action.risk.param._risk = [{{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 40}}, \\
  {{"risk_object_field": "user", "risk_object_type": "user", "risk_score": 60}}]
action.risk.param._risk_message = {{braces}} $dest$

[Broken]
action.risk.param._risk = [{{"risk_object_field": "dest",

[No risk]
search = index=main
"""


@pytest.fixture
def rbaenrich(python: str, sdk: Path, tmp_path: Path) -> Driver:
    """The command, with the app ``test_app`` of CONF beside its own."""
    app = tmp_path / "test_app"
    (app / "default").mkdir(parents=True)
    (app / "default" / "savedsearches.conf").write_text(CONF, encoding="utf-8")
    return Driver(python, {"PYTHONPATH": str(sdk), "RBAENRICH_APPS": str(app)})


HIT: Rows = [
    ["dest", "user", "parent_process_name", "process_name"],
    ["PC1", "bob", "msra.exe", "cmd.exe"],
]


def test_getinfo_says_that_it_runs_on_the_search_head(rbaenrich: Driver) -> None:
    """``stateful`` is the protocol's word for a streaming command that is not distributed to indexers."""
    reply = rbaenrich.run([SHIPPED], "")
    assert reply.frames[0] == ({"type": "stateful"}, "")
    assert (reply.code, reply.log) == (0, "")


def test_the_shipped_detection_on_one_record(rbaenrich: Driver) -> None:
    reply = rbaenrich.run([SHIPPED], HIT)
    (result,) = reply.results
    assert list(result.items())[:4] == list(zip(HIT[0], HIT[1], strict=True))
    assert result["risk_score"] == "80"
    assert result["risk_message"] == (
        "An instance of msra.exe spawning cmd.exe was identified on endpoint PC1, "
        "generating behavior not common with msra.exe."
    )
    assert result["__mv_threat_object"] == "$msra.exe$;$cmd.exe$"
    assert result["annotations.mitre_attack.mitre_technique"] == "Process Injection"
    assert "risk_object" not in result
    assert (reply.code, reply.messages) == (0, [])


def test_events_of_the_shipped_detection(rbaenrich: Driver) -> None:
    (result,) = rbaenrich.run([SHIPPED, "output=events", "prefix=rba_"], HIT).results
    assert (result["rba_risk_object"], result["rba_risk_object_type"], result["dest"]) == (
        "PC1",
        "system",
        "PC1",
    )
    assert result["rba_search_name"] == result["rba_source"] == SHIPPED.partition("=")[2]


def test_the_first_record_of_all_comes_with_the_first_chunk(rbaenrich: Driver) -> None:
    """Every frame is answered by one, ``finished`` is echoed, an empty chunk stays empty."""
    header = ["dest", "process"]
    reply = rbaenrich.run(["detection=Plain"], "", [header, ["PC1", "a"]], [header, ["PC2", "b"], ["PC3", "c"]], "")
    assert [meta["finished"] for meta, _ in reply.frames[1:]] == [False, False, False, True]
    assert [body == "" for _, body in reply.frames[1:]] == [True, False, False, True]
    assert [result["risk_message"] for result in reply.results] == [
        "a on \nPC1 – ☃",
        "b on \nPC2 – ☃",
        "c on \nPC3 – ☃",
    ]


def test_chunks_may_differ_in_their_fields(rbaenrich: Driver) -> None:
    reply = rbaenrich.run(
        ["detection=Plain"],
        [["dest", "only_first"], ["PC1", "1"]],
        [["only_second", "__mv_only_second", "process"], ["x\ny", "$x$;$y$", "b"]],
    )
    first, second = reply.results
    assert (first["dest"], first["only_first"]) == ("PC1", "1")
    assert (second["only_second"], second["__mv_only_second"]) == ("x\ny", "$x$;$y$")
    warned = [text for level, text in reply.messages if level == "WARN" and "Missing or empty" in text]
    assert len(warned) == 2
    assert "results: process." in warned[0]
    assert "results: dest." in warned[1]


def test_fields_that_only_later_records_have_survive(rbaenrich: Driver) -> None:
    """The SDK takes its header from the first record: here, one without multivalues and short of a cell."""
    reply = rbaenrich.run(
        ["detection=Plain"],
        'dest,process,late,__mv_late,__mv_lonely\nPC1,a\nPC2,b,"1\n2",$1$;$2$,$3$;$4$\n',
    )
    assert len(reply.results) == 2
    assert reply.results[0]["dest"] == "PC1"
    assert reply.results[1] | {"late": "1\n2", "__mv_late": "$1$;$2$", "__mv_lonely": "$3$;$4$"} == reply.results[1]
    assert [text for level, text in reply.messages if level == "WARN" and "fewer cells" in text]


HOSTILE = [
    "ü – ☃ – \U0001f4a5",
    "two\r\nlines, \"quoted\"; and 'single'",
    "a lone \r carriage return",
    "a NUL \0 inside",
    "$dest$ $$ %s {0} {dest}",
    "\u2028\ufeff\ue000\x85\x0b",
    "=cmd|' /C calc'!A0",
    " blanks around ",
]


def test_every_character_comes_back(rbaenrich: Driver) -> None:
    reply = rbaenrich.run(["detection=Plain"], [["dest", "process"], *[["PC1", value] for value in HOSTILE]])
    assert [result["process"] for result in reply.results] == HOSTILE
    assert [result["risk_message"] for result in reply.results] == [f"{value} on \nPC1 – ☃" for value in HOSTILE]


def test_a_huge_value_comes_back(rbaenrich: Driver) -> None:
    """Beyond the SDK's own limit of 10 MB."""
    huge = "x" * 11_000_000
    reply = rbaenrich.run(["detection=Plain"], [["dest", "process", "huge"], ["PC1", "a", huge], ["PC2", "b", "-"]])
    assert [len(result["huge"]) for result in reply.results] == [len(huge), 1]


def test_many_records_in_several_chunks_keep_their_order(rbaenrich: Driver) -> None:
    header = ["dest", "process", "n"]
    chunks = [
        [header, *[[f"PC{n % 7}", "a", str(n)] for n in range(start, start + 5_000)]] for start in (0, 5_000, 10_000)
    ]
    reply = rbaenrich.run(["detection=Plain"], *chunks)
    assert [result["n"] for result in reply.results] == [str(n) for n in range(15_000)]


def test_a_missing_field_is_warned_about_once_a_search(rbaenrich: Driver) -> None:
    rows = [["dest", "process"], ["", "a"], ["-", ""], ["PC1", "null"]]
    reply = rbaenrich.run(["detection=Plain"], rows, rows)
    assert [result["risk_message"] for result in reply.results[:3]] == [
        "a on \nunknown – ☃",
        "unknown on \nunknown – ☃",
        "unknown on \nPC1 – ☃",
    ]
    assert len([text for level, text in reply.messages if level == "WARN" and "Missing" in text]) == 1


def test_a_technique_that_nobody_knows_is_warned_about(rbaenrich: Driver) -> None:
    reply = rbaenrich.run(["detection=Plain"], [["dest", "process"], ["PC1", "a"]])
    assert reply.results[0]["__mv_annotations.mitre_attack"] == "$T1055$;$T0000$"
    assert reply.results[0]["annotations.mitre_attack.mitre_technique"] == "Process Injection"
    assert [text for level, text in reply.messages if level == "WARN" and "T0000" in text]


def test_two_risk_objects(rbaenrich: Driver) -> None:
    rows = [["dest", "user"], ["PC1", "bob"]]
    (annotated,) = rbaenrich.run(["detection=Two objects"], rows).results
    assert (annotated["risk_score"], annotated["risk_message"]) == ("60", "{braces} PC1")
    events = rbaenrich.run(["detection=Two objects", "output=events"], rows).results
    assert [(event["risk_object"], event["risk_score"]) for event in events] == [("PC1", "40"), ("bob", "60")]


REFUSED = [
    # arguments, what the error says
    ([], 'needs a correlation search: detection="<saved search>"'),
    (["detection="], "needs a correlation search"),
    (["detection=Plain", "output=event"], "output=event is unknown: use output=annotate or output=events"),
    (["detection=Plain", "prefix={x} y"], "prefix={x} y is no beginning of a field name"),
    (["detection=Plain", "prefix=__mv_"], "prefix=__mv_ is no beginning of a field name"),
    (["detection=Plain", "dest", "user"], "does not understand dest user"),
    (["detection=Plain", "colour={0}"], "Unrecognized option: colour={0}"),
    (["detection=Plane"], 'Nearest: "Plain"'),
    (["detection={0} $x$"], 'no saved search "{0} $x$"'),
    (
        ["detection=Remote Assistance Spawning"],
        '"Endpoint - Windows Remote Assistance Spawning Process - Rule"',
    ),
    (["detection=Broken"], "[Broken] action.risk.param._risk is not valid JSON"),
    (["detection=No risk"], "[No risk] action.risk.param._risk is not set"),
]


@pytest.mark.parametrize(("args", "said"), REFUSED)
def test_what_is_wrong_ends_the_search_before_any_result(rbaenrich: Driver, args: list[str], said: str) -> None:
    reply = rbaenrich.run(args, HIT)
    assert reply.code == 1
    ((level, text),) = reply.messages
    assert level == "ERROR"
    assert said in text
    assert reply.results == []


def test_an_app_folder_that_is_not_there_is_an_error(rbaenrich: Driver) -> None:
    driver = Driver(rbaenrich.python, {**rbaenrich.environ, "RBAENRICH_APPS": "/nowhere"})
    assert driver.run(["detection=Plain"], HIT).messages == [
        ("ERROR", "RBAENRICH_APPS names /nowhere, which is no folder. Correct the environment variable.")
    ]


def test_as_installed_it_needs_its_own_lib_only_and_local_wins(python: str, sdk: Path, tmp_path: Path) -> None:
    """In the package the SDK lies in ``lib``, before whatever else goes by its name."""
    app, decoy = tmp_path / "installed", tmp_path / "decoy" / "splunklib"
    for part in ("bin", "default", "lookups"):
        shutil.copytree(ROOT / part, app / part)
    (app / "lib").symlink_to(sdk, target_is_directory=True)
    (app / "local").mkdir()
    (app / "local" / "savedsearches.conf").write_text(
        f"[{SHIPPED.partition('=')[2]}]\naction.risk.param._risk_message = tuned: $dest$\n"
    )
    decoy.mkdir(parents=True)
    (decoy / "__init__.py").write_text("raise ImportError('the wrong SDK')")
    driver = Driver(python, {"PYTHONPATH": str(decoy.parent)}, app / "bin" / "rbaenrich.py")
    reply = driver.run([SHIPPED], HIT)
    assert [(result["risk_score"], result["risk_message"]) for result in reply.results] == [("80", "tuned: PC1")]
    assert (reply.code, reply.messages, reply.log) == (0, [], "")
