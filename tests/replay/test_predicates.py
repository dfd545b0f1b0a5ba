"""Search expressions on rows: the SQL keeps exactly the rows that the rules of the manual keep.

The rules stand below once more, in plain Python (``keeps``); Hypothesis invents rows and expressions and compares.
Source: Search Reference, "search"; Search Manual, "Difference between NOT and !=" and "Wildcards".
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from replay.engine import Engine, Value
from replay.predicates import compile_search
from replay.relation import Kind, Relation, assign_columns
from replay.spl.scanner import Scanner
from replay.spl.search import And, Compare, Not, Or, SearchExpr, parse_search
from support import Row

ENGINE = Engine()
KINDS = {"text": Kind.STR, "Text": Kind.STR, "number": Kind.NUM, "many": Kind.MV}
ORDERED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def table(rows: Sequence[Row], kinds: Mapping[str, Kind]) -> Relation:
    return ENGINE.load_rows(rows, assign_columns(kinds))


def kept(expr: SearchExpr, rel: Relation) -> list[dict[str, Value]]:
    return list(ENGINE.rows(rel.filter(compile_search(expr, rel.field, lambda term: None))))


def as_number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text, re.ASCII) else None


def equal(text: str, wanted: str) -> bool:
    """Text for text, whatever the case; ``*`` is any run of characters, and nothing else is special."""
    pattern = ".*".join(map(re.escape, wanted.lower().split("*")))
    return re.fullmatch(pattern, text.lower(), re.DOTALL) is not None


def satisfies(text: str, op: str, wanted: str) -> bool:
    if op == "=":
        return equal(text, wanted)
    if op == "!=":
        return not equal(text, wanted)
    a, b = as_number(text), as_number(wanted)
    if a is not None and b is not None:
        return bool(ORDERED[op](a, b))
    return bool(ORDERED[op](text.encode(), wanted.encode()))


def texts(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    return [str(int(value)) if value == int(value) else repr(value)] if isinstance(value, float) else [str(value)]


def keeps(expr: SearchExpr, row: Row) -> bool:
    match expr:
        case And(terms):
            return all(keeps(term, row) for term in terms)
        case Or(terms):
            return any(keeps(term, row) for term in terms)
        case Not(term):
            return not keeps(term, row)
        case Compare(field, op, value):
            return any(satisfies(text, op, value) for text in texts(row.get(field)))
    raise AssertionError(expr)


TEXT = st.sampled_from(
    ["", "a", "A", "ab", "aB.c", "1", "1.0", "10", "-2", "1e1", "é", "É", "a*b", "50%", "a_b", "x^y", "a\nb"]
) | st.text(alphabet="aAbB01.%_^\\ '\"\n", max_size=4)
NUMBER = st.sampled_from([0.0, 1.0, 10.0, -2.0, 2.5, 1234567890.0])
ROW = st.fixed_dictionaries(
    {}, optional={"text": TEXT, "Text": TEXT, "number": NUMBER, "many": st.lists(TEXT, min_size=1, max_size=3)}
)
PATTERN = TEXT | st.sampled_from(["*", "a*", "*b", "*.*", "*a*b*", "**", "1*", "*%", "*\\*", "_*"])
TERM = st.builds(
    Compare,
    st.sampled_from([*KINDS, "absent"]),
    st.sampled_from(["=", "!=", *ORDERED]),
    PATTERN,
)
EXPRESSION = st.recursive(
    TERM,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(lambda terms: And(tuple(terms)), st.lists(inner, max_size=3))
        | st.builds(lambda terms: Or(tuple(terms)), st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=6,
)


@settings(max_examples=400)
@given(st.lists(ROW, min_size=1, max_size=6), EXPRESSION)
@example([{}, {"text": ""}], Compare("text", "!=", "**"))
def test_the_sql_keeps_the_rows_that_the_rules_keep(rows: list[Row], expr: SearchExpr) -> None:
    numbered = [{**row, "id": str(i)} for i, row in enumerate(rows)]
    rel = table(numbered, {**KINDS, "id": Kind.STR})
    assert [row["id"] for row in kept(expr, rel)] == [row["id"] for row in numbered if keeps(expr, row)]


WITHIN = st.builds(
    lambda before, text, after: f"{before}{text}{after}", st.sampled_from(["", "*"]), TEXT, st.sampled_from(["", "*"])
)


@settings(max_examples=200)
@given(st.lists(ROW, min_size=1, max_size=6), st.lists(WITHIN, min_size=1, max_size=8), st.sampled_from(sorted(KINDS)))
def test_alternatives_of_one_field(rows: list[Row], wanted: list[str], field: str) -> None:
    """``x=*a* OR x=b* OR x=c``, and ``x IN (…)``, are tested together."""
    expr = Or(tuple(Compare(field, "=", value) for value in wanted))
    numbered = [{**row, "id": str(i)} for i, row in enumerate(rows)]
    rel = table(numbered, {**KINDS, "id": Kind.STR})
    assert [row["id"] for row in kept(expr, rel)] == [row["id"] for row in numbered if keeps(expr, row)]


def test_thousands_of_alternatives() -> None:
    wanted = [f"*{'x' * 50}{number}.exe*" for number in range(3000)]
    rel = table([{"text": "A " + wanted[2999].strip("*").upper() + " b"}, {"text": "x"}], {"text": Kind.STR})
    assert len(kept(Or(tuple(Compare("text", "=", value) for value in wanted)), rel)) == 1


NETWORKS = [
    ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0", "10.0.0.1x", "10.0.0", "10.0.0.1."]),
    ("192.168.1.0/24", ["192.168.1.7"], ["192.168.2.1", "192.168.1.256", "192.168.1.7/24"]),
    ("192.168.1.77/24", ["192.168.1.7", "192.168.1.77/24"], ["192.168.2.1"]),
    ("1.2.3.4/32", ["1.2.3.4"], ["1.2.3.5"]),
    ("0.0.0.0/0", ["1.2.3.4"], ["::1", ""]),
    ("2001:db8::/32", ["2001:db8::1", "2001:DB8:0:0::2"], ["2001:db9::1", "1.2.3.4", "not an address"]),
    ("fe80::/10", ["fe80::1"], ["::1"]),
    ("10.0.0.0/33", ["10.0.0.0/33"], ["10.0.0.0"]),
]  # fmt: skip


@pytest.mark.parametrize(("network", "inside", "outside"), NETWORKS)
def test_networks(network: str, inside: list[str], outside: list[str]) -> None:
    rel = table([{"ip": ip} for ip in [*inside, *outside]], {"ip": Kind.STR})
    assert [row["ip"] for row in kept(Compare("ip", "=", network), rel)] == inside
    assert [row["ip"] for row in kept(Compare("ip", "!=", network), rel)] == outside


@given(st.lists(st.ip_addresses(v=4), min_size=1, max_size=5), st.ip_addresses(v=4), st.integers(0, 32))
def test_networks_agree_with_ipaddress(
    addresses: list[ipaddress.IPv4Address], base: ipaddress.IPv4Address, bits: int
) -> None:
    network = ipaddress.ip_network(f"{base}/{bits}", strict=False)
    rel = table([{"ip": str(a)} for a in addresses], {"ip": Kind.STR})
    got = [row["ip"] for row in kept(Compare("ip", "=", f"{base}/{bits}"), rel)]
    assert got == [str(a) for a in addresses if a in network]


# search, raw texts that it keeps, raw texts that it does not
FREE_TEXT = [
    ("error", ["an error here", "ERROR", "error.", "x=error", "path/error-1"], ["errors", "terror", "no"]),
    ("err*", ["an error", "err"], ["terror"]),
    ("*err*", ["terror", "err"], ["er"]),
    ('"web error"', ["a web error", "Web Error!"], ["web  error", "error web"]),
    ("web error", ["web error", "error on the web"], ["web", "error"]),
    ("NOT error", ["fine"], ["error"]),
    ("CASE(Error)", ["An Error"], ["an error", "ERROR"]),
    ("TERM(10.0.0.1)", ["from 10.0.0.1 to", "[10.0.0.1]", "10.0.0.1,x"], ["10.0.0.12", "110.0.0.1", "x=10.0.0.1"]),
    ("a.b", ["x a.b y"], ["aXb"]),
    ('"a (b) [c]"', ["x a (b) [c] y"], ["a b c"]),
    ('"50% + 5$"', ["is 50% + 5$ now"], ["50 + 5"]),
    (r'"C:\\Windows\\x"', ["in C:\\Windows\\x"], ["C:Windowsx"]),
    ("-enc", ["powershell -enc abc"], ["powershell enc"]),
    ("cmd.exe OR sh", ["run sh", "c:\\cmd.exe"], ["shell"]),
    ('"zwei\nzeilen"', ["a zwei\nzeilen b"], ["zwei zeilen"]),
    ("größe", ["die GRÖSSE größe x", "GRÖßE"], ["groesse"]),
    ("*", ["anything", ""], []),
    ("NOT *", [], ["anything"]),
]


@pytest.mark.parametrize(("text", "found", "others"), FREE_TEXT)
def test_free_text(text: str, found: list[str], others: list[str]) -> None:
    rel = table([{"_raw": raw} for raw in [*found, *others]], {"_raw": Kind.STR})
    expr = parse_search(Scanner(text), lambda s: None)
    assert [row["_raw"] for row in kept(expr, rel)] == found


def test_free_text_finds_nothing_where_there_is_no_raw_text() -> None:
    rel = table([{"a": "error"}], {"a": Kind.STR})
    assert kept(parse_search(Scanner("error"), lambda s: None), rel) == []


@given(st.text(min_size=1, max_size=8), st.text(max_size=5), st.text(max_size=5))
def test_a_phrase_between_blanks_is_found(phrase: str, before: str, after: str) -> None:
    rel = table([{"_raw": f"{before} {phrase} {after}"}], {"_raw": Kind.STR})
    quoted = '"' + phrase.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert len(kept(parse_search(Scanner(quoted), lambda s: None), rel)) == 1
