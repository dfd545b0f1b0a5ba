"""Algorithms of ``fit`` and ``apply``, one file per algorithm: how it is trained, and its results as SQL.

Source: AI Toolkit, "Algorithms in the AI Toolkit". A class claims its name with ``@algorithm("LinearRegression")``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from replay.context import Context
from replay.errors import SearchError
from replay.models import ModelError
from replay.models.call import Call
from replay.models.codec import Coded
from replay.registry import Registry
from replay.relation import Relation


class Algorithm(ABC):
    """One algorithm. Its model is the state that the toolkit keeps, in the toolkit's names."""

    options: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    """Those of the options that are true or false."""

    def check(self, call: Call, ctx: Context) -> None:
        """Refuse what the algorithm does not take, before any row is read.

        Raises:
            SearchError: an option that it does not have, or of no value that it takes.
        """
        for name in call.options:
            if name not in self.options:
                known = ", ".join(self.options)
                raise SearchError(f"`{call.algorithm}` has no option `{name}` here (it has: {known})", call.place)
        for name in self.flags:
            call.flag(name)

    @abstractmethod
    def fit(self, rel: Relation, call: Call, ctx: Context) -> Coded:
        """Train on rows.

        Args:
            rel: the rows; materialized, not none.
            call: the call; its fields exist by name, wildcards are gone.
            ctx: the search.

        Raises:
            ModelError: these rows cannot train it.
        """

    @abstractmethod
    def apply(self, rel: Relation, state: Coded, call: Call, ctx: Context) -> Relation:
        """The rows with the model's results.

        Args:
            rel: the rows; materialized.
            state: a model; from a file, so not trusted.
            call: the call.
            ctx: the search.

        Raises:
            ModelError: the state is not that of the algorithm, or cannot be applied to these rows.
        """

    @abstractmethod
    def summary(self, state: Coded) -> list[dict[str, str | float]]:
        """What the command ``summary`` says of a model: rows of field -> value, all with the same fields.

        Raises:
            ModelError: the state is not that of the algorithm.
        """


ALGORITHMS: Registry[type[Algorithm]] = Registry("replay.algorithms", "algorithm")
algorithm = ALGORITHMS.claim


def find_algorithm(name: str) -> Algorithm:
    """The algorithm of this name (with case, as the toolkit has it).

    Raises:
        ModelError: there is none here.
    """
    found = ALGORITHMS.get(name)
    if found is None:
        known = ", ".join(ALGORITHMS.names())
        raise ModelError(f"algorithm `{name}` is not among those of this engine: {known}")
    return found()


def regression_fields(call: Call) -> tuple[str, tuple[str, ...]]:
    """The target and the fields of ``<target> from <field> …``.

    Raises:
        SearchError: the call is of another form.
    """
    if len(call.fields) != 1 or not call.features or call.by:
        raise SearchError(f"write `fit {call.algorithm} <field to predict> from <field> …`", call.place)
    return call.fields[0], call.features
