"""What is wrong with the JSON of a dashboard that its JSON schema does not see.

The schema lets pass a misspelt option, a data source that does not exist, an event handler of an unknown type, a token
that nothing sets, a panel that the layout forgets: in Splunk such a panel is empty or waits for ever, and says nothing.

Source: Splunk Enterprise, "Dashboard Studio", "Dashboard definition structure", "Visualizations configuration options",
"Tokens", "Interactions".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Definition = Mapping[str, Any]
Columns = Mapping[str, Sequence[str]]

TOP = frozenset({"title", "description", "dataSources", "visualizations", "inputs", "defaults", "layout"})
SOURCES = {"ds.search": frozenset({"query", "queryParameters"}), "ds.chain": frozenset({"query", "extend"})}
_CHART = frozenset({
    "x", "y", "legendDisplay", "xAxisTitleVisibility", "yAxisTitleVisibility", "seriesColorsByField",
    "dataValuesDisplay", "backgroundColor", "stackMode", "resultLimit",
})  # fmt: skip
OPTIONS: Mapping[str, frozenset[str]] = {
    "splunk.singlevalue": frozenset({
        "majorValue", "majorColor", "majorFontSize", "sparklineDisplay", "trendDisplay", "shouldUseThousandSeparators",
        "backgroundColor", "unit", "unitPosition", "numberPrecision", "underLabel",
    }),
    "splunk.table": frozenset({"count", "columnFormat", "tableFormat", "showRowNumbers", "headerVisibility"}),
    "splunk.column": _CHART,
    "splunk.bar": _CHART,
    "splunk.line": _CHART,
    "splunk.area": _CHART,
    "splunk.pie": frozenset({"labelDisplay", "showDonutHole", "seriesColors", "backgroundColor"}),
    "splunk.markdown": frozenset({"markdown", "fontSize", "fontColor", "backgroundColor"}),
}  # fmt: skip
"""Type of a panel -> options that are used with it here; ``make test-browser`` compares them with Splunk's schema."""
COLUMN_FORMAT = frozenset({"width", "align", "headerAlign", "data", "rowColors", "rowBackgroundColors", "textOverflow"})
INPUTS: Mapping[str, frozenset[str]] = {
    "input.timerange": frozenset({"token", "defaultValue"}),
    "input.dropdown": frozenset({"token", "defaultValue", "items", "selectFirstSearchResult"}),
    "input.text": frozenset({"token", "defaultValue"}),
    "input.multiselect": frozenset({"token", "defaultValue", "items"}),
}
HANDLERS: Mapping[str, frozenset[str]] = {
    "drilldown.setToken": frozenset({"tokens"}),
    "drilldown.customUrl": frozenset({"url", "newTab"}),
}
_PARTS = frozenset({"type", "title", "description", "dataSources", "options", "context", "eventHandlers", "name"})
_TOKEN = re.compile(r"\$([\w.-]+(?: [\w.-]+)*)((?:\|[a-zA-Z]+)*)\$")
_SERIES = re.compile(r"""seriesByName\(['"]([^'"]+)['"]\)""")
_CONTEXT = re.compile(r"(?:rangeValue|matchValue|gradient|prepend|formatByType)\((\w+)\)")
_ROW = re.compile(r"row\.(.+)\.value")


def problems(definition: Definition, columns: Columns | None = None) -> list[str]:
    """Everything that is wrong, a sentence each, with where it is.

    Args:
        definition: the JSON of the dashboard.
        columns: data source -> fields of its results, to check the names of fields, too.
    """
    checks = (_unknown_keys, _sources, _panels, _inputs, _handlers, _tokens, _layout)
    found = [one for check in checks for one in check(definition)]
    return found if columns is None else [*found, *_fields(definition, columns)]


def query_of(definition: Definition, source: str) -> str:
    """The whole search of a data source: that of its base, then its own, as Splunk joins them.

    Raises:
        KeyError: there is no such data source.
    """
    options = definition["dataSources"][source]["options"]
    own = str(options["query"])
    if "extend" not in options:
        return own
    return f"{query_of(definition, options['extend'])}\n| {own.strip().removeprefix('|').strip()}"


