"""RL207: a field that the data model does not have."""

from __future__ import annotations

from collections.abc import Iterator

from replay.commands.tstats import TStats
from replay.errors import KnowledgeError
from replay.knowledge import DataModel
from replay.linting.examined import ExaminedSearch
from replay.linting.nullable import ALWAYS, model_of
from replay.linting.rule import Found, search_rule
from replay.registry import nearest
from replay.spl.search import Compare, fields_of, walk


@search_rule(
    "RL207", "data-model-field-unknown", "error",
    title="A field, dataset or data model that does not exist",
    why="tstats says nothing of a field that the model does not have: it is null on every event, so that a "
    "condition on it finds nothing and a group by it has no rows.",
    mend="Name the field as the model does, with the prefix of its dataset: Processes.process_name. The models are "
    "those of the loaded Splunk_SA_CIM; load your own with --app, before the app to be linted.",
    bad=r"""
[Shells]
search = | tstats count from datamodel=Endpoint.Processes \
  where Processes.image=cmd.exe \
  by Processes.dest
""",
    good=r"""
[Shells]
search = | tstats count from datamodel=Endpoint.Processes \
  where Processes.process_name=cmd.exe \
  by Processes.dest
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Fields of the datasets above and below the one that is read count as known: the summary holds them."""
    for command in search.every_command():
        if not isinstance(command, TStats) or command.model is None:
            continue
        try:
            model = search.context.knowledge.datamodel(search.context.app, command.model)
            if command.dataset:
                model.dataset(command.dataset)
        except KnowledgeError as error:
            yield Found(search.at(command.column), error.message)
            continue
        yield from _unknown(search, command)


def _unknown(search: ExaminedSearch, command: TStats) -> Iterator[Found]:
    model = model_of(command, search.context)
    assert model is not None
    known = _known(model, command.dataset)
    columns = {one.field: one.column for one in walk(command.where) if isinstance(one, Compare)}
    arguments = [call.argument for call in command.calls if isinstance(call.argument, str)]
    named = dict.fromkeys([*fields_of(command.where), *arguments, *command.by])
    for name in named:
        if name not in known and name not in ALWAYS and name != "_raw" and "*" not in name:
            where = search.at(columns.get(name) or command.column)
            yield Found(where, f"{_called(command)} has no field `{name}`{nearest(name, known)}")


def _called(command: TStats) -> str:
    return f"`{command.model}.{command.dataset}`" if command.dataset else f"data model `{command.model}`"


def _known(model: DataModel, dataset: str | None) -> set[str]:
    root = model.dataset(dataset).lineage[0] if dataset else None
    tree = [d for d in model.datasets.values() if root is None or d.lineage[0] == root]
    return {field.qualified for d in tree for field in d.fields}
