"""Reads Splunk's .conf files, one app at a time.

The rules (Splunk Admin Manual, "How to edit a configuration file" and "Configuration file precedence"):

1. Encoding is UTF-8, with or without a byte order mark.
2. A line that ends in a backslash goes on in the next line; the value keeps a newline at the seam.
3. ``#`` (or ``;``) as the first visible character makes the line a comment; nothing else does.
4. ``[name]`` on a line of its own starts a stanza; the same name again adds to it.
5. ``key = value`` splits at the first ``=``; blanks around key and value go; the last of equal keys wins.
6. Settings before the first stanza belong to ``[default]``, and ``[default]`` fills the gaps of every stanza.
7. ``local/`` wins over ``default/``, key by key, within a stanza.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from .errors import RbaError
from .value import Value

DEFAULT = "default"
_HEADER = re.compile(r"\s*\[(.*)\]\s*")

Stanzas = dict[str, dict[str, str]]


class Conf(Value):
    """The stanzas of one file name in one app.

    Attributes:
        stanzas: stanza name to settings, as written: ``[default]`` is one of them, not yet merged into the
            others.
        unread: per stanza, the lines that are neither setting, comment nor header, as ``file:line: text``.
            splunkd passes over such lines; whoever uses the stanza should say that they exist.
    """

    def __init__(self) -> None:
        self.stanzas: Stanzas = {}
        self.unread: dict[str, list[str]] = {}

    def names(self) -> list[str]:
        """Names of all stanzas but ``[default]``."""
        return [name for name in self.stanzas if name != DEFAULT]

    def settings(self, name: str) -> dict[str, str]:
        """Settings of stanza ``name`` over those of ``[default]``; KeyError where there is no such stanza."""
        return {**self.stanzas.get(DEFAULT, {}), **self.stanzas[name]}


def read_app_conf(app: str, filename: str) -> Conf:
    """The .conf file ``filename`` of the app folder ``app``: ``default/`` under ``local/``, absent files as
    empty.

    Raises:
        RbaError: a file is there and cannot be read, or is not UTF-8.
    """
    conf = Conf()
    for layer in ("default", "local"):
        path = os.path.join(app, layer, filename)
        try:
            with open(path, encoding="utf-8-sig") as file:
                text = file.read()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise RbaError(f"{path} cannot be read: {error}. Mend the file or its permissions.") from error
        parse(text, conf, path)
    return conf


def parse(text: str, conf: Conf, path: str = "") -> None:
    """Adds the stanzas of ``text`` to ``conf``, over what it holds."""
    stanza = DEFAULT
    for number, line in _whole_lines(text):
        stripped = line.strip()
        header = _HEADER.fullmatch(line)
        if header:
            stanza = header.group(1)
            conf.stanzas.setdefault(stanza, {})
        elif not stripped or stripped[0] in "#;":
            continue
        elif "=" in line:
            key, value = line.split("=", 1)
            conf.stanzas.setdefault(stanza, {})[key.strip()] = value.strip()
        else:
            conf.unread.setdefault(stanza, []).append(f"{path}:{number}: {stripped}")


def _whole_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their continuations joined by newlines, each with the number of its first line."""
    parts: list[str] = []
    start = 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not parts:
            start = number
        if line.endswith("\\"):
            parts.append(line[:-1])
        else:
            yield start, "\n".join([*parts, line])
            parts = []
    if parts:
        yield start, "\n".join([*parts, ""])
