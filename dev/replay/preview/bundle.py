"""The page's JavaScript: installed and bundled with npm, from ``dev/preview``, when it is not there yet.

What npm installs (``node_modules``) and what is built (``dist``) stay in that folder; git ignores both.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from replay.errors import Place, ReplayError
from replay.session import HOME

FOLDER = HOME / "dev" / "preview"
_SOURCES = ("package.json", "package-lock.json", "build.js", "src/*")
_OLDEST_NODE = 20


def bundle(say: Callable[[str], None], folder: Path = FOLDER) -> Path:
    """The folder with ``page.js`` and ``page.css``, up to date with its sources.

    Args:
        say: told what takes time.
        folder: that holds package.json and the page's source.

    Raises:
        ReplayError: node or npm is missing or too old, or one of them failed.
    """
    dist = folder / "dist"
    stamp, wanted = dist / "sources.sha256", digest(folder, _SOURCES)
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return dist
    install(say, folder)
    say("building the page")
    _run(["npm", "run", "--silent", "build"], folder)
    stamp.write_text(wanted, encoding="ascii")
    return dist


def install(say: Callable[[str], None], folder: Path = FOLDER) -> None:
    """The npm packages of package-lock.json, as it names them; nothing is done if they are there.

    Raises:
        ReplayError: see ``bundle``.
    """
    _check_node(folder)
    stamp, wanted = folder / "node_modules" / ".lock.sha256", digest(folder, ("package-lock.json",))
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return
    say("installing npm packages (once; about 600 MB, a minute)")
    # No scripts: what a package would run at its installation is not needed, and nobody has read it.
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)
    stamp.write_text(wanted, encoding="ascii")


def digest(folder: Path, patterns: tuple[str, ...]) -> str:
    """SHA-256 of the files that the patterns name."""
    found = hashlib.sha256()
    for path in sorted(path for pattern in patterns for path in folder.glob(pattern)):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def _check_node(folder: Path) -> None:
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise ReplayError(
                f"`{program}` is not installed: the dashboards are drawn by Splunk's npm packages, which need "
                f"Node.js {_OLDEST_NODE} or later with npm"
            )
    version = _run(["node", "--version"], folder).strip().lstrip("v")
    if not version.split(".")[0].isdigit() or int(version.split(".")[0]) < _OLDEST_NODE:
        raise ReplayError(f"node is {version}: Node.js {_OLDEST_NODE} or later is needed")


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise ReplayError(f"`{' '.join(command)}` failed ({done.returncode}): {said}", Place(file=str(folder)))
    return done.stdout
