"""``replay tune`` as a command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from support import ROOT

WriteLog = Callable[..., Path]
H1, H2 = ("h1", "ann", "cmd.exe"), ("h2", "bob", "\x1b[2Jcmd.exe")


def replay(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``replay tune``."""
    command = [str(Path(sys.executable).with_name("replay")), "tune", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_filter_on_the_screen(app: Path, write_log: WriteLog) -> None:
    log = write_log("a.log", H1, H2)
    done = replay("Tools", log, "--app", app, "--sourcetype", "tools", "--filter", "search NOT dest=h2")
    assert done.returncode == 0, done.stderr
    screen = done.stdout
    assert screen.startswith("2 hits with the empty filter\n\nsearch NOT dest=h2\n  keeps 1 of 2 hits, drops 1\n")
    assert "\n  h1   risk 40 -> 40\n  h2   risk 40 -> 0  -40\n" in screen
    assert "\\x1b[2Jcmd.exe" in screen and "\x1b" not in screen
    assert "no known attacks to check against" in done.stderr


def test_the_installed_filter_stands_beside_the_new_one(app: Path, write_log: WriteLog) -> None:
    (app / "local").mkdir()
    (app / "local/macros.conf").write_text("[tools_filter]\ndefinition = search NOT dest=h1\n", encoding="utf-8")
    arguments = ("Tools", write_log("a.log", H1, H2), "--app", app, "--sourcetype", "tools", "--output", "json")
    effects = [json.loads(line) for line in replay(*arguments, "--filter", "search *").stdout.splitlines()]
    assert [(e["filter"], e["origin"], e["kept"], e["dropped"]) for e in effects] == [
        ("search NOT dest=h1", "installed", 1, 1),
        ("search *", "given", 2, 0),
    ]
    assert effects[0]["dropped_rows"] == [{"dest": "h1", "user": "ann", "tool": "cmd.exe"}]
    assert effects[0]["risk"][0] == {"risk_object": "ann", "before": 10.0, "after": 0.0, "loss": 10.0}


def test_exit_status(app: Path, write_log: WriteLog) -> None:
    write_log("attack.log", ("h1", "eve", "cmd.exe"))
    tests = app / "tests/detections"
    tests.mkdir(parents=True)
    one = "search: Tools\ntests:\n  - name: eve\n    attack_data: [{data: ../../../attack.log, sourcetype: tools}]\n"
    (tests / "tools.yml").write_text(one, encoding="utf-8")
    log = write_log("a.log", H1, H2)
    on = ("Tools", log, "--app", app, "--sourcetype", "tools")
    hiding = replay(*on, "--filter", "search NOT user=eve")
    assert (hiding.returncode, "`eve` is no longer found (1 -> 0 rows" in hiding.stdout) == (1, True)
    assert replay(*on, "--filter", "search NOT user=bob").returncode == 0
    suggested = replay(*on)  # one of the lines would hide the attack: that is said, and nobody asked for it
    assert (suggested.returncode, "no longer finds `eve`" in suggested.stdout) == (0, True)
    assert replay(*on, "--macro", "keep_all").returncode == 2
    assert replay(*on, "--filter", "stats count").returncode == 2
    with log.open("a", encoding="utf-8") as f:
        f.write('{"dest": "cut')
    malformed = replay(*on)
    assert (malformed.returncode, "malformed:" in malformed.stderr) == (3, True)
    assert replay(*on, "--tolerate").returncode == 0


def test_the_filter_of_our_own_detection() -> None:
    name = "Endpoint - Windows Remote Assistance Spawning Process - Rule"
    wanted = 'search NOT dest="HW-WS-014.*"'
    done = replay(name, "dev/datasets/msra-windows-sysmon.log", "--filter", wanted, "--output", "json")
    assert done.returncode == 1, done.stderr
    (effect,) = map(json.loads, done.stdout.splitlines())
    assert (effect["kept"], effect["dropped"]) == (2, 2)
    assert {r["risk_object"].split(".")[0]: r["loss"] for r in effect["risk"]} == {"HW-WS-014": 160, "HW-WS-027": 0}
    assert "the attack on Sysmon" in {attack["test"] for attack in effect["hidden_attacks"]}