def replaced(text: str, tokens: Mapping[str, str]) -> str:
    """A text with its tokens replaced, their filters ``s`` (a quoted string) and ``u`` (for an address) applied.

    Raises:
        KeyError: a token has no value.
    """
    from json import dumps
    from urllib.parse import quote

    filters = {"s": lambda v: dumps(v, ensure_ascii=False), "u": lambda v: quote(v, safe="!'()*-._~")}

    def value(match: re.Match[str]) -> str:
        found = tokens[match[1]]
        for name in match[2].split("|")[1:]:
            found = filters[name](found)
        return found

    return _TOKEN.sub(value, text)


def _unknown_keys(definition: Definition) -> Iterator[str]:
    for key in definition.keys() - TOP:
        yield f"`{key}`: no part of a definition that is known here"


def _items(definition: Definition, part: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from definition.get(part, {}).items()


def _options(where: str, options: Mapping[str, Any], known: frozenset[str]) -> Iterator[str]:
    for name in sorted(options.keys() - known):
        yield f"{where}: unknown option `{name}`"


def _sources(definition: Definition) -> Iterator[str]:
    used = set()
    for name, source in _items(definition, "dataSources"):
        options = source.get("options", {})
        if source.get("type") not in SOURCES:
            yield f"{name}: unknown type `{source.get('type')}`"
            continue
        yield from _options(name, options, SOURCES[source["type"]])
        if source["type"] == "ds.chain":
            used.add(options.get("extend"))
            yield from _base(definition, name)
        elif not options.get("queryParameters", {}).keys() >= {"earliest", "latest"}:
            yield f"{name}: no time range, so it searches all time"
    for part in ("visualizations", "inputs"):
        for name, one in _items(definition, part):
            for role, source_name in one.get("dataSources", {}).items():
                used.add(source_name)
                if source_name not in definition.get("dataSources", {}):
                    yield f"{name}: its data source `{source_name}` ({role}) does not exist"
    for name in sorted(definition.get("dataSources", {}).keys() - used):
        yield f"{name}: nothing uses it"


def _base(definition: Definition, name: str) -> Iterator[str]:
    seen, at = {name}, name
    sources = definition["dataSources"]
    while sources[at].get("type") == "ds.chain":
        at = sources[at]["options"].get("extend")
        if at not in sources:
            yield f"{name}: it extends `{at}`, which does not exist"
            return
        if at in seen:
            yield f"{name}: it extends itself, by way of {', '.join(sorted(seen))}"
            return
        seen.add(at)


def _panels(definition: Definition) -> Iterator[str]:
    for name, panel in _items(definition, "visualizations"):
        if panel.get("type") not in OPTIONS:
            yield f"{name}: unknown type `{panel.get('type')}`"
            continue
        for key in sorted(panel.keys() - _PARTS):
            yield f"{name}: unknown key `{key}`"
        yield from _options(name, panel.get("options", {}), OPTIONS[panel["type"]])
        for column, how in panel.get("options", {}).get("columnFormat", {}).items():
            yield from _options(f"{name}, column `{column}`", how, COLUMN_FORMAT)
        yield from _contexts(name, panel)


def _contexts(name: str, one: Mapping[str, Any]) -> Iterator[str]:
    texts = [text for _, text in _texts(one.get("options", {}), "")]
    named = {match for text in texts if text.startswith(">") for match in _CONTEXT.findall(text)}
    known = set(one.get("context", {}))
    yield from (f"{name}: `{missing}` is in no context" for missing in sorted(named - known))
    words = {word for text in texts if text.startswith(">") for word in re.findall(r"\w+", text)}
    yield from (f"{name}: nothing uses the context `{left}`" for left in sorted(known - words))


def _inputs(definition: Definition) -> Iterator[str]:
    tokens: dict[str, str] = {}
    for name, one in _items(definition, "inputs"):
        if one.get("type") not in INPUTS:
            yield f"{name}: unknown type `{one.get('type')}`"
            continue
        yield from _options(name, one.get("options", {}), INPUTS[one["type"]])
        yield from _contexts(name, one)
        token = one.get("options", {}).get("token", "")
        if not token or token in tokens:
            yield f"{name}: its token `{token}` is {'missing' if not token else f'that of {tokens[token]}, too'}"
        if not one.get("options", {}).get("defaultValue"):
            yield f"{name}: without a default, panels wait for it"
        tokens[token] = name


def _handlers(definition: Definition) -> Iterator[str]:
    for name, panel in _items(definition, "visualizations"):
        for handler in panel.get("eventHandlers", []):
            if handler.get("type") not in HANDLERS:
                yield f"{name}: unknown event handler `{handler.get('type')}`"
                continue
            options = handler.get("options", {})
            yield from _options(f"{name}, {handler['type']}", options, HANDLERS[handler["type"]])
            for one in options.get("tokens", []):
                if one.get("token") not in _defined(definition):
                    yield f"{name}: it sets the token `{one.get('token')}`, which has no input and no default"
            url = options.get("url", "/app/")
            if not url.startswith(("/app/", "https://")):
                yield f"{name}: the address `{url[:40]}` begins neither with /app/ nor with https://"


def _defined(definition: Definition) -> set[str]:
    found = set(definition.get("defaults", {}).get("tokens", {}).get("default", {}))
    for _, one in _items(definition, "inputs"):
        token = one.get("options", {}).get("token", "")
        found |= {f"{token}.earliest", f"{token}.latest"} if one.get("type") == "input.timerange" else {token}
    return found


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{where}.{key}" if where else str(key))
    elif isinstance(value, Sequence):
        for position, inner in enumerate(value):
            yield from _texts(inner, f"{where}[{position}]")


def _tokens(definition: Definition) -> Iterator[str]:
    defined, used = _defined(definition), set()
    for where, text in _texts(definition, ""):
        clicked = ".eventHandlers[" in where
        for name, filters in _TOKEN.findall(text.replace("$$", "")):
            used.add(name)
            if name not in defined and not (clicked and _ROW.fullmatch(name)):
                yield f"{where}: nothing sets the token `{name}`"
            if where.endswith(".query") and "|s" not in filters:
                yield f"{where}: `{name}` goes into the search unquoted; write ${name}|s$"
            elif where.endswith(".url") and "|u" not in filters:
                yield f"{where}: `{name}` goes into the address as it is; write ${name}|u$"
    for name in sorted(defined - used):
        yield f"nothing uses the token `{name}`"


def _layout(definition: Definition) -> Iterator[str]:
    layout = definition.get("layout", {})
    placed = [one["item"] for one in layout.get("structure", [])]
    for part, names in (("visualizations", placed), ("inputs", layout.get("globalInputs", []))):
        there = definition.get(part, {})
        yield from (f"{name}: not in the layout" for name in sorted(there.keys() - set(names)))
        yield from (f"{name}: in the layout, but there is none" for name in sorted(set(names) - there.keys()))
        yield from (f"{name}: twice in the layout" for name in sorted({n for n in names if names.count(n) > 1}))
    width = layout.get("options", {}).get("width", 1200)
    boxes = [(one["item"], one["position"]) for one in layout.get("structure", [])]
    for number, (name, box) in enumerate(boxes):
        if box["x"] < 0 or box["y"] < 0 or box["x"] + box["w"] > width:
            yield f"{name}: outside the width of {width}"
        for other, second in boxes[:number]:
            apart = any(a[p] + a[s] <= b[p] for p, s in ("xw", "yh") for a, b in ((box, second), (second, box)))
            if not apart:
                yield f"{name}: over {other}"


def _fields(definition: Definition, columns: Columns) -> Iterator[str]:
    for part in ("visualizations", "inputs"):
        for name, one in _items(definition, part):
            there = set(columns.get(one.get("dataSources", {}).get("primary", ""), ()))
            options = one.get("options", {})
            named = {
                match for _, text in _texts([options, one.get("context", {})], "") for match in _SERIES.findall(text)
            }
            named |= set(options.get("columnFormat", {})) | set(options.get("seriesColorsByField", {}))
            for where, text in _texts(one.get("eventHandlers", []), ""):
                named |= {match[1] for key in _TOKEN.findall(text) if (match := _ROW.fullmatch(key[0]))}
                named |= {match[1] for match in [_ROW.fullmatch(text)] if match and where.endswith(".key")}
            yield from (f"{name}: the search gives no field `{field}`" for field in sorted(named - there))
