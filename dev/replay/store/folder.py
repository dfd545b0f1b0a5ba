"""The folder of a store. ``store.json`` is replaced as a whole when all that it names is on disk, so that whoever is
interrupted leaves the store as it was; what it does not name is of no account, and goes at the next change.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from replay.errors import InputError, Place
from replay.held import hold
from replay.store.manifest import Manifest, read_manifest

MANIFEST = "store.json"
_LOCK = "lock"
_OF_SERVE = "events.duckdb"


class StoreFolder:
    """A store.

    Args:
        path: its folder.
        create: make it where there is none.

    Raises:
        InputError: there is none, or the folder is something else.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        if (path / _OF_SERVE).exists():
            raise InputError("this folder belongs to `replay serve`: name another for --store", Place(str(path)))
        if not (path / MANIFEST).is_file():
            if not create:
                raise InputError("no store: make one with `replay index DATA --store DIR`", Place(str(path)))
            self._make()

    def _make(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            others = {entry.name for entry in self.path.iterdir()} - {_LOCK}
        except OSError as e:
            raise InputError(f"no store can be made here: {e.strerror}", Place(str(self.path))) from e
        if others and not all(name.startswith(("bucket-", MANIFEST)) for name in others):
            raise InputError("not a store, and not empty: name a new folder", Place(str(self.path)))

    def read(self) -> Manifest:
        """What is in it.

        Raises:
            InputError: ``store.json`` is malformed.
        """
        try:
            return read_manifest(self.path / MANIFEST)
        except FileNotFoundError:
            return Manifest()

    def file(self, name: str) -> Path:
        """The path of a file that the manifest names."""
        return self.path / name

    @contextmanager
    def changing(self) -> Iterator[Manifest]:
        """What is in it, while nobody else changes it.

        Raises:
            InputError: somebody else does, or nothing can be written there.
        """
        with hold(self.path, _LOCK, "another run is changing this store: wait for its end"):
            yield self.read()

    def commit(self, manifest: Manifest, new: Iterable[Path]) -> None:
        """Replace the manifest: from now on, that is what is in the store.

        Args:
            manifest: the new one.
            new: files it names that are not on disk for certain.
        """
        for path in new:
            _sync(path)
            _sync(path.parent)
        draft = self.path / f"{MANIFEST}.new"
        draft.write_text(manifest.as_json(), encoding="utf-8")
        _sync(draft)
        draft.replace(self.path / MANIFEST)
        _sync(self.path)

    def tidy(self, manifest: Manifest) -> None:
        """Remove what the manifest does not name: what an interrupted run has left, and summaries that are replaced."""
        named = {self.path / file for file in manifest.files}
        named |= {self.path / s.file for bucket in manifest.buckets for s in bucket.summaries}
        for folder in self.path.glob("bucket-*"):
            if manifest.bucket(folder.name) is None:
                shutil.rmtree(folder)
                continue
            for file in folder.iterdir():
                if file not in named:
                    file.unlink()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
