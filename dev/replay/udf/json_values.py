"""JSON as eval's JSON functions and ``spath`` see it: text in, text out.

Texts come out compact, keys in their order, whole numbers without decimals. Paths are Splunk's: ``a.b``, ``a{0}``,
``a{}`` for every element. Source: Search Reference, "JSON functions".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from replay.udf import user_function

ALL = None
"""The path step ``{}``."""
Step = str | int | None
_MISSING: Any = object()
_STEP = re.compile(r"\{(\d*)\}|([^.{]+)")
_JSON_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


def _float(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def parse(text: str) -> Any:
    """The value of a JSON text, or ``_MISSING`` if it is none."""
    try:
        return json.loads(text, parse_float=_float, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _MISSING


def dump(value: Any) -> str:
    """Compact JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def native(value: Any) -> str | None:
    """What a field holds of a JSON value: text without quotes, ``true``, numbers; objects and arrays as JSON text."""
    if value is _MISSING or value is None:
        return None
    return value if isinstance(value, str) else dump(value)


@lru_cache(maxsize=1024)
def steps(path: str) -> tuple[Step, ...]:
    """The steps of a path: a key, an index, or ALL."""
    found: list[Step] = []
    for index, key in _STEP.findall(path):
        found.append(key or (int(index) if index else ALL))
    return tuple(found)


def select(value: Any, path: Sequence[Step]) -> list[Any]:
    """Every value at the path. ``{}`` on what is no array stands for the thing itself."""
    found = [value]
    for step in path:
        if step is ALL:
            found = [item for v in found for item in (v if isinstance(v, list) else [v])]
        elif isinstance(step, int):
            found = [v[step] for v in found if isinstance(v, list) and step < len(v)]
        else:
            found = [v[step] for v in found if isinstance(v, dict) and step in v]
    return found


def _at(value: Any, path: Sequence[Step]) -> Any:
    """One value; a path with ``{}`` collects an array."""
    found = select(value, path)
    if ALL in path and not (len(path) == 1 and isinstance(value, dict)):
        return found if found or path[-1] is ALL else _MISSING
    return found[0] if found else _MISSING


# --- reading -------------------------------------------------------------------------------------------------------


def _extract(text: str, paths: list[str | None], exact: bool) -> str | None:
    value = parse(text)
    if value is _MISSING:
        return None
    ways = [(p,) if exact else steps(p) for p in paths if p is not None]
    found = [_at(value, way) for way in ways]
    if not paths:
        return native(value)
    if len(paths) == 1:
        return native(found[0]) if found else None
    return dump([None if v is _MISSING else v for v in found])


def _type(text: str) -> str:
    value = parse(text)
    if value is _MISSING:
        return "invalid"
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "scalar"


def _keys(text: str) -> str | None:
    value = parse(text)
    return dump(list(value)) if isinstance(value, dict) else None


def _entries(text: str) -> str | None:
    value = parse(text)
    return dump([{"key": k, "value": v} for k, v in value.items()]) if isinstance(value, dict) else None


def _has_key(text: str, key: str) -> bool:
    value = parse(text)
    return isinstance(value, dict) and key in value


def _normal(text: str, wanted: str) -> str | None:
    value = parse(text)
    kinds: dict[str, type | tuple[type, ...]] = {"object": dict, "array": list, "any": object}
    return dump(value) if value is not _MISSING and isinstance(value, kinds[wanted]) else None


# --- writing -------------------------------------------------------------------------------------------------------

_Change = Callable[[Any, Sequence[Step], Any], Any]


def _changed(text: str, paths: list[str | None], values: list[str], change: _Change, exact: bool = False) -> str | None:
    document = parse(text)
    if not isinstance(document, (dict, list)):
        return None
    for path, value in zip(paths, values, strict=True):
        if path is not None:
            document = change(document, (path,) if exact else steps(path), parse(value))
    return dump(document)


