"""RL208: a test on name.exe that misses names without it."""

from __future__ import annotations

from collections.abc import Iterator

from replay.commands.tstats import TStats
from replay.linting.examined import ExaminedSearch
from replay.linting.nullable import positive
from replay.linting.rule import Found, search_rule
from replay.linting.settings import listed
from replay.spl.search import Compare

_FIELDS = ("Processes.process_name", "Processes.parent_process_name")


@search_rule(
    "RL208", "exe-test-misses-bare-name", "note",
    title="A test on `name.exe` that misses process names without `.exe`",
    why="Some mappings of CrowdStrike events give process names without their ending: `cmd`, not `cmd.exe`. The test "
    "then finds nothing from these hosts.",
    mend="Look at what your CrowdStrike events hold. If it is bare names, test for both, or add them in a macro. If "
    "the search is not for CrowdStrike, say so in the annotation data_source.",
    bad=r"""
[Shells]
search = | tstats count from datamodel=Endpoint.Processes \
  where Processes.process_name=cmd.exe \
  by Processes.dest
action.correlationsearch.annotations = {"data_source": ["CrowdStrike ProcessRollup2"]}
""",
    good=r"""
[Shells]
search = | tstats count from datamodel=Endpoint.Processes \
  where (Processes.process_name=cmd.exe OR Processes.process_name=cmd) \
  by Processes.dest
action.correlationsearch.annotations = {"data_source": ["CrowdStrike ProcessRollup2"]}
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """One finding for each tstats: the first such test, and how many more there are. Silent for other sources."""
    sources = [str(one).lower() for one, _ in listed(search, "data_source")]
    if sources and not any("crowdstrike" in one for one in sources):
        return
    for command in search.every_command():
        if not isinstance(command, TStats):
            continue
        compared = [one for one in positive(command.where) if isinstance(one, Compare)]
        tests = [one for one in compared if one.op == "=" and one.field in _FIELDS]
        missed = [one for one in tests if one.value.lower().endswith(".exe") and not _also_bare(one, tests)]
        if missed:
            more = f", and {len(missed) - 1} more" if len(missed) > 1 else ""
            yield Found(search.at(missed[0].column), f"`{missed[0].field}={missed[0].value}`{more}")


def _also_bare(test: Compare, tests: list[Compare]) -> bool:
    """The test has a wildcard that takes the bare name, or another one does."""
    bare = test.value.lower().removesuffix(".exe")
    if "*" in bare and not bare.strip("*"):
        return True
    others = [one.value.lower() for one in tests if one.field == test.field]
    return bare in others or any(one.endswith("*") and bare.startswith(one[:-1].lstrip("*")) for one in others)
