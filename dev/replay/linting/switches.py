"""Rules that somebody switched off: in pyproject.toml, or by a comment in a .conf file.

A comment holds for what it stands directly above: a stanza, or one of its settings.

    # replay-lint: ignore=RL203,RL204 reason why
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from replay.errors import Place, ReplayError
from replay.knowledge import App
from replay.linting.rule import Finding, find_rule
from replay.linting.source import physical_lines

_COMMENT = re.compile(r"\s*[#;]\s*replay-lint:\s*(.*)")
_IGNORE = re.compile(r"ignore\s*=\s*([\w-]+(?:\s*,\s*[\w-]+)*)(?:\s+(.*))?")
_STANZA = re.compile(r"\s*\[(.*)\]\s*")
_KEYS = ("ignore", "per-stanza-ignores", "custom-commands")


class Switch(Struct):
    """One rule switched off: everywhere, in the stanzas that match, or in one setting of one file."""

    code: str
    place: Place
    stanza: str = "*"
    file: str | None = None
    key: str | None = None
    used: bool = False

    def covers(self, finding: Finding) -> bool:
        """Whether it switches this finding off."""
        at = finding.place
        if finding.rule.code != self.code:
            return False
        if self.file is not None:
            return at.file == self.file and at.stanza == self.stanza and self.key in (None, at.key)
        return fnmatchcase(at.stanza or "", self.stanza)


class Switches(Struct):
    """All that is switched off for an app, and what pyproject.toml says of its custom commands.

    Attributes:
        switches: those that are set.
        adds: custom command -> the fields that it adds to results.
    """

    switches: list[Switch] = field(default_factory=list)
    adds: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def on(self, findings: list[Finding]) -> list[Finding]:
        """The findings that nobody switched off."""
        return [one for one in findings if not self._off(one)]

    def _off(self, finding: Finding) -> bool:
        covering = [switch for switch in self.switches if switch.covers(finding)]
        for switch in covering:
            switch.used = True
        return bool(covering)

    def unused(self) -> Iterator[Switch]:
        """Those that switched nothing off."""
        return (switch for switch in self.switches if not switch.used)


def read_switches(app: App) -> Switches:
    """What pyproject.toml (in the app's folder, or the nearest above it in the repository) and comments say.

    Raises:
        ReplayError: a rule is named that does not exist, or a key that has no meaning.
    """
    found = Switches()
    path = _pyproject(app.folder.resolve())
    if path is not None:
        _read_pyproject(path, found)
    for folder in ("default", "local"):
        for file in sorted((app.folder / folder).glob("*.conf")):
            found.switches += comments(str(file))
    return found


def _pyproject(folder: Path) -> Path | None:
    for one in (folder, *folder.parents):
        if (one / "pyproject.toml").is_file():
            return one / "pyproject.toml"
        if (one / ".git").exists():
            return None
    return None


def _read_pyproject(path: Path, found: Switches) -> None:
    place = Place(file=str(path))
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ReplayError(f"cannot be read: {error}", place) from error
    table = document.get("tool", {}).get("replay", {}).get("lint", {})
    unknown = sorted(set(table) - set(_KEYS))
    if unknown:
        raise ReplayError(f"[tool.replay.lint] has no key `{unknown[0]}` (it has: {', '.join(_KEYS)})", place)
    for name in _texts(table.get("ignore", []), "ignore", place):
        found.switches.append(Switch(find_rule(name, place).code, place))
    for stanza, names in _table(table, "per-stanza-ignores", place).items():
        for name in _texts(names, f'per-stanza-ignores."{stanza}"', place):
            at = Place(place.file, stanza=stanza)
            found.switches.append(Switch(find_rule(name, place).code, at, stanza))
    for command, names in _table(table, "custom-commands", place).items():
        found.adds[command] = tuple(_texts(names, f"custom-commands.{command}", place))


def _table(table: Mapping[str, Any], key: str, place: Place) -> Mapping[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise ReplayError(f"[tool.replay.lint] `{key}` is a table", place)
    return value


def _texts(value: Any, key: str, place: Place) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ReplayError(f"[tool.replay.lint] `{key}` is a list of texts", place)
    return value


def comments(file: str) -> list[Switch]:
    """The switches that comments of a .conf file set.

    Raises:
        ReplayError: a comment begins with ``replay-lint:`` and goes on in no way that has a meaning, stands above
            nothing, or names a rule that does not exist.
    """
    found: list[Switch] = []
    waiting: list[Switch] = []
    stanza, continues = "default", False
    for number, line in enumerate([*physical_lines(file), ""], 1):
        comment = None if continues else _COMMENT.fullmatch(line)
        was, continues = continues, line.endswith("\\") and (continues or not line.lstrip().startswith(("#", ";")))
        if was:
            continue
        if comment:
            waiting += _switches(comment[1].strip(), Place(file, number))
        elif line.strip() and not line.lstrip().startswith(("#", ";")):
            header = _STANZA.fullmatch(line)
            stanza = header[1] if header else stanza
            for switch in waiting:
                switch.file, switch.stanza = file, stanza
                switch.key = None if header else line.partition("=")[0].strip()
            found += waiting
            waiting = []
        elif not line.strip() and waiting:
            raise ReplayError("this comment stands above no stanza and no setting", waiting[0].place)
    return found


def _switches(text: str, place: Place) -> Iterator[Switch]:
    match = _IGNORE.fullmatch(text)
    if match is None:
        raise ReplayError("write `# replay-lint: ignore=ID[,ID] reason`", place)
    if not match[2]:
        raise ReplayError(f"say why, after `ignore={match[1]}`", place)
    for name in re.split(r"\s*,\s*", match[1]):
        yield Switch(find_rule(name, place).code, place)