def _put(node: Any, path: Sequence[Step], value: Any) -> Any:
    """The node with the value at the path; keys are created; where the path does not fit, nothing changes."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if step is ALL:
        return [_put(item, rest, value) for item in node] if isinstance(node, list) else node
    if isinstance(step, int):
        if not isinstance(node, list) or step > len(node):
            return node
        old = node[step] if step < len(node) else _new(rest)
        return [*node[:step], _put(old, rest, value), *node[step + 1 :]]
    if not isinstance(node, dict):
        return node
    return {**node, step: _put(node.get(step, _new(rest)), rest, value)}


def _new(path: Sequence[Step]) -> Any:
    return {} if not path or isinstance(path[0], str) else []


def _append(node: Any, path: Sequence[Step], value: Any) -> Any:
    """The node with the value behind what is at the path; a scalar or object there becomes the first of an array."""
    return _grow(node, path, [value])


def _extend(node: Any, path: Sequence[Step], value: Any) -> Any:
    """As ``_append``, for each value of an array."""
    return _grow(node, path, value if isinstance(value, list) else [value])


def _grow(node: Any, path: Sequence[Step], values: list[Any]) -> Any:
    if not path:
        return [*node, *values] if isinstance(node, list) else [node, *values]
    step, rest = path[0], path[1:]
    if step is ALL and isinstance(node, list):
        return [_grow(item, rest, values) for item in node]
    if isinstance(step, int) and isinstance(node, list) and step < len(node):
        return [*node[:step], _grow(node[step], rest, values), *node[step + 1 :]]
    if isinstance(step, str) and isinstance(node, dict) and step in node:
        return {**node, step: _grow(node[step], rest, values)}
    return node


def _delete(text: str, keys: list[str | None]) -> str | None:
    document = parse(text)
    if not isinstance(document, dict):
        return None
    for key in keys:
        if key is None:
            continue
        listed = parse(key) if key.startswith("[") else _MISSING
        for name in listed if isinstance(listed, list) else [key]:
            document = _without(document, str(name).split("."))
    return dump(document)


def _without(node: Any, path: Sequence[str]) -> Any:
    if not isinstance(node, dict) or path[0] not in node:
        return node
    if len(path) == 1:
        return {k: v for k, v in node.items() if k != path[0]}
    return {**node, path[0]: _without(node[path[0]], path[1:])}


# --- values of fields ----------------------------------------------------------------------------------------------


def _fragment(text: str) -> str:
    """A field's value as JSON: numbers and JSON objects and arrays as themselves, anything else as a string."""
    if _JSON_NUMBER.fullmatch(text):
        return dump(parse(text))
    if text[:1] in ("{", "["):
        value = parse(text)
        if value is not _MISSING:
            return dump(value)
    return dump(text)


def _fragments(values: list[str]) -> str:
    """A multivalue as a JSON array; one value is that value."""
    parts = [_fragment(v) for v in values]
    return parts[0] if len(parts) == 1 else f"[{','.join(parts)}]"


def _to_array(values: list[str], infer: bool) -> str:
    if not infer:
        return dump(values)
    parsed = [parse(v.strip()) for v in values]
    return dump([None if v is _MISSING else v for v in parsed])


def _from_array(text: str, quotes: bool) -> list[str] | None:
    value = parse(text)
    if not isinstance(value, list):
        return None
    return [v if isinstance(v, str) and not quotes else dump(v) for v in value] or None


_LIST = "VARCHAR[]"
extract = user_function("py_json_extract", _extract, ["VARCHAR", _LIST, "BOOLEAN"], "VARCHAR")
json_type = user_function("py_json_type", _type, ["VARCHAR"], "VARCHAR")
keys = user_function("py_json_keys", _keys, ["VARCHAR"], "VARCHAR")
entries = user_function("py_json_entries", _entries, ["VARCHAR"], "VARCHAR")
has_key = user_function("py_json_has_key", _has_key, ["VARCHAR", "VARCHAR"], "BOOLEAN")
normal = user_function("py_json_normal", _normal, ["VARCHAR", "VARCHAR"], "VARCHAR")
put = user_function("py_json_set", lambda t, p, v: _changed(t, p, v, _put), ["VARCHAR", _LIST, _LIST], "VARCHAR")
put_exact = user_function(
    "py_json_set_exact", lambda t, p, v: _changed(t, p, v, _put, exact=True), ["VARCHAR", _LIST, _LIST], "VARCHAR"
)
append = user_function(
    "py_json_append", lambda t, p, v: _changed(t, p, v, _append), ["VARCHAR", _LIST, _LIST], "VARCHAR"
)
extend = user_function(
    "py_json_extend", lambda t, p, v: _changed(t, p, v, _extend), ["VARCHAR", _LIST, _LIST], "VARCHAR"
)
delete = user_function("py_json_delete", _delete, ["VARCHAR", _LIST], "VARCHAR")
fragment = user_function("py_json_fragment", _fragment, ["VARCHAR"], "VARCHAR")
fragments = user_function("py_json_fragments", _fragments, [_LIST], "VARCHAR")
to_array = user_function("py_json_to_array", _to_array, [_LIST, "BOOLEAN"], "VARCHAR")
from_array = user_function("py_json_from_array", _from_array, ["VARCHAR", "BOOLEAN"], _LIST)
