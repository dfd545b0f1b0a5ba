"""apply: the results of a trained model."""

from __future__ import annotations

from typing import Self

from msgspec.structs import replace

from replay.algorithms import find_algorithm
from replay.commands import Command, command
from replay.commands.format import subsearch_text
from replay.context import Context
from replay.errors import Place
from replay.models import MLTK, ModelError
from replay.models.call import Call, model_name, parse_clauses
from replay.models.files import read_model
from replay.plan import Parser, Pipeline
from replay.relation import Relation
from replay.spl.scanner import Scanner


@command("apply")
class Apply(Command, frozen=True):
    """``apply [app:]<model> [as <name>] [<option>=…] [ [ subsearch that gives options ] ]``.

    Source: AI Toolkit, "Using the fit and apply commands"; the subsearch: ES, "Machine Learning Toolkit Macros in
    Splunk Enterprise Security". The options of the call take the place of those of ``fit``, all at once; without any,
    those of ``fit`` hold.
    """

    addon = MLTK

    call: Call
    argument: Pipeline | None = None

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the model and the options."""
        s.skip()
        at = s.pos
        name = model_name(s, s.value("the name of a model"), at)
        clauses, options = parse_clauses(s, "apply", ("as",))
        argument = parser.subsearch(s.bracketed("[")) if s.peek() == "[" else None
        s.finish("apply")
        if clauses[""]:
            raise s.error(f"`apply` takes the name of a model and options, not `{clauses[''][0]}`", at)
        place = Place(column=at + 1).within(s.place)
        output = clauses["as"][0] if "as" in clauses else None
        return cls(Call("", options=options, model=name, output=output, place=place), argument)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Read the model and let its algorithm say what it makes of the rows."""
        call = self.call
        if self.argument is not None:
            s = Scanner(subsearch_text(self.argument, ctx).strip("() "), place=ctx.place)
            clauses, given = parse_clauses(s, "apply", ())
            if clauses[""] or not s.done:
                raise ModelError(f"the subsearch of `apply` gave no options but `{s.text}`", call.place)
            call = replace(call, options={**call.options, **given})
        state, call = read_model(call, ctx)
        try:
            algorithm = find_algorithm(call.algorithm)
            algorithm.check(call, ctx)
            return algorithm.apply(ctx.materialize(rel), state, call, ctx)
        except ModelError as e:
            raise ModelError(f"model `{call.model}` cannot be applied: {e.message}", e.place.within(call.place)) from e
