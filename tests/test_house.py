"""The rules of the house that can be checked: sizes, who may import whom, docstrings, no traces of a machine, and a
README whose commands exist.
"""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from replay.cli import command_line
from replay.commands import COMMANDS
from replay.commands.unsupported import REASONS
from typer.main import get_command

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FILE = 400
LONGEST_FUNCTION = 50

# Absolute paths that exist on one machine only, and the folder of this checkout.
MACHINE_PATH = re.compile(r"(?<![\w.:<\\])/(?:work|root|home|Users)/[\w.-]+")
# What other machines are called inside of events is data.
EVENTS = ("dev/datasets/", "tests/cases/", "tests/data/")

# Who may not import what, and why.
OF_BIN = {"rba", *(path.stem for path in (ROOT / "bin").glob("*.py"))}
FORBIDDEN = [
    ("bin", {"replay", "build", "package_checks", "duckdb"}, "dev/ never ships"),
    ("bin/rba", {"splunklib"}, "the enrichment is pure: standard library only"),
    ("dev", OF_BIN, "dev/ starts bin/ as a process"),
]


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that git has or would take, relative to the root."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout: nobody can tell the project's files from others")
    ours = [git, "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others"]
    listed = subprocess.run([*ours, "--exclude-standard"], check=True, capture_output=True, text=True)
    return tuple(Path(name) for name in sorted(set(listed.stdout.split("\0"))) if name and (ROOT / name).is_file())


def python_files(*folders: str) -> list[Path]:
    """Python files of the project below ``folders``."""
    return [p for p in tracked() if p.suffix == ".py" and any(p.is_relative_to(f) for f in folders)]


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file of the project."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """The top-level names of the packages that a file imports, anywhere in it, with their lines."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0], node.lineno


def test_the_project_has_files() -> None:
    assert {Path("default/savedsearches.conf"), Path("dev/replay/cli/run.py")} <= set(tracked())


def test_files_stay_short() -> None:
    lengths = {
        str(p): len((ROOT / p).read_text(encoding="utf-8").splitlines()) for p in python_files("bin", "dev", "tests")
    }
    assert {path: n for path, n in lengths.items() if n > LONGEST_FILE} == {}


def test_functions_stay_short() -> None:
    lengths = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in python_files("bin", "dev")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
    }
    assert {where: n for where, n in lengths.items() if n > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize(("folder", "forbidden", "why"), FORBIDDEN, ids=[folder for folder, *_ in FORBIDDEN])
def test_arrows_point_one_way(folder: str, forbidden: set[str], why: str) -> None:
    files = python_files(folder)
    assert files
    assert [f"{p}:{line} imports {name}: {why}" for p in files for name, line in imported(p) if name in forbidden] == []


def test_only_the_engine_imports_duckdb() -> None:
    importing = {str(p) for p in python_files("bin", "dev") for name, _ in imported(p) if name == "duckdb"}
    assert {p for p in importing if p.startswith("dev/replay/")} == {"dev/replay/engine.py"}


def test_the_command_needs_nothing_but_the_standard_library_and_the_sdk() -> None:
    names = {name for p in python_files("bin") for name, _ in imported(p)}
    assert names - sys.stdlib_module_names - OF_BIN == {"splunklib"}


def test_no_trace_of_a_machine() -> None:
    found = []
    for path in tracked():
        if path.suffix == ".png" or str(path).startswith(EVENTS):
            continue
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
            if MACHINE_PATH.search(line) or str(ROOT) in line:
                found.append(f"{path}:{number}: {line.strip()[:100]}")
    assert found == []


def public(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """The public functions and classes in a body, and the public methods of the classes."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def test_what_is_public_has_a_docstring() -> None:
    missing = [
        str(path) for path in python_files("bin", "dev/replay") if tree(path).body and not ast.get_docstring(tree(path))
    ]
    missing += [
        f"{path}:{node.lineno} {node.name}"
        for path in python_files("bin", "dev/replay")
        for node in public(tree(path).body)
        if not ast.get_docstring(node)
    ]
    assert missing == []


def readme_commands() -> list[list[str]]:
    """The command lines in the documents that begin with ``make`` or ``replay``, as words."""
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in documents)
    lines = re.findall(r"^(?: {4}(?:\$ )?|\$ )((?:make|(?:\.venv/bin/)?replay) .*)$", text, re.MULTILINE)
    lines += re.findall(r"`((?:make|replay) [^`]*)`", text)
    return [shlex.split(line.removeprefix(".venv/bin/")) for line in lines]


def test_the_makefile_has_every_target_that_the_readme_names() -> None:
    named = {words[1] for words in readme_commands() if words[0] == "make"}
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"replay", "test", "package"} <= named <= targets


def test_replay_has_every_verb_and_option_that_the_readme_names() -> None:
    verbs = get_command(command_line()).commands  # type: ignore[attr-defined]
    calls = [words[1:] for words in readme_commands() if words[0] == "replay"]
    assert {"run", "search", "explain", "check"} <= {call[0] for call in calls} <= set(verbs)
    for call in calls:
        options = {option for parameter in verbs[call[0]].params for option in parameter.opts}
        given = {word.split("=")[0] for word in call if re.fullmatch(r"--[a-z-]+(=.*)?", word)}
        assert given <= options, f"replay {' '.join(call)}"


def runnable() -> list[str]:
    """The commands of the README that say how many results they give, on files of the project."""
    return [shlex.join(words) for words in readme_commands() if "--expect" in words]


@pytest.mark.parametrize("line", runnable())
def test_the_examples_of_the_readme_do_what_they_say(line: str) -> None:
    program = Path(sys.executable).with_name("replay")
    done = subprocess.run([program, *shlex.split(line)[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_readme_claims_no_search_command_that_is_not_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    row = re.search(r"^\| Search commands \|(.*?)\|", text, re.MULTILINE)
    assert row is not None
    claimed = set(re.findall(r"`(\w+)`", row.group(1)))
    assert "tstats" in claimed
    assert claimed <= set(COMMANDS.names()) - set(REASONS)
