"""summary: what a trained model learned."""

from __future__ import annotations

from typing import Self

from replay.algorithms import find_algorithm
from replay.commands import Command, Needs, command
from replay.context import Context
from replay.errors import Place, SearchError
from replay.models import MLTK, ModelError
from replay.models.call import Call, model_name
from replay.models.files import read_model
from replay.plan import Parser
from replay.relation import Kind, Relation, assign_columns
from replay.spl.scanner import Scanner


@command("summary")
class Summary(Command, frozen=True):
    """``summary [app:]<model>``: coefficients of a regression, the distributions of DensityFunction.

    Source: AI Toolkit, "Search commands for machine learning". The detections of ES Content Updates read from it how
    many values a group stands on (``cardinality``).
    """

    addon = MLTK

    call: Call

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the name of the model; there are no options."""
        s.skip()
        at = s.pos
        name = model_name(s, s.value("the name of a model"), at)
        s.finish("summary")
        return cls(Call("", model=name, place=Place(column=at + 1).within(s.place)))

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """Read the model and let its algorithm say what is in it."""
        state, call = read_model(self.call, ctx)
        try:
            rows = find_algorithm(call.algorithm).summary(state)
        except ModelError as e:
            raise ModelError(f"model `{call.model}` cannot be read: {e.message}", e.place.within(call.place)) from e
        kinds = {n: Kind.STR if isinstance(v, str) else Kind.NUM for row in rows[:1] for n, v in row.items()}
        return ctx.engine.load_rows(rows, assign_columns(kinds))

    def reads_events(self) -> bool:
        """It reads a model, and no event."""
        return False

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Refuse: the command generates."""
        raise SearchError("`summary` must be the first command of a search or subsearch", self.call.place)
