"""JSON and XML as ``spath`` reads them: leaves by name, and values at a path.

Names: ``a.b``; ``a{}`` is every element of an array, ``a{0}`` the first; XML attributes are ``a{@name}`` and XML
positions begin at 1. Values are text: ``true``, ``false`` and ``null`` by name, numbers as they are written, objects
and arrays as compact JSON. Source: Search Reference, "spath".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from msgspec import Struct, field

from replay.udf import user_function

AUTO_LIMIT = 5000
"""Characters that ``spath`` without a path reads (limits.conf, [spath] extraction_cutoff)."""
_STEP = re.compile(r"([^.{}]*)((?:\{[^{}]*\})*)(?:\.|$)")
_CUT = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s{}\[\]",:]+|[,:"]', re.DOTALL)


class _Number(str):
    """A JSON number as it is written."""


class _Element(Struct):
    """An XML element; ``tag`` as written, prefix and all."""

    tag: str
    attributes: dict[str, str]
    children: list[_Element] = field(default_factory=list)
    text: str = ""


def leaves(text: str, limit: int = 0) -> list[list[str]]:
    """Every leaf: ``[name, value, …]``, names in the order of appearance, each once.

    Args:
        text: JSON or XML; anything else has no leaves.
        limit: only so many characters are read (0: all); JSON that is cut there gives what stands before the cut.
    """
    cut = text[:limit] if limit and len(text) > limit else text
    try:
        pairs = list(_pairs(cut, complete=cut is text))
    except RecursionError:  # nested deeper than any real event: no text of ours, so no leaves
        return []
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return [[name, *values] for name, values in found.items()]


def _pairs(text: str, *, complete: bool) -> Iterator[tuple[str, str]]:
    if text.lstrip()[:1] in ("{", "["):
        tree = _json(text if complete else _completed(text))
        if tree is not None:
            yield from _json_leaves(tree[0], "")
        return
    for root in _xml(text, complete=complete):
        yield from _xml_leaves(root, root.tag)


def at_path(text: str, path: str) -> list[str] | None:
    """The values at a path; None if there are none."""
    steps = _steps(path)
    if steps is None:
        return None
    try:
        return list(_values(text, steps)) or None
    except RecursionError:
        return None


def _values(text: str, steps: list[tuple[str, list[str]]]) -> Iterator[str]:
    if text.lstrip()[:1] in ("{", "["):
        tree = _json(text)
        yield from () if tree is None else map(_text, _json_walk(tree[0], steps))
        return
    for root in _xml(text, complete=True):
        yield from _xml_walk(root, steps)


def _steps(path: str) -> list[tuple[str, list[str]]] | None:
    """``a.b{}.c{@d}`` as [("a", []), ("b", [""]), ("c", ["@d"])]; None for what is no path."""
    steps: list[tuple[str, list[str]]] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None or match.end() == at:
            return None
        steps.append((match[1], re.findall(r"\{([^{}]*)\}", match[2])))
        at = match.end()
    return steps


# --- JSON ---------------------------------------------------------------------------------------------------------


def _json(text: str) -> list[Any] | None:
    """The parsed text in a list of one; None if it is no JSON (null is JSON)."""
    try:
        return [json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_Number)]
    except (ValueError, RecursionError):
        return None


def _completed(text: str) -> str:
    """JSON that was cut off, closed after its last complete value."""
    stack: list[str] = []
    good, closers, key = 0, "", False
    for token in _CUT.finditer(text):
        c = token[0]
        if c in "{[":
            stack.append("}" if c == "{" else "]")
        elif c in "}]" and stack:
            stack.pop()
        elif c == ":":
            key = True
            continue
        elif c == "," or (len(c) > 1 and c[0] == '"' and stack and stack[-1] == "}" and not key):
            continue
        elif c == '"' or (c[0] != '"' and token.end() == len(text)):  # it goes on, or may, behind the cut
            break
        good, closers, key = token.end(), "".join(reversed(stack)), False
    return text[:good] + closers


def _text(node: Any) -> str:
    if isinstance(node, str):
        return node
    if node is None or isinstance(node, bool):
        return json.dumps(node)
    return _dump(node)


def _dump(node: Any) -> str:
    if isinstance(node, _Number):
        return str(node)
    if isinstance(node, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_dump(v)}" for k, v in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(_dump, node)) + "]"
    return json.dumps(node, ensure_ascii=False)


def _json_leaves(node: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _json_leaves(value, f"{name}.{key}" if name else key)
    elif isinstance(node, list):
        for value in node:
            yield from _json_leaves(value, name + "{}")
    elif name:
        yield name, _text(node)


def _json_walk(node: Any, steps: list[tuple[str, list[str]]]) -> Iterator[Any]:
    if not steps:
        yield node
        return
    (key, indexes), rest = steps[0], steps[1:]
    if key:
        if not isinstance(node, dict):
            return
        if key not in node:
            if rest and not indexes:  # the key itself may hold a dot
                yield from _json_walk(node, [(f"{key}.{rest[0][0]}", rest[0][1]), *rest[1:]])
            return
        node = node[key]
    nodes = [node]
    for index in indexes:
        nodes = [element for one in nodes if isinstance(one, list) for element in _elements(one, index)]
    for one in nodes:
        yield from _json_walk(one, rest)


def _elements(array: list[Any], index: str) -> list[Any]:
    if index == "":
        return array
    return array[int(index) : int(index) + 1] if index.isdigit() else []


# --- XML ----------------------------------------------------------------------------------------------------------


def _xml(text: str, *, complete: bool) -> list[_Element]:
    """The root elements; empty for what is no XML. Documents that declare entities are not read (they may explode)."""
    if text.lstrip()[:1] != "<":
        return []
    roots: list[_Element] = []
    stack: list[_Element] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        element = _Element(tag, attributes)
        (stack[-1].children if stack else roots).append(element)
        stack.append(element)

    def data(characters: str) -> None:
        if stack:
            stack[-1].text += characters

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: stack.pop()
    parser.CharacterDataHandler = data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(text, complete)
    except (expat.ExpatError, ValueError):
        return []
    return roots


def _refuse(*declaration: object) -> None:
    raise ValueError("a document type declaration")


def _xml_leaves(element: _Element, name: str) -> Iterator[tuple[str, str]]:
    for attribute, value in element.attributes.items():
        yield f"{name}{{@{attribute}}}", value
    if element.text.strip():
        yield name, element.text.strip()
    for child in element.children:
        yield from _xml_leaves(child, f"{name}.{child.tag}")


def _xml_walk(root: _Element, steps: list[tuple[str, list[str]]]) -> Iterator[str]:
    level = [root]
    for depth, (tag, indexes) in enumerate(steps):
        groups = [level] if depth == 0 else [one.children for one in level]
        level = []
        for group in groups:
            chosen = [one for one in group if one.tag == tag]
            numbers = [int(i) for i in indexes if i.isdigit()]
            level += chosen[numbers[0] - 1 : numbers[0]] if numbers and numbers[0] > 0 else [] if numbers else chosen
        attribute = next((i[1:] for i in indexes if i.startswith("@")), None)
        if attribute is not None:
            yield from (one.attributes[attribute] for one in level if attribute in one.attributes)
            return
    for one in level:
        if one.children:
            yield _markup(one)
        elif one.text.strip():
            yield one.text.strip()


def _markup(element: _Element) -> str:
    """What stands inside an element, as XML."""
    inside = "".join(f"<{c.tag}{_attributes(c)}>{_markup(c)}</{c.tag}>" for c in element.children)
    return _escaped(element.text.strip()) + inside


def _attributes(element: _Element) -> str:
    return "".join(f' {name}="{_escaped(value)}"' for name, value in element.attributes.items())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _object(text: str) -> list[list[str]] | None:
    tree = _json(text)
    if tree is None or not isinstance(tree[0], dict):
        return None
    pairs: list[list[str]] = []
    for key, value in tree[0].items():
        values = [_text(v) for v in value] if isinstance(value, list) else [] if value is None else [_text(value)]
        pairs += [[key, *values]] if key and values else []
    return pairs


spath_leaves = user_function("py_spath_leaves", lambda text: leaves(text, AUTO_LIMIT), ["VARCHAR"], "VARCHAR[][]")
spath_at = user_function("py_spath_at", at_path, ["VARCHAR", "VARCHAR"], "VARCHAR[]")
json_members = user_function("py_json_members", _object, ["VARCHAR"], "VARCHAR[][]")
