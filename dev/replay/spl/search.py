"""The search language: what follows ``search``, stands before the first pipe, or after ``tstats … where``.

Precedence, tightest first: parentheses, NOT, OR, AND (explicit or by adjacency). Source: Search Reference, "search",
"Order of evaluation"; Search Manual, "Boolean expressions with logical operators".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from replay.spl.scanner import SPACE, Scanner, unescape

_OPERATORS = ("!=", "<=", ">=", "==", "=", "<", ">")
_INDEXED = ("host", "source", "sourcetype", "index", "splunk_server")
TIME_TERMS = frozenset(
    [
        *("earliest", "latest", "_index_earliest", "_index_latest"),
        *("starttime", "endtime", "timeformat", "starttimeu", "endtimeu"),
        *(f"{edge}{unit}ago" for edge in ("", "start", "end") for unit in ("days", "hours", "minutes", "months")),
        *(f"searchtimespan{unit}" for unit in ("minutes", "hours", "days", "months")),
    ]
)


class And(Struct, frozen=True):
    """All of the terms hold; no term at all keeps everything."""

    terms: tuple[SearchExpr, ...]


class Or(Struct, frozen=True):
    """At least one of the terms holds; ``loose`` if written with the word OR and without parentheses around it."""

    terms: tuple[SearchExpr, ...]
    loose: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Or) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(self.terms)


class Not(Struct, frozen=True):
    """The term does not hold (a row without the field is kept)."""

    term: SearchExpr


class Compare(Struct, frozen=True):
    """``field op value``; ``case_sensitive`` for CASE(), ``column`` (1-based) for errors."""

    field: str
    op: str
    value: str
    case_sensitive: bool = False
    column: int = 0


class Text(Struct, frozen=True):
    """A bare word or phrase, looked for in ``_raw``; ``kind`` is word, phrase, TERM or CASE."""

    value: str
    kind: str = "word"
    column: int = 0


class TimeTerm(Struct, frozen=True):
    """``earliest=-1h`` and its like; ``name`` in lower case."""

    name: str
    value: str
    column: int = 0


class Subsearch(Struct, frozen=True):
    """``[ … ]`` inside a search expression: ``body`` is whatever the pipeline parser made of it.

    Its result is text; ``before`` is what stands directly before that text: ``field=`` in ``field=[ … ]``.
    """

    body: object
    column: int = 0
    before: str = ""


SearchExpr = And | Or | Not | Compare | Text | TimeTerm | Subsearch

ParseSubsearch = Callable[[Scanner], object]


def parse_search(s: Scanner, subsearch: ParseSubsearch) -> SearchExpr:
    """Parse a search expression that fills the scanner.

    Raises:
        SearchError: with the column.
    """
    return _Parser(s, subsearch).parse()


def walk(expr: SearchExpr) -> Iterator[SearchExpr]:
    """The expression and every expression in it."""
    yield expr
    match expr:
        case And(terms) | Or(terms):
            for term in terms:
                yield from walk(term)
        case Not(term):
            yield from walk(term)


def has_subsearch(expr: SearchExpr) -> bool:
    """True if there is a ``[ … ]`` in the expression."""
    return any(isinstance(term, Subsearch) for term in walk(expr))


def fields_of(expr: SearchExpr) -> set[str]:
    """Names of the fields that the expression reads (``_raw`` for free text)."""
    names: set[str] = set()
    for term in walk(expr):
        if isinstance(term, Compare):
            names.add(term.field)
        elif isinstance(term, Text) and term.value != "*":
            names.add("_raw")
        elif isinstance(term, TimeTerm):
            names.add("_time")
    return names


class _Parser:
    def __init__(self, s: Scanner, subsearch: ParseSubsearch) -> None:
        self.s = s
        self.subsearch = subsearch

    def parse(self) -> SearchExpr:
        expr = self.conjunction()
        if not self.s.done:
            raise self.s.error("a search expression does not continue like this")
        return expr

    def at_end(self) -> bool:
        """Nothing is left of the expression (an unexpected `)` ends it, for ``parse`` to complain)."""
        return self.s.done or self.s.peek() == ")"

    def conjunction(self) -> SearchExpr:
        """AND binds loosest: terms side by side, or joined by AND."""
        terms: list[SearchExpr] = []
        while not self.at_end():
            if terms and self._operator("AND"):
                if self.at_end():
                    raise self.s.error("AND needs a term after it")
            elif self.s.accept(","):
                continue
            terms.append(self.disjunction())
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def disjunction(self) -> SearchExpr:
        terms = [self.negation()]
        while self._operator("OR"):
            if self.at_end():
                raise self.s.error("OR needs a term after it")
            terms.append(self.negation())
        return terms[0] if len(terms) == 1 else Or(tuple(terms), loose=True)

    def negation(self) -> SearchExpr:
        if self._operator("NOT"):
            if self.at_end():
                raise self.s.error("NOT needs a term after it")
            return Not(self.negation())
        return self.term()

    def _operator(self, word: str) -> bool:
        """Boolean operators are upper case and stand alone."""
        if self.s.peek_word("=<>!") != word:
            return False
        after = self.s.pos + len(word)
        rest = self.s.text[after : self.s.end].lstrip(SPACE)
        if rest.startswith(_OPERATORS):
            return False
        self.s.pos = after
        return True

    def term(self) -> SearchExpr:
        s = self.s
        if s.peek() == "(":
            return _enclosed(_Parser(s.bracketed("("), self.subsearch).parse())
        column = s.pos + 1
        if s.peek() == "[":
            return Subsearch(self.subsearch(s.bracketed("[")), column)
        for name in ("TERM", "CASE"):
            if s.peek(5) == name + "(":
                s.pos += 4
                return Text(self._inside_call(), name, column)
        if s.at_quote():
            text = s.quoted()
            return self._after_field(text, column) or Text(text, "phrase", column)
        at = s.pos
        word = self._word()
        if not word:
            raise s.error("a search term was expected")
        return self._after_field(word, column) or self._free_word(word, at)

    def _free_word(self, word: str, at: int) -> SearchExpr:
        """A bare word: text, or ``host::x`` (SR: search, indexed fields). An operator is none, unless in quotes."""
        if word in ("AND", "OR"):
            raise self.s.error(f"{word} needs a term before it", at)
        if word == "XOR":
            raise self.s.error("XOR is not supported in a search expression (only in eval and where)", at)
        if word == "IN":
            raise self.s.error("IN takes a list in parentheses: field IN (a, b)", at)
        field, _, value = word.partition("::")
        if field in _INDEXED and value:
            return Compare(field, "=", unescape(value), column=at + 1)
        return Text(unescape(word), "word", at + 1)

    def _word(self) -> str:
        """A field name or bare word: it ends before a comparison operator."""
        word = self.s.peek_word("=<>")
        if "!" in word and self.s.text.startswith("!=", self.s.pos + word.index("!")):
            word = word[: word.index("!")]
        elif word.endswith("!") and self.s.text.startswith("=", self.s.pos + len(word)):
            word = word[:-1]
        if not word and self.s.peek() == "'":
            return ""
        self.s.pos += len(word)
        return word

    def _inside_call(self) -> str:
        inner = self.s.bracketed("(")
        text = inner.rest().strip()
        return unescape(text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text)

    def _after_field(self, field: str, column: int) -> SearchExpr | None:
        """What follows a name: an operator and a value, an IN list, or nothing (then the name was free text)."""
        s = self.s
        at = s.pos
        if s.peek_word("=<>!").upper() == "IN":
            after = s.pos + 2
            if s.text[after : s.end].lstrip(SPACE).startswith("("):
                s.pos = after
                return self._in_list(field, column)
        for op in _OPERATORS:
            if s.accept(op):
                return self._value(field, "=" if op == "==" else op, column)
        s.pos = at
        return None

    def _in_list(self, field: str, column: int) -> SearchExpr:
        inner = self.s.bracketed("(")
        values: list[SearchExpr] = []
        while not inner.done:
            if inner.accept(","):
                continue
            values.append(Compare(field, "=", inner.value(), column=column))
        if not values:
            raise inner.error(f"`{field} IN ()` lists no value")
        return Or(tuple(values)) if len(values) > 1 else values[0]

    def _value(self, field: str, op: str, column: int) -> SearchExpr:
        s = self.s
        if s.peek() == "(":
            at = s.pos
            values = _Distribute(s.bracketed("("), self.subsearch, field, op).parse()
            if values == And(()):
                raise s.error(f"`{field}{op}( )` lists no value", at)
            return _enclosed(values)
        if s.peek() == "[":
            at = s.pos
            return Subsearch(self.subsearch(s.bracketed("[")), at + 1, f'"{_escaped(field)}"{op}')
        case_sensitive = False
        if s.peek(5) in ("CASE(", "TERM("):
            case_sensitive = s.peek(5) == "CASE("
            s.pos += 4
            value = self._inside_call()
        elif s.at_quote():
            value = s.quoted()
        else:
            value = unescape(self._bare_value())
            if not value:
                raise s.error(f"`{field}{op}` needs a value")
        if field.lower() in TIME_TERMS:
            return TimeTerm(field.lower(), value, column)
        return Compare(field, op, value, case_sensitive, column)

    def _bare_value(self) -> str:
        """An unquoted value: up to white space or a bracket; a comma ends it only before white space."""
        s = self.s
        s.skip()
        i = s.pos
        while i < s.end and s.text[i] not in SPACE and s.text[i] not in '()[]|"':
            if s.text[i] == "," and (i + 1 >= s.end or s.text[i + 1] in SPACE):
                break
            i += 2 if s.text[i] == "\\" and i + 1 < s.end and s.text[i + 1] not in SPACE else 1
        text = s.text[s.pos : min(i, s.end)]
        s.pos = min(i, s.end)
        return text


def _enclosed(expr: SearchExpr) -> SearchExpr:
    """What stands in parentheses."""
    return replace(expr, loose=False) if isinstance(expr, Or) else expr


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


class _Distribute(_Parser):
    """``field=(a OR b)``: the field and the operator apply to every value inside."""

    def __init__(self, s: Scanner, subsearch: ParseSubsearch, field: str, op: str) -> None:
        super().__init__(s, subsearch)
        self.field = field
        self.op = op

    def term(self) -> SearchExpr:
        if self.s.peek() == "(":
            return _Distribute(self.s.bracketed("("), self.subsearch, self.field, self.op).parse()
        column = self.s.pos + 1
        return Compare(self.field, self.op, self.s.value(), column=column)
