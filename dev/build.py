"""Build the app's package and check it: a recipe, to be read from ``main`` down.

Usage: ``make package``, which runs ``python dev/build.py`` in a virtual environment with what
``dev/package-requirements.txt`` names. The package is ``build/<id>-<version>.tgz``; the same commit gives the
same bytes. What ships is what ``SHIPPED`` names; all else stays.

The form of the package: Splunk, "Package apps for Splunk Cloud or Splunk Enterprise" (dev.splunk.com). It is
a gzipped tar with the app's folder at its top, no dotfiles, no compiled Python.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.util
import io
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
# A streaming command imports no more than this of the SDK: results, modularinput and six stay behind, and so
# does the declared dependency `deprecation`.
SDK_VERSION = "2.1.1"
SDK = (
    "splunklib/__init__.py",
    "splunklib/binding.py",
    "splunklib/client.py",
    "splunklib/data.py",
    "splunklib/utils.py",
    "splunklib/searchcommands/*.py",
)
# SHA-256 of these files, in order of their names: whatever installed them, they are those of that release.
SDK_DIGEST = "d5a2475fa33bea3d4edc47662312012ee450d8c187e0fa1695ea650c85924e83"
# Says which version lies there, to people, to AppInspect and to importlib.metadata.
SDK_METADATA = f"Metadata-Version: 2.1\nName: splunk-sdk\nVersion: {SDK_VERSION}\nLicense: Apache-2.0\n"


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
    left = sorted({path.relative_to(ROOT) for path in there if not set(IGNORED) & set(path.parts)} - set(files))
    if left:
        raise BuildError(f"Add to SHIPPED in dev/build.py, or move away: {', '.join(map(str, left))}.")
    return files


def vendored_sdk() -> dict[str, bytes]:
    """What ships of the SDK that is installed beside this Python: path in the package -> content.

    Raises:
        BuildError: the SDK is not installed, or its files are not those of ``SDK_VERSION``.
    """
    spec = importlib.util.find_spec("splunklib")
    if spec is None or spec.origin is None:
        raise BuildError(f"Install splunk-sdk=={SDK_VERSION}, which ships with the app; `make package` does.")
    site = Path(spec.origin).parent.parent
    files = {f"lib/{path.as_posix()}": (site / path).read_bytes() for path in matching(site, SDK)}
    digest = hashlib.sha256(b"".join(files.values())).hexdigest()
    if digest != SDK_DIGEST:
        raise BuildError(f"{site}/splunklib is not splunk-sdk {SDK_VERSION} as released (SHA-256 {digest}).")
    return {f"lib/splunk_sdk-{SDK_VERSION}.dist-info/METADATA": SDK_METADATA.encode(), **files}


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


def write_package(package: Path, app_id: str, files: dict[str, bytes], mtime: int) -> None:
    """Write the tar: sorted, one time, no owner, plain modes; nothing of this machine is in the bytes."""
    contents = {f"{app_id}/{name}": content for name, content in files.items()}
    folders = {parent.as_posix() for name in contents for parent in Path(name).parents} - {"."}
    with (
        package.open("wb") as raw,
        gzip.GzipFile("", "wb", 9, raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name in sorted({*folders, *contents}):
            entry = tarfile.TarInfo(name)
            entry.mtime = mtime
            if name in folders:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            else:
                entry.size, entry.mode = len(contents[name]), 0o644
            tar.addfile(entry, io.BytesIO(contents.get(name, b"")))


def build(output: Path) -> Path:
    """Build the package in the folder ``output`` and return its path.

    Raises:
        BuildError: what should ship and what is there differ.
    """
    app_id, version = app_id_and_version()
    files = {path.as_posix(): (ROOT / path).read_bytes() for path in shipped_files()} | vendored_sdk()
    output.mkdir(parents=True, exist_ok=True)
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
