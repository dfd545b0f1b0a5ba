"""Build the app's package and check it: a recipe, to be read from ``main`` down.

Usage: ``make package``, which runs ``python dev/build.py`` in a virtual environment with what
``dev/package-requirements.txt`` names. The package is ``build/<id>-<version>.tgz``; the same commit gives the
same bytes. What ships is what ``SHIPPED`` names; all else stays.

The form of the package: Splunk, "Package apps for Splunk Cloud or Splunk Enterprise" (dev.splunk.com): a gzipped
tar with the app's folder at its top, no dotfiles, no compiled Python.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path

from package_checks import CheckFailed, appinspect, slim_validate

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = (
    "app.manifest",
    "CHANGELOG.md",
    "LICENSE",
    "NOTICE",
    "README.md",
    "README/*.spec",
    "bin/*.py",
    "bin/rba/*.py",
    "default/*.conf",
    "default/data/ui/*/*.xml",
    "lookups/*.csv",
    "metadata/default.meta",
    "static/*.png",
)
# Folders that exist for the app alone: a file there that SHIPPED does not name is a mistake, not a choice.
APP_FOLDERS = ("README", "bin", "default", "lookups", "static")
IGNORED = ("__pycache__", ".mypy_cache", ".ruff_cache")
# A streaming command imports no more than this of the SDK (results, modularinput and six stay behind). The
# metadata says which version it is, to people and to AppInspect.
SDK = (
    "splunk_sdk-*.dist-info/METADATA",
    "splunklib/__init__.py",
    "splunklib/binding.py",
    "splunklib/client.py",
    "splunklib/data.py",
    "splunklib/utils.py",
    "splunklib/searchcommands/*.py",
)


class BuildError(Exception):
    """The package cannot be built: what is wrong, and what to do."""


def app_id_and_version() -> tuple[str, str]:
    """Id and version of the app, from app.manifest, where the version lives."""
    identity = json.loads((ROOT / "app.manifest").read_text(encoding="utf-8"))["info"]["id"]
    return identity["name"], identity["version"]


def matching(folder: Path, patterns: Iterable[str]) -> list[Path]:
    """The files in ``folder`` that ``patterns`` name, relative to it and sorted.

    Raises:
        BuildError: a pattern names no file.
    """
    found: set[Path] = set()
    for pattern in patterns:
        files = [path.relative_to(folder) for path in folder.glob(pattern) if path.is_file()]
        if not files:
            raise BuildError(f"{folder / pattern} is part of the package, but no such file exists.")
        found.update(files)
    return sorted(found)


def shipped_files() -> list[Path]:
    """The app's own files that ship, relative to the root.

    Raises:
        BuildError: a named file is missing, or a file lies in an app folder and nothing names it.
    """
    files = matching(ROOT, SHIPPED)
    there = {path for name in APP_FOLDERS for path in (ROOT / name).rglob("*") if path.is_file()}
    left = sorted(
        {path.relative_to(ROOT) for path in there if not set(IGNORED) & set(path.parts)} - set(files)
    )
    if left:
        raise BuildError(f"Add to SHIPPED in dev/build.py, or move away: {', '.join(map(str, left))}.")
    return files


def vendor_sdk(folder: Path) -> dict[str, Path]:
    """Install the SDK into ``folder`` and name what ships of it: path in the package -> file."""
    subprocess.run(  # noqa: S603 - our own constant arguments
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--no-compile", "--no-build-isolation", "--require-hashes", "--target", str(folder)),
            *("-r", str(ROOT / "dev" / "sdk-requirements.txt")),
        ],
        check=True,
    )
    return {f"lib/{path.as_posix()}": folder / path for path in matching(folder, SDK)}


def commit_time() -> int:
    """When the commit was made, in seconds since 1970: the time of every file in the package.

    Outside a git checkout SOURCE_DATE_EPOCH says it (reproducible-builds.org, "SOURCE_DATE_EPOCH").

    Raises:
        BuildError: neither is there.
    """
    if stated := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(stated)
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        log = subprocess.run(  # noqa: S603 - our own constant arguments
            [git, "-C", str(ROOT), "log", "-1", "--format=%ct"], check=True, capture_output=True, text=True
        )
        return int(log.stdout)
    raise BuildError("Not a git checkout: set SOURCE_DATE_EPOCH to the time of the release.")


def write_package(package: Path, app_id: str, files: dict[str, Path], mtime: int) -> None:
    """Write the tar: sorted, one time, no owner, plain modes; nothing of this machine is in the bytes."""
    folders = {parent.as_posix() for name in files for parent in Path(app_id, name).parents} - {"."}
    with (
        package.open("wb") as raw,
        gzip.GzipFile("", "wb", 9, raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name in sorted(folders | {f"{app_id}/{name}" for name in files}):
            entry = tarfile.TarInfo(name)
            entry.mtime = mtime
            if name in folders:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
                continue
            file = files[name.removeprefix(f"{app_id}/")]
            entry.mode, entry.size = 0o644, file.stat().st_size
            with file.open("rb") as content:
                tar.addfile(entry, content)


def build(output: Path) -> Path:
    """Build the package in the folder ``output`` and return its path.

    Raises:
        BuildError: what should ship and what is there differ.
    """
    app_id, version = app_id_and_version()
    files = {path.as_posix(): ROOT / path for path in shipped_files()}
    sdk = output / "sdk"
    shutil.rmtree(sdk, ignore_errors=True)
    files |= vendor_sdk(sdk)
    package = output / f"{app_id}-{version}.tgz"
    write_package(package, app_id, files, commit_time())
    print(f"{package}: {len(files)} files, {package.stat().st_size} bytes")
    return package


def main() -> int:
    """Build, then check; 0 if the package is good, 1 if not."""
    parser = argparse.ArgumentParser(description="Build and check the app's package.")
    parser.add_argument("--output", type=Path, default=ROOT / "build", help="folder for the package")
    parser.add_argument("--no-check", action="store_true", help="only build")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    try:
        package = build(options.output)
        if not options.no_check:
            slim_validate(package)
            appinspect(package)
    except (BuildError, CheckFailed) as error:
        print(f"build: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
