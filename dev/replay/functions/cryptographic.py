"""Cryptographic functions: digests of the UTF-8 bytes, in lower-case hexadecimal.

Source: Search Reference, "Cryptographic functions".
"""

from __future__ import annotations

from replay.expressions import EvalCompiler
from replay.functions import arity, function
from replay.relation import Expr, Kind
from replay.spl.evals import Call
from replay.udf import sha512_of


@function("md5", "sha1", "sha256")
def digest(c: EvalCompiler, call: Call) -> Expr:
    """``md5(s)`` and its like."""
    arity(c, call, 1)
    return Expr(f"{call.name}({c.text(call.args[0]).sql})", Kind.STR)


@function("sha512")
def sha512(c: EvalCompiler, call: Call) -> Expr:
    """``sha512(s)``."""
    arity(c, call, 1)
    return Expr(sha512_of.sql(c.text(call.args[0]).sql), Kind.STR)
