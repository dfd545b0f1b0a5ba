"""Data models: trees of datasets, each with the constraints, fields and calculations that it inherits.

Source: Knowledge Manager Manual, "About data models"; Search Reference, datamodel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from replay.errors import KnowledgeError, Place

RootKind = Literal["event", "search", "transaction"]
CalculationKind = Literal["Eval", "Rex", "Lookup", "GeoIP"]

# These belong to every dataset and carry no prefix in a search.
DEFAULT_FIELDS = frozenset({"_time", "_raw", "host", "source", "sourcetype"})


class DatasetField(Struct, frozen=True):
    """A field of a dataset.

    Attributes:
        name: as events have it.
        owner: lineage of the dataset that defines it, joined by dots, which is the prefix in searches.
        type: string, number, boolean, ipv4, timestamp.
        required: events without it do not belong to the dataset.
        multivalue: as declared.
        hidden: not shown in Pivot; searches can still use it.
        column: for the output of a lookup, the column of the table that it comes from.
    """

    name: str
    owner: str
    type: str
    required: bool
    multivalue: bool
    hidden: bool
    column: str | None = None

    @property
    def qualified(self) -> str:
        """What a search calls it: ``Processes.dest``; without prefix for ``_time``, ``host`` and the like."""
        return self.name if self.name in DEFAULT_FIELDS else f"{self.owner}.{self.name}"


class Calculation(Struct, frozen=True):
    """How a dataset makes fields that events do not have.

    Attributes:
        kind: Eval, Rex, Lookup or GeoIP.
        expression: eval expression, or regex with named groups, of the first two kinds.
        input_field: field that Rex and GeoIP read.
        lookup_name: table of a Lookup.
        lookup_inputs: (column, field) pairs that a Lookup matches on.
        outputs: the fields that come out.
        owner: lineage of the dataset that defines it, joined by dots.
        place: file and dataset.
    """

    kind: CalculationKind
    expression: str
    input_field: str
    lookup_name: str
    lookup_inputs: tuple[tuple[str, str], ...]
    outputs: tuple[DatasetField, ...]
    owner: str
    place: Place


class Constraint(Struct, frozen=True):
    """A search expression that every event of the dataset meets."""

    search: str
    owner: str
    place: Place


class Dataset(Struct, frozen=True):
    """A node of a data model, with all that it inherits.

    Attributes:
        name: objectName.
        display_name: for people.
        parent: the dataset above, None for a root.
        lineage: names from the root to this one.
        kind: what the root is.
        base_search: search of a search root (inherited), else None.
        transaction: settings of a transaction root, as the file gives them, else empty.
        constraints: inherited first; all must hold.
        own_fields: fields that this dataset adds, outputs of its calculations not among them.
        inherited_fields: those of the datasets above, root first.
        calculations: in the order in which they are computed, inherited first.
        place: file and dataset.
    """

    name: str
    display_name: str
    parent: str | None
    lineage: tuple[str, ...]
    kind: RootKind
    base_search: str | None
    transaction: Mapping[str, Any]
    constraints: tuple[Constraint, ...]
    own_fields: tuple[DatasetField, ...]
    inherited_fields: tuple[DatasetField, ...]
    calculations: tuple[Calculation, ...]
    place: Place

    @property
    def fields_without_outputs(self) -> tuple[DatasetField, ...]:
        """Inherited and own fields, as events bring them."""
        return (*self.inherited_fields, *self.own_fields)

    @property
    def fields(self) -> tuple[DatasetField, ...]:
        """Every field, each once: inherited, own, calculated; of two with one name the later counts."""
        outputs = [output for one in self.calculations for output in one.outputs]
        every = (*self.fields_without_outputs, *outputs)
        return tuple({one.name: one for one in every}.values())

    def field(self, name: str) -> DatasetField | None:
        """The field of that name, with its prefix or without, or None."""
        return next((one for one in self.fields if name in (one.name, one.qualified)), None)


class DataModel(Struct, frozen=True):
    """A data model: its datasets by name, parents before children."""

    name: str
    display_name: str
    place: Place
    datasets: Mapping[str, Dataset]
    app: str

    def dataset(self, name: str) -> Dataset:
        """The dataset of that name; ``Parent.Child`` is accepted too.

        Raises:
            KnowledgeError: the model has none of that name.
        """
        found = self.datasets.get(name.rpartition(".")[2])
        if found is None or ("." in name and not ".".join(found.lineage).endswith(name)):
            known = ", ".join(f"`{one}`" for one in self.datasets)
            raise KnowledgeError(f"data model `{self.name}` has no dataset `{name}`; it has {known}", self.place)
        return found
