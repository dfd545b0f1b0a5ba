"""fit: train a model on the rows, and apply it to them."""

from __future__ import annotations

from typing import Self

from msgspec.structs import replace

from replay.algorithms import find_algorithm
from replay.commands import Command, command
from replay.commands.fields import expand
from replay.context import Context
from replay.errors import Place
from replay.models import MLTK, ModelError
from replay.models.call import Call, model_name, parse_clauses
from replay.models.codec import decode, encode
from replay.models.files import write_model
from replay.plan import Parser
from replay.relation import Relation
from replay.spl.scanner import Scanner


@command("fit")
class Fit(Command, frozen=True):
    """``fit <algorithm> <field> … [from <field> …] [by <field> …] [<option>=…] [into [app:]<model>] [as <name>]``.

    Source: AI Toolkit, "Using the fit and apply commands", "Search commands for machine learning". Field names may
    hold ``*``; several fields after ``by`` stand in quotes, with commas. The model is kept as ``outputlookup`` keeps a
    table: as long as the session, and no file of a loaded app is touched. Without any row there is nothing to train
    on: a warning, and no model.
    """

    addon = MLTK

    call: Call

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the algorithm and its arguments."""
        s.skip()
        at = s.pos
        name = s.value("the name of an algorithm")
        place = Place(column=at + 1).within(s.place)
        try:
            algorithm = find_algorithm(name)
        except ModelError as e:
            raise s.error(f"`fit`: {e.message}", at) from e
        clauses, options = parse_clauses(s, "fit", ("from", "by", "into", "as"))
        s.finish("fit")
        into = clauses.get("into", [])
        call = Call(
            name,
            tuple(clauses[""]),
            tuple(clauses.get("from", ())),
            tuple(part.strip() for group in clauses.get("by", ()) for part in group.split(",") if part.strip()),
            options,
            model_name(s, into[0], at) if into else "",
            clauses["as"][0] if "as" in clauses else None,
            place,
        )
        algorithm.check(call, parser.context)
        return cls(call)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Train now, keep the model, and hand on the rows with its results."""
        rel = ctx.materialize(rel)
        if not ctx.engine.count(rel):
            ctx.warn(f"`fit {self.call.algorithm}` got no rows: no model was trained")
            return rel
        algorithm = find_algorithm(self.call.algorithm)
        fields = tuple(expand(self.call.fields, rel))
        features = tuple(name for name in expand(self.call.features, rel) if name not in fields)
        if not fields or (self.call.features and not features):
            asked = self.call.features if fields else self.call.fields
            raise ModelError(f"`fit`: no field to train on is named {', '.join(asked) or 'at all'}", self.call.place)
        call = replace(self.call, fields=fields, features=features)
        try:
            # Through the text, so that the rows see what an `apply` of the kept model sees.
            state = decode(encode(algorithm.fit(rel, call, ctx)))
            after = algorithm.apply(rel, state, call, ctx)
        except ModelError as e:
            raise ModelError(f"`fit {call.algorithm}`: {e.message}", e.place.within(call.place)) from e
        if call.model:
            write_model(state, call, ctx)
        return after
