"""RL201: tstats drops rows whose by-field is missing."""

from __future__ import annotations

from collections.abc import Iterator

from replay.commands.tstats import TStats
from replay.linting.examined import ExaminedSearch
from replay.linting.nullable import dataset_of, demanded, may_lack
from replay.linting.rule import Found, search_rule


@search_rule(
    "RL201", "by-field-nullable", "warning",
    title="tstats by a field that events may lack, without fillnull_value",
    why="An event without one of the by-fields is in no group: it vanishes from the results, and the attack with it. "
    "Which fields are missing differs by source (4688 has no parent command line, CrowdStrike no integrity level).",
    mend="Add fillnull_value=null to tstats (a macro can hold it), or group by fields that every event has.",
    bad=r"""
[Shells]
search = | tstats count from datamodel=Endpoint.Processes \
  where Processes.process_name=cmd.exe \
  by Processes.dest Processes.process_path
""",
    good=r"""
[Shells]
search = | tstats fillnull_value=null count from datamodel=Endpoint.Processes \
  where Processes.process_name=cmd.exe \
  by Processes.dest Processes.process_path
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """A field that the where clause demands, or that the model fills in itself, is there."""
    for command in search.every_command():
        dataset = dataset_of(command, search.context) if isinstance(command, TStats) else None
        if not isinstance(command, TStats) or dataset is None or command.fillnull is not None:
            continue
        missing = [f for f in command.by if may_lack(dataset, f) and f not in demanded(command.where)]
        if missing:
            names = ", ".join(f"`{name}`" for name in missing)
            yield Found(search.at(command.column), f"events without {names} are in no row")
