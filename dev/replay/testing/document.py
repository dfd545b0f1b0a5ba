"""A YAML file as items that know their line, and take no value for what it does not say.

PyYAML composes the nodes (safe: no Python object is ever made of them); values stay the text that stands in the file,
so that ``0x1f``, ``no`` and ``007`` are what an event holds, not what YAML makes of them. Aliases are refused: ten
lines of them can unfold into gigabytes.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import yaml
from msgspec import Struct

from replay.errors import KnowledgeError, Place
from replay.knowledge.layers import nearest

_NULL = "tag:yaml.org,2002:null"


class Item(Struct, frozen=True):
    """A node of a file, with what it is for messages (``attack_data``)."""

    node: yaml.Node
    file: str
    what: str

    @property
    def place(self) -> Place:
        """File and line."""
        return Place(file=self.file, line=self.node.start_mark.line + 1)

    def error(self, message: str) -> KnowledgeError:
        """An error at this item."""
        return KnowledgeError(message, self.place)

    def mapping(self, known: Collection[str] | None = None) -> dict[str, Item]:
        """Key -> item.

        Args:
            known: the keys that there may be; None for any.

        Raises:
            KnowledgeError: it is no mapping, a key is unknown, or stands here twice.
        """
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error(f"{self.what} takes `key: value` lines")
        found: dict[str, Item] = {}
        for key_node, value in self.node.value:
            key = Item(key_node, self.file, "a key").text()
            if known is not None and key not in known:
                hint = nearest(key, known) or f" ({', '.join(sorted(known))})"
                raise Item(key_node, self.file, key).error(f"unknown key `{key}` in {self.what}{hint}")
            if key in found:
                raise Item(key_node, self.file, key).error(f"`{key}` stands twice in {self.what}")
            found[key] = Item(value, self.file, f"`{key}`")
        return found

    def key(self, name: str) -> Item:
        """The item of a key that must be there.

        Raises:
            KnowledgeError: it is not.
        """
        found = self.mapping().get(name)
        if found is None:
            raise self.error(f"`{name}` is missing in {self.what}")
        return found

    def sequence(self) -> list[Item]:
        """The items of a list.

        Raises:
            KnowledgeError: it is none.
        """
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.error(f"{self.what} takes a list (lines that begin with `- `)")
        return [Item(node, self.file, f"an entry of {self.what}") for node in self.node.value]

    def text(self) -> str:
        """The text, as it stands in the file (quotes off).

        Raises:
            KnowledgeError: it is a list or a mapping, or there is nothing.
        """
        if not isinstance(self.node, yaml.ScalarNode) or self._is_null() or not self.node.value:
            raise self.error(f"{self.what} takes a text")
        return str(self.node.value)

    def number(self) -> int:
        """A number of things.

        Raises:
            KnowledgeError: it is not a whole number from 0.
        """
        text = self.node.value if isinstance(self.node, yaml.ScalarNode) else ""
        if not (text.isascii() and text.isdigit()):
            raise self.error(f"{self.what} takes a number (0, 1, 2, …)")
        return int(text)

    def value(self) -> str | tuple[str, ...] | None:
        """A field's value: text, a list of texts for a multivalue, None for ``null`` without quotes or nothing."""
        if isinstance(self.node, yaml.SequenceNode):
            return tuple(item.text() for item in self.sequence())
        if self._is_null():
            return None
        if not isinstance(self.node, yaml.ScalarNode):
            raise self.error(f"{self.what} takes a text, or a list of texts")
        return str(self.node.value)

    def _is_null(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode) and self.node.tag == _NULL


def read_document(path: Path) -> Item:
    """The one document of a file.

    Raises:
        KnowledgeError: it cannot be read, is no YAML, is empty, or uses anchors.
    """
    file = str(path)
    try:
        text = path.read_text(encoding="utf-8")
        aliases = (event for event in yaml.parse(text, yaml.SafeLoader) if isinstance(event, yaml.AliasEvent))
        alias = next(aliases, None)
        node = None if alias else yaml.compose(text, yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as e:
        raise KnowledgeError(f"the file of tests cannot be read: {e}", Place(file=file)) from e
    except yaml.MarkedYAMLError as e:
        raise KnowledgeError(f"not YAML: {e.problem or e.context}", _at(file, e.problem_mark)) from e
    except (yaml.YAMLError, RecursionError) as e:
        raise KnowledgeError(f"not YAML: {e}", Place(file=file)) from e
    if alias is not None:
        raise KnowledgeError(
            "aliases (*name) are not taken here: write it out, or quote it", _at(file, alias.start_mark)
        )
    if node is None:
        raise KnowledgeError("the file of tests is empty", Place(file=file))
    return Item(node, file, "a file of tests")


def _at(file: str, mark: object) -> Place:
    line = getattr(mark, "line", None)
    return Place(file=file, line=None if line is None else line + 1)
