"""Search-time fields as SQL: what props.conf says of an event, from the raw text to the fields that a search names.

The order is Splunk's search-time operation sequence (Knowledge Manager Manual, "The sequence of search-time
operations"): inline extractions, transforms, automatic key-value extraction, aliases, calculated fields, lookups. Only
what a search needs is computed: the wanted fields travel backwards through the stages first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from replay.context import Context
from replay.errors import KnowledgeError
from replay.expressions import EvalCompiler
from replay.functions.fields import fields_read
from replay.knowledge.autokv import automatic_field, discover, prepare
from replay.knowledge.hidden import hidden_columns, prepared_columns
from replay.knowledge.props import Props
from replay.knowledge.transforms import Transform
from replay.knowledge.xml_at_once import Order
from replay.lookup_match import apply_lookup
from replay.regexes import all_matches, first_match, group_names
from replay.relation import NULL, Expr, Kind, Relation, as_text, cast, common_kind
from replay.spl.evals import parse_setting

INTERNAL = ("_raw", "_time", "host", "source", "sourcetype", "index", "_seq")
"""Columns of a raw event; they need no extraction."""
_MANY = 4
"""From this many fields on, reading the whole event once is faster than a search for each (see dev/bench)."""


OVERRIDABLE = ("host", "source", "sourcetype")
"""Columns of a raw event that EVAL, FIELDALIAS and LOOKUP settings may give another value at search time."""


def overridden(props: Props) -> set[str]:
    """The columns of OVERRIDABLE that these settings do give another value."""
    names = {e.field for e in props.evals} | {a.target for a in props.aliases}
    names |= {field for one in props.lookups for _, field in one.lookup.outputs}
    return names & set(OVERRIDABLE)


class Extraction(Struct, frozen=True):
    """One regex and the fields it gives; ``dynamic`` means that the event names them itself (FORMAT $1::$2)."""

    fields: tuple[str, ...]
    transform: Transform | None
    regex: str
    source: str
    dynamic: bool = False


class FieldPlan:
    """The fields of events that share one set of props.

    Args:
        props: the merged props.
        ctx: the search.
        at_once: there are so many events that it is worth while to read each once for many fields.
        orders: finds out which orders of Data are usual in XML events, as far as that is worth while.
    """

    def __init__(
        self, props: Props, ctx: Context, *, at_once: bool, orders: Callable[[], Sequence[Order]] = tuple
    ) -> None:  # fmt: skip
        self.props = props
        self.ctx = ctx
        self.at_once = at_once
        self.orders = orders
        self.extractions = [*self._extracts(), *self._reports()]
        self.evals = {e.field: e for e in props.evals}

    def _extracts(self) -> Iterable[Extraction]:
        for e in self.props.extracts:
            yield Extraction(tuple(group_names(e.regex, e.place)), None, e.regex, e.source_field)

    def _reports(self) -> Iterable[Extraction]:
        for report in self.props.reports:
            for name in report.transforms:
                yield transform_extraction(self.ctx.knowledge.transform(self.ctx.app, name))

    def known(self) -> set[str]:
        """Names of the fields that the settings themselves name."""
        names = {f for e in self.extractions for f in e.fields} | set(self.evals)
        names |= {a.target for a in self.props.aliases}
        return names | {f for one in self.props.lookups for _, f in one.lookup.outputs}

    def discovered(self, raw: Relation) -> set[str]:
        """Names that the events themselves bring (automatic extraction, ``$1::$2`` transforms): looks at the data."""
        names = discover(self.props, raw, self.ctx)
        raw = prepare(self.props, raw, self._sources(raw), None)
        for e in self.extractions:
            if e.dynamic and e.transform is not None:
                keys = _dynamic_lists(e, self._source(e, raw))[0]
                found = self.ctx.engine.execute(f"SELECT DISTINCT unnest({keys}) FROM ({raw.sql()})")
                names |= {name for (name,) in found if name}
        return names

    def apply(self, raw: Relation, wanted: set[str], *, again: bool = False) -> Relation:
        """Events with the wanted fields (a field that the events do not have is null).

        Args:
            raw: events with the columns of INTERNAL.
            wanted: field names, without wildcards.
            again: more fields of these events will be asked for, so what was prepared for them is kept.
        """
        own = overridden(self.props)
        after_lookups = (wanted | own) - (set(INTERNAL) - own)
        lookups = [one for one in self.props.lookups if self._gives(one.lookup.outputs, after_lookups)]
        after_evals = after_lookups | {f for one in lookups for _, f in one.lookup.inputs}
        evals = {f: parse_setting(e.expression, e.place) for f, e in self.evals.items() if f in after_evals}
        after_aliases = (after_evals - set(evals)) | {n for e in evals.values() for n in fields_read(e)}
        aliases = [a for a in self.props.aliases if a.target in after_aliases]
        extracted = after_aliases | {a.source for a in aliases}
        rel = self._extract(raw, sorted(extracted - set(INTERNAL)))
        prepared = prepared_columns(rel) if again else []
        rel = rel.drop(set(hidden_columns(rel)).difference(prepared))
        rel = self._alias(rel, aliases)
        if evals:
            rel = rel.extend({f: EvalCompiler(rel, self.ctx).value(e) for f, e in evals.items()})
        for one in lookups:
            lookup = self.ctx.knowledge.lookup(self.ctx.app, one.lookup.table)
            rel = apply_lookup(rel, lookup, one.lookup.inputs, one.lookup.outputs, one.lookup.overwrite, self.ctx)
        # A lookup without OUTPUT gives what its table has: then all is kept.
        everything = any(not one.lookup.outputs for one in lookups)
        return rel if everything else rel.keep([*INTERNAL, *sorted(wanted), *prepared])

    @staticmethod
    def _gives(outputs: tuple[tuple[str, str], ...], wanted: set[str]) -> bool:
        return not outputs or any(field in wanted for _, field in outputs)

    def _extract(self, raw: Relation, names: list[str]) -> Relation:
        """Fields from the raw text; of two extractions of one field the first that matches counts."""
        if not names:
            return raw
        automatic = [*names, *(self._sources(raw) - set(names))]
        many = self.at_once and len(names) >= _MANY and self.props.kv_mode == "xml"
        raw = prepare(self.props, raw, automatic, self.orders() if many else None)
        lists: dict[str, Expr] = {}
        for e in self.extractions:
            if e.dynamic:
                keys, values = _dynamic_lists(e, self._source(e, raw))
                lists |= {_hidden(e, "keys"): Expr(keys, Kind.MV), _hidden(e, "values"): Expr(values, Kind.MV)}
        raw = raw.extend(lists) if lists else raw
        items: dict[str, Expr] = {}
        for name in names:
            found = [self._from(e, name, raw) for e in self.extractions if name in e.fields or e.dynamic]
            found.append(automatic_field(self.props, name, raw))
            items[name] = _first([e for e in found if e is not NULL])
        return raw.extend(items).drop(lists)

    def _from(self, e: Extraction, name: str, raw: Relation) -> Expr:
        source = self._source(e, raw)
        if e.transform is None:
            return Expr(first_match(source.sql, e.regex, name), Kind.STR)
        if name not in e.fields:
            return _dynamic_field(e, name, raw)
        return transform_field(e, name, source)

    def _sources(self, raw: Relation) -> set[str]:
        """Fields that extractions read and only automatic extraction gives."""
        return {e.source for e in self.extractions if not raw.has(e.source)}

    def _source(self, e: Extraction, raw: Relation) -> Expr:
        """The text that an extraction reads: ``_raw``, or a field that is there without it."""
        return as_text(raw.field(e.source) if raw.has(e.source) else automatic_field(self.props, e.source, raw))

    @staticmethod
    def _alias(rel: Relation, aliases: Iterable[object]) -> Relation:
        items: dict[str, Expr] = {}
        for alias in aliases:
            source, target = alias.source, alias.target  # type: ignore[attr-defined]
            new = rel.field(source)
            if alias.keep_existing:  # type: ignore[attr-defined]
                items[target] = _first([items.get(target, rel.field(target)), new])
            else:  # an alias without its source is no field, not even if the event has one of that name
                items[target] = _first([new, items[target]]) if target in items else new
        return rel.extend(items) if items else rel


def _first(found: list[Expr]) -> Expr:
    if not found:
        return NULL
    if len(found) == 1:
        return found[0]
    kind = common_kind(e.kind for e in found)
    return Expr(f"coalesce({', '.join(cast(e, kind).sql for e in found)})", kind)


# --- transforms -------------------------------------------------------------------------------------------------------


def transform_extraction(t: Transform) -> Extraction:
    """What a transforms.conf stanza extracts (transforms.conf.spec: REGEX and FORMAT, or DELIMS and FIELDS)."""
    if t.regex is None:
        return Extraction(t.fields, t, "", t.source_key, dynamic=not t.fields)
    if t.format is None:
        return Extraction(tuple(group_names(t.regex, t.place)), t, t.regex, t.source_key)
    pairs = _format_pairs(t.format)
    names = tuple(key for key, _ in pairs if "$" not in key)
    return Extraction(names, t, t.regex, t.source_key, dynamic=len(names) < len(pairs))


def _format_pairs(text: str) -> list[tuple[str, str]]:
    """``a::$1 $2::"x $3"`` as (key, value) pairs."""
    import re

    return [(k, v.strip('"')) for k, v in re.findall(r'(\S+?)::("[^"]*"|\S+)', text)]


def transform_field(e: Extraction, name: str, source: Expr) -> Expr:
    """One field of a transform, from its source text."""
    t = e.transform
    assert t is not None
    if t.regex is None:
        return _delimited(t, name, source)
    if t.format is None:
        if t.mv_add:
            return Expr(f"spl_mv({all_matches(source.sql, t.regex, name)})", Kind.MV)
        return Expr(first_match(source.sql, t.regex, name), Kind.STR)
    found: list[Expr] = []
    for key, value in _format_pairs(t.format):
        if key == name:
            found.append(Expr(_formatted(value, source.sql, t.regex), Kind.STR))
    return _first(found)


def _hidden(e: Extraction, part: str) -> str:
    """The column that holds the keys (or values) which a dynamic transform finds in an event."""
    assert e.transform is not None
    return f"__{part}:{e.transform.name}"


def _dynamic_field(e: Extraction, name: str, raw: Relation) -> Expr:
    """A field that the event itself names: what stands in ``values`` where ``keys`` has its name."""
    assert e.transform is not None
    keys, values = raw.field(_hidden(e, "keys")).sql, raw.field(_hidden(e, "values")).sql
    if e.transform.mv_add:
        pairs = f"list_filter(list_zip({keys}, {values}), lambda __p: __p[1] = {_lit(name)})"
        return Expr(f"spl_mv(list_transform({pairs}, lambda __p: __p[2]))", Kind.MV)
    value = f"{values}[list_position({keys}, {_lit(name)})]"
    return Expr(f"nullif({value if e.transform.regex is not None else _unquoted(value)}, '')", Kind.STR)


def _unquoted(value: str) -> str:
    """A value between delimiters, without the quotes around it."""
    return f"trim({value}, '\" ')"


def _lit(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _formatted(value: str, source: str, regex: str) -> str:
    """SQL of a FORMAT value such as ``$1-$2``: null if the regex does not match."""
    import re

    parts = re.split(r"\$(\d+)", value)
    pieces = [_lit(p) if i % 2 == 0 else first_match(source, regex, int(p)) for i, p in enumerate(parts) if p]
    return f"({' || '.join(pieces)})" if len(pieces) > 1 else pieces[0]


def _dynamic_lists(e: Extraction, source: Expr) -> tuple[str, str]:
    """SQL of the list of keys and the list of values that FORMAT ``$1::$2`` (or DELIMS without FIELDS) gives."""
    t = e.transform
    assert t is not None
    if t.regex is None:
        between_pairs, within = (t.delims or ("", ""))[0], _in_class((t.delims or ("", ""))[-1])
        pairs = f"regexp_split_to_array({as_text(source).sql}, {_lit(_char_class(between_pairs))})"
        key, value = _lit(f"(?s)^([^{within}]*)"), _lit(f"(?s)^[^{within}]*[{within}](.*)$")
        keys = f"list_transform({pairs}, lambda __p: trim(regexp_extract(__p, {key}, 1)))"
        values = f"list_transform({pairs}, lambda __p: trim(regexp_extract(__p, {value}, 1)))"
        return keys, values
    groups = [_group(part, t) for pair in _format_pairs(t.format or "") if "$" in pair[0] for part in pair]
    lists = [all_matches(as_text(source).sql, t.regex, group) for group in groups]
    return _joined(lists[::2]), _joined(lists[1::2])


def _group(part: str, t: Transform) -> int:
    """The number of the group that a part of ``$1::$2`` is."""
    if not (part[:1] == "$" and part[1:].isdecimal() and part.isascii()):
        raise KnowledgeError(
            f"FORMAT = {t.format}: where an event names its fields, each name and each value is one group, as in "
            f"$1::$2, not `{part}`", t.place
        )  # fmt: skip
    return int(part[1:])


def _joined(lists: list[str]) -> str:
    return lists[0] if len(lists) == 1 else f"list_concat({', '.join(lists)})"


def _char_class(characters: str) -> str:
    return f"[{_in_class(characters)}]"


def _in_class(characters: str) -> str:
    return "".join("\\" + c if c in "\\]^-[" else c for c in characters)


def _delimited(t: Transform, name: str, source: Expr) -> Expr:
    """DELIMS with FIELDS: the value at the field's position."""
    at = t.fields.index(name) + 1
    parts = f"regexp_split_to_array({source.sql}, {_lit(_char_class((t.delims or ('',))[0]))})"
    return Expr(f"nullif({_unquoted(f'({parts})[{at}]')}, '')", Kind.STR)
