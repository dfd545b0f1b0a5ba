"""Search expressions to SQL predicates that are true or false, never null.

``=`` and ``!=`` compare text without regard to case, ``*`` is a wildcard, ``<`` and its like compare numbers where both
sides are numbers; a row without the field satisfies neither ``=`` nor ``!=``. Source: Search Reference, "search";
Search Manual, "Difference between NOT and !=" and "Wildcards".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from replay.relation import Expr, Kind, as_text, quote
from replay.spl.search import And, Compare, Not, Or, SearchExpr, Subsearch, Text, TimeTerm
from replay.udf.addresses import in_cidr

_NUMERIC = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_MAJOR_BREAKERS = r"""[\s,;"'\[\](){}<>|!&]"""
_BREAKERS = r"""[\s,;"'\[\](){}<>|!&=:./\\@#$%\-_*+]"""

_MOST_TEXTS = 50
"""Alternatives of one regular expression: RE2 refuses very large ones."""

Special = Callable[[SearchExpr], "str | None"]
"""What an outer room makes of a term that plain fields do not answer (tag=, eventtype=, time, subsearch): its SQL, or
None for "an ordinary term"."""


def compile_search(expr: SearchExpr, field: Callable[[str], Expr], special: Special) -> str:
    """SQL of a search expression.

    Args:
        expr: the expression.
        field: finds a field.
        special: answers tags, event types, time terms and subsearches.
    """
    answer = special(expr)
    if answer is not None:
        return answer
    match expr:
        case And(terms):
            return _join(" AND ", [compile_search(t, field, special) for t in terms], "true")
        case Or(terms):
            return _join(" OR ", _alternatives(terms, field, special), "false")
        case Not(term):
            return f"(NOT {compile_search(term, field, special)})"
        case Compare():
            return compare(field(expr.field), expr)
        case Text():
            return free_text(field("_raw"), expr)
        case TimeTerm() | Subsearch():
            raise AssertionError(f"{expr} must be answered by the caller")
    raise AssertionError(expr)


def _alternatives(terms: tuple[SearchExpr, ...], field: Callable[[str], Expr], special: Special) -> list[str]:
    """SQL of each term of an Or.

    Equalities of one field become one IN: a subsearch may give 10,000 of them. Tests for texts within one field become
    one regular expression, so that the field is put into lower case and read once.
    """
    values: dict[tuple[str, bool], list[str]] = {}
    texts: dict[tuple[str, bool], list[str]] = {}
    others: list[SearchExpr] = []
    for term in terms:
        if isinstance(term, Compare) and _is_equality(term) and special(term) is None:
            values.setdefault((term.field, term.case_sensitive), []).append(term.value)
        elif isinstance(term, Compare) and _is_text_within(term) and special(term) is None:
            texts.setdefault((term.field, term.case_sensitive), []).append(term.value)
        else:
            others.append(term)
    parts = [_one_of(field(name), listed, case) for (name, case), listed in values.items()]
    for (name, case), listed in texts.items():
        chunks = [listed[i : i + _MOST_TEXTS] for i in range(0, len(listed), _MOST_TEXTS)]
        parts += [_any_within(field(name), chunk, case) for chunk in chunks]
    return parts + [compile_search(term, field, special) for term in others]


def _is_text_within(term: Compare) -> bool:
    """True for ``x=*a*``, ``x=a*`` and ``x=*a``: the lower case of what is not ASCII is DuckDB's affair."""
    fixed = [part for part in term.value.split("*") if part]
    return term.op == "=" and "*" in term.value and term.value.isascii() and len(fixed) == 1


def _any_within(e: Expr, values: list[str], case_sensitive: bool) -> str:
    """SQL: the field (or any value of a multivalue) matches one of the values, in which ``*`` stands for anything."""
    if e.kind is Kind.MV:
        return _any_value(e, _any_within(Expr("v", Kind.STR), values, case_sensitive))
    text = as_text(e).sql if case_sensitive else f"lower({as_text(e).sql})"
    values = list(dict.fromkeys(value if case_sensitive else value.lower() for value in values))
    if len(values) == 1:
        return f"coalesce({_matches(text, values[0], quote)}, false)"
    patterns = (("" if v[0] == "*" else r"\A", re.escape(v.strip("*")), "" if v[-1] == "*" else r"\z") for v in values)
    return f"coalesce(regexp_matches({text}, {quote('|'.join(map(''.join, patterns)))}, 's'), false)"


def _is_equality(term: Compare) -> bool:
    return term.op == "=" and "*" not in term.value and network_of(term.value) is None


def _one_of(e: Expr, values: list[str], case_sensitive: bool) -> str:
    """SQL: the field (or any value of a multivalue) equals one of the values."""
    if e.kind is Kind.MV:
        return _any_value(e, _one_of(Expr("v", Kind.STR), values, case_sensitive))
    text = as_text(e).sql if case_sensitive else f"lower({as_text(e).sql})"
    quoted = list(dict.fromkeys(map(quote if case_sensitive else _lowered, values)))
    if len(quoted) == 1:
        return f"coalesce({text} = {quoted[0]}, false)"
    return f"coalesce({text} IN ({', '.join(quoted)}), false)"


def _any_value(e: Expr, test: str) -> str:
    """SQL: a value ``v`` of a multivalue meets the test."""
    return f"coalesce(len(list_filter({e.sql}, lambda v: {test})) > 0, false)"


def _join(operator: str, parts: list[str], empty: str) -> str:
    return parts[0] if len(parts) == 1 else f"({operator.join(parts)})" if parts else empty


def compare(e: Expr, term: Compare) -> str:
    """SQL of ``field op value``; for a multivalue, true if any value satisfies it."""
    if e.kind is Kind.MV:
        return _any_value(e, compare(Expr("v", Kind.STR), term))
    if term.op in ("=", "!="):
        text = as_text(e).sql
        test = _equals(text, term.value, term.case_sensitive)
        if term.op == "!=":
            test = f"({text} IS NOT NULL AND NOT {test})" if term.value == "*" else f"(NOT {test})"
    else:
        test = _ordered(e, term.op, term.value)
    return f"coalesce({test}, false)"


def _equals(text: str, value: str, case_sensitive: bool) -> str:
    if value == "*":
        return f"({text} IS NOT NULL)"
    network = network_of(value)
    if network is not None:
        return f"(lower({text}) = {_lowered(value)} OR {in_network(text, network)})"
    literal: Callable[[str], str] = quote
    if not case_sensitive:
        text, literal = f"lower({text})", _lowered
    return _matches(text, value, literal)


def _matches(text: str, value: str, literal: Callable[[str], str]) -> str:
    """SQL: the text is the value, in which ``*`` stands for anything."""
    if "*" not in value:
        return f"({text} = {literal(value)})"
    fixed = [part for part in value.split("*") if part]
    if not fixed:
        return f"starts_with({text}, '')"  # null where there is no text
    if len(fixed) == 1:  # several times as fast as LIKE
        function = {(True, True): "contains", (False, True): "starts_with", (True, False): "ends_with"}
        return f"{function[value[0] == '*', value[-1] == '*']}({text}, {literal(fixed[0])})"
    if not re.search("[%_]", value):  # without an escape character LIKE is much faster, too
        return f"({text} LIKE {literal(value.replace('*', '%'))})"
    rare = literal(max(fixed, key=len))
    return f"(contains({text}, {rare}) AND {text} LIKE {literal(like_pattern(value))} ESCAPE '^')"


def _lowered(value: str) -> str:
    """SQL of the value in lower case, by DuckDB's rules like the field that it is compared with: Python's differ for
    some letters (a final sigma, a dotted capital I), so that a value would not be equal to itself."""
    return quote(value.lower()) if value.isascii() else f"lower({quote(value)})"


def like_pattern(value: str) -> str:
    """A Splunk wildcard pattern (only ``*``) as a LIKE pattern with ``^`` as its escape."""
    return re.sub(r"([%_^])", r"^\1", value).replace("*", "%")


def _ordered(e: Expr, op: str, value: str) -> str:
    text = as_text(e).sql
    by_text = f"({text} {op} {quote(value)})"
    if not _NUMERIC.fullmatch(value):
        return by_text
    number = e.sql if e.kind is Kind.NUM else f"spl_num({text})"
    by_number = f"({number} {op} {float(value)!r})"
    return by_number if e.kind is Kind.NUM else f"coalesce({by_number}, {by_text})"


def network_of(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The CIDR network that the value spells, or None."""
    if "/" not in value or not re.fullmatch(r"[0-9A-Fa-f:.]+/\d{1,3}", value):
        return None
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None


def in_network(text: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    """SQL: the text is an address inside the network (false for text that is no address)."""
    if isinstance(network, ipaddress.IPv6Network):
        return in_cidr.sql(quote(str(network)), text)
    value = (
        f"list_reduce(list_transform(string_split({text}, '.'), lambda o: CAST(o AS BIGINT)), lambda a, b: a * 256 + b)"
    )
    is_address = f"regexp_full_match({text}, '((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\\.|$)){{4}}')"
    low, high = int(network.network_address), int(network.broadcast_address)
    return (
        f"(CASE WHEN {is_address} AND NOT ends_with({text}, '.') THEN {value} BETWEEN {low} AND {high} ELSE false END)"
    )


def free_text(raw: Expr, term: Text) -> str:
    """SQL of a word or phrase in ``_raw``. Words match whole segments; ``*`` stands for anything.

    Source: Search Manual, "Use the search command" and "Use CASE() and TERM() to match phrases". The segmentation
    (letters and digits against breakers) is an approximation of Splunk's segmenters.conf.
    """
    if term.value == "*":
        return "true"
    breakers = _MAJOR_BREAKERS if term.kind == "TERM" else _BREAKERS
    body = ".*".join(re.escape(part) for part in term.value.split("*"))
    before = f"(^|{breakers})" if _segment_edge(term.value[:1]) else ""
    after = f"($|{breakers})" if _segment_edge(term.value[-1:]) else ""
    flags = "s" if term.kind == "CASE" else "si"
    text = as_text(raw).sql
    found, alone = (f"regexp_matches({text}, {quote(p)}, '{flags}')" for p in (body, before + body + after))
    if found == alone:
        return f"coalesce({found}, false)"
    return f"CASE WHEN {found} THEN {alone} ELSE false END"  # the letters alone are found several times as fast


def _segment_edge(c: str) -> bool:
    return c != "*" and re.fullmatch(_BREAKERS, c) is None
