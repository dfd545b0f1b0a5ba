"""Mathematical, trigonometric and statistical eval functions.

Source: Search Reference, "Mathematical functions", "Trigonometry and Hyperbolic functions", "Statistical eval
functions". What has no real result (the root of a negative number, a logarithm of zero) is null.
"""

from __future__ import annotations

from replay.expressions import EvalCompiler
from replay.functions import EvalFunction, arity, function, integer, once, over
from replay.relation import Expr, Kind, as_list
from replay.spl.evals import Binary, Call, EvalExpr, Number, String, Unary

_UNARY = {
    "abs": "abs({})",
    "ceil": "ceil({})",
    "ceiling": "ceil({})",
    "floor": "floor({})",
    "exp": "exp({})",
    "exact": "({})",
    "ln": "spl_real(ln({}))",
    "sqrt": "spl_real(sqrt({}))",
    "sin": "spl_real(sin({}))",
    "cos": "spl_real(cos({}))",
    "tan": "spl_real(tan({}))",
    "asin": "spl_real(asin({}))",
    "acos": "spl_real(acos({}))",
    "atan": "atan({})",
    "sinh": "sinh({})",
    "cosh": "cosh({})",
    "tanh": "tanh({})",
    "asinh": "asinh({})",
    "acosh": "spl_real(acosh({}))",
    "atanh": "spl_real(atanh({}))",
}
_BINARY = {
    "pow": "spl_real(pow({}, {}))",
    "atan2": "atan2({}, {})",
    "hypot": "sqrt(pow({}, 2) + pow({}, 2))",
}


def _numeric(template: str, count: int) -> EvalFunction:
    def compile_call(c: EvalCompiler, call: Call) -> Expr:
        arity(c, call, count)
        return _tried(template, [c.number(a).sql for a in call.args])

    return compile_call


def _tried(template: str, arguments: list[str], known: tuple[str, ...] = ()) -> Expr:
    """The template with these arguments; null where it has no result. A random number is drawn once, and outside of
    TRY, which takes none."""
    if len(known) == len(arguments):
        return Expr(f"try({template.format(*known)})", Kind.NUM)
    argument = arguments[len(known)]
    if "random()" not in argument:
        return _tried(template, arguments, (*known, argument))
    return Expr(once(argument, lambda value: _tried(template, arguments, (*known, value)).sql), Kind.NUM)


for _name, _template in _UNARY.items():
    function(_name)(_numeric(_template, 1))
for _name, _template in _BINARY.items():
    function(_name)(_numeric(_template, 2))


@function("pi")
def pi(c: EvalCompiler, call: Call) -> Expr:
    """``pi()``."""
    arity(c, call, 0)
    return Expr("pi()", Kind.NUM)


@function("log")
def log(c: EvalCompiler, call: Call) -> Expr:
    """``log(x[, base])``; base 10 by default."""
    arity(c, call, 1, 2)
    x = c.number(call.args[0]).sql
    if len(call.args) == 1:
        return _tried("spl_real(log10({}))", [x])
    return _tried("spl_real(spl_log({}, {}))", [x, c.number(call.args[1]).sql])


@function("round")
def round_(c: EvalCompiler, call: Call) -> Expr:
    """``round(x[, places])``: half away from zero.

    Raises:
        SearchError: a negative number of places.
    """
    arity(c, call, 1, 2)
    x = c.number(call.args[0]).sql
    if len(call.args) == 1:
        return Expr(f"round({x})", Kind.NUM)
    places = call.args[1]
    if isinstance(places, Unary) and places.op == "-":
        raise c.error("`round` takes no negative number of decimal places", places)
    return Expr(f"round({x}, CAST({integer(c, places)} AS INTEGER))", Kind.NUM)


# --- significant figures -------------------------------------------------------------------------------------------


@function("sigfig")
def sigfig(c: EvalCompiler, call: Call) -> Expr:
    """``sigfig(expression)``: the number with as many significant figures as its calculation carries.

    Multiplication and division keep the fewest significant figures of their operands, addition and subtraction the
    fewest decimal places.
    """
    arity(c, call, 1)
    node = call.args[0]
    x = c.number(node).sql
    if not isinstance(node, Binary) or node.op not in ("*", "/", "+", "-"):
        return Expr(x, Kind.NUM)
    family = ("*", "/") if node.op in ("*", "/") else ("+", "-")
    measure = "spl_figures" if family == ("*", "/") else "spl_decimals"
    least = ", ".join(f"{measure}({_digits(c, operand)})" for operand in _operands(node, family))
    rounding = "spl_sigfig" if family == ("*", "/") else "round"
    return Expr(f"{rounding}({x}, least({least}))", Kind.NUM)


def _operands(node: EvalExpr, family: tuple[str, str]) -> list[EvalExpr]:
    if isinstance(node, Binary) and node.op in family:
        return _operands(node.left, family) + _operands(node.right, family)
    return [node]


def _digits(c: EvalCompiler, node: EvalExpr) -> str:
    return f"'{node.text}'" if isinstance(node, Number) else c.text(node).sql


# --- several values ------------------------------------------------------------------------------------------------


@function("sum")
def sum_(c: EvalCompiler, call: Call) -> Expr:
    """``sum(a, …)``: of the numbers among the values; what is no number is ignored."""
    return Expr(f"list_sum({_numbers(c, call)})", Kind.NUM)


@function("avg")
def avg(c: EvalCompiler, call: Call) -> Expr:
    """``avg(a, …)``: of the numbers among the values."""
    return Expr(f"list_avg({_numbers(c, call)})", Kind.NUM)


def _numbers(c: EvalCompiler, call: Call) -> str:
    arity(c, call, 1, None)
    for node in call.args:
        if isinstance(node, String):
            raise c.error(f"`{call.name}` takes numbers, not a quoted string: use tonumber()", node)
    lists = []
    for node in call.args:
        e = c.value(node)
        lists.append(over(e.sql, lambda v: f"spl_num({v})") if e.kind is Kind.MV else f"[{c.number(node).sql}]")
    return lists[0] if len(lists) == 1 else f"list_concat({', '.join(lists)})"


@function("max", "min")
def extreme(c: EvalCompiler, call: Call) -> Expr:
    """``max(a, …)``, ``min(a, …)``: of all values; any text is greater than any number."""
    arity(c, call, 1, None)
    values = [c.value(node) for node in call.args]
    if all(v.kind is Kind.NUM for v in values):
        chosen = "greatest" if call.name == "max" else "least"
        return Expr(f"{chosen}({', '.join(v.sql for v in values)})", Kind.NUM)
    lists = [as_list(v).sql for v in values]
    joined = lists[0] if len(lists) == 1 else f"list_concat({', '.join(lists)})"
    return Expr(f"spl_{call.name}({joined})", Kind.STR)


@function("random")
def random(c: EvalCompiler, call: Call) -> Expr:
    """``random()``: a whole number from 0 to 2^31-1."""
    arity(c, call, 0)
    return Expr("floor(random() * 2147483648)", Kind.NUM)


# --- bits ----------------------------------------------------------------------------------------------------------


@function("bit_and", "bit_or", "bit_xor")
def bit_and(c: EvalCompiler, call: Call) -> Expr:
    """``bit_and(a, b, …)`` and its like, on whole numbers from 0 to 2^53-1; anything else is null.

    Source: Search Reference, "Bitwise functions".
    """
    arity(c, call, 2, None)
    template = {"bit_and": "({} & {})", "bit_or": "({} | {})", "bit_xor": "xor({}, {})"}[call.name]
    sql = _bits(c, call.args[0])
    for node in call.args[1:]:
        sql = template.format(sql, _bits(c, node))
    return Expr(f"CAST({sql} AS DOUBLE)", Kind.NUM)


@function("bit_not")
def bit_not(c: EvalCompiler, call: Call) -> Expr:
    """``bit_not(a[, mask])``: the bits that are not set, of those in the mask (53 bits by default)."""
    arity(c, call, 1, 2)
    mask = _bits(c, call.args[1]) if len(call.args) == 2 else _ALL_BITS
    return Expr(f"CAST((xor({_bits(c, call.args[0])}, {_ALL_BITS}) & {mask}) AS DOUBLE)", Kind.NUM)


@function("bit_shift_left", "bit_shift_right")
def bit_shift(c: EvalCompiler, call: Call) -> Expr:
    """``bit_shift_left(a, n)``: bits beyond the 53rd are lost."""
    arity(c, call, 2)
    pair = f"[{_bits(c, call.args[0])}, {_bits(c, call.args[1])}]"

    def shifted(p: str) -> str:
        if call.name == "bit_shift_right":
            moved = f"{p}[1] >> {p}[2]"
        else:  # what would be pushed out is masked first: DuckDB refuses to lose bits
            moved = f"({p}[1] & ({_ALL_BITS} >> {p}[2])) << {p}[2]"
        return f"CASE WHEN {p}[2] > 53 THEN 0 * {p}[1] WHEN {p}[2] <= 53 THEN {moved} END"

    return Expr(f"CAST({once(pair, shifted)} AS DOUBLE)", Kind.NUM)


_ALL_BITS = "9007199254740991"


def _bits(c: EvalCompiler, node: EvalExpr) -> str:
    return f"spl_bits({c.number(node).sql})"
