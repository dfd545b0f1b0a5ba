"""A finding stands where a person would look: line and column of the file, through continuations and macros."""

from __future__ import annotations

from pathlib import Path

import pytest
from replay.linting.linter import lint
from replay.session import Session
from support import write_app

from .conftest import Linted

# text of savedsearches.conf, rule, (line, column), what stands there
CASES = [
    (
        "[S]\nsearch = index=win | stats count by dest\naction.risk.param._risk_message = on $host$\n",
        "RL101", (3, 38), "$host$",
    ),
    (
        "# a comment\n\n[S]\nsearch = | tstats count \\\n  from datamodel=Endpoint.Processes \\\n"
        "  where Processes.process_path!=x by Processes.dest\n",
        "RL204", (6, 9), "Processes.process_path",
    ),
    (
        "[S]\nsearch = \\\n  | tstats summariesonly=true count \\\n  from datamodel=Endpoint.Ports by Ports.dest\n",
        "RL202", (3, 12), "summariesonly",
    ),
    (
        "[S]\nsearch=index=win | table dest | `nobody`\n",
        "RL301", (2, 33), "`nobody`",
    ),
    (
        "[S]\nsearch = | tstats count from datamodel=Endpoint.Processes where `named` by Processes.dest\n"
        "# macros.conf\n[named]\ndefinition = Processes.process_path!=x\n",
        "RL204", (2, 65), "`named`",
    ),
    (
        "# macros.conf\n[S]\niseval = 0\ndefinition = search x=$a$ `nobody`\n",
        "RL301", (3, 27), "`nobody`",
    ),
    (
        "[S]\nsearch = index=win ```a comment``` | lookup nobody dest\n",
        "RL305", (2, 45), "nobody",
    ),
    (
        "[S]\nsearch = index=win | stats count by dest\naction.risk.param._risk = [\\\n"
        '  {"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 5},\\\n'
        '  {"risk_object_field": "dest", "risk_object_type": "host", "risk_score": 5}]\n',
        "RL108", (5, 3), '{"risk_object_field"',
    ),
    (
        "[S]\nsearch = index=win \\\n| table `never\n",
        "RL001", (3, 9), "`never",
    ),
    (
        "[S]\nsearch = index=win `nobody` | table `never\n",
        "RL001", (2, 37), "`never",
    ),
    (
        "[S]\nsearch = index=win | table ```never\n",
        "RL001", (2, 28), "```never",
    ),
    (
        "[S]\nsearch = index=win \\\n| `outer`\n# macros.conf\n[outer]\ndefinition = `inner`\n"
        "[inner]\ndefinition = table `never\n",
        "RL001", (3, 3), "`outer`",
    ),
    (
        "[S]\nsearch = index=win | stats count by dest | eval a=nosuch(1) | table a\n",
        "RL001", (2, 51), "nosuch",
    ),
    (
        "# macros.conf\n[S]\ndefinition = search \\\n  a=`never\n",
        "RL301", (3, 5), "`never",
    ),
    (
        "[S]\nsearch = index=win\naction.notable.param.drilldown_search = index=win `never\n",
        "RL306", (3, 51), "`never",
    ),
    (
        "[S]\nsearch = index=win\naction.notable.param.drilldown_search = index=win `never(`\n",
        "RL306", (3, 51), "`never(",
    ),
    (  # what looks like it stands in a name, in an escape and in another drilldown before
        "[S]\nsearch = index=win\naction.notable.param.drilldown_searches = [\\\n"
        '  {"name": "`nobody` in {", "search": "a=\\"`\\""},\\\n'
        '  {"name": "b", "search": "\\ud83d\\ude00 a=\\"x\\" \\u0060nobody`"}]\n',
        "RL306", (5, 49), "\\u0060nobody`",
    ),
    (
        "[S]\nsearch = index=win\naction.notable.param.drilldown_searches = "
        '[{"name": "$a$", "search": "a=\\"$a$\\" b=$a$"}]\n',
        "RL104", (3, 83), "$a$",
    ),
    (
        "[S]\nsearch = index=win | stats count by dest\naction.risk.param._risk = "
        '[{"threat_object_field": "dest", "threat_object_type": "{"}, "{", {"risk_object_field": "dest"}]\n',
        "RL106", (3, 93), '{"risk_object_field"',
    ),
    (
        "[S]\nsearch = index=win\naction.risk.param._risk = "
        '[[], {"threat_object_field": "a", "threat_object_type": "b"}]\n',
        "RL105", (3, 28), "[], ",
    ),
    (
        "[S]\nsearch = index=win\naction.correlationsearch.annotations = "
        '{"note": ["T1955"], "mitre_attack": ["T1055", "T1955"]}\n',
        "RL109", (3, 86), '"T1955"]}',
    ),
    (
        "[S]\nsearch = index=win | stats count by src_user\nalert.suppress.fields = src_user, user\n",
        "RL103", (3, 35), "user",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "where", "there"), CASES, ids=[case[1] for case in CASES])
def test_line_and_column(text: str, code: str, where: tuple[int, int], there: str, linted: Linted) -> None:
    (found,) = linted(text, code)
    assert (found.place.line, found.place.column) == where
    assert found.place.stanza == "S"
    assert found.place.file is not None
    line = Path(found.place.file).read_text(encoding="utf-8").splitlines()[where[0] - 1]
    assert line[where[1] - 1 :].startswith(there)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_with_a_byte_order_mark(encoding: str, tmp_path: Path) -> None:
    app = write_app(tmp_path / "marked", {})
    path = app / "default/savedsearches.conf"
    path.write_text("[S]\nsearch = \u00e9 | nosuch\n", encoding=encoding)
    assert [(one.rule.code, one.place.line, one.place.column) for one in lint(Session([app]))] == [("RL001", 2, 14)]
    path.write_text("[S]\n# replay-lint: ignore=RL001 a reason\nsearch = \u00e9 | nosuch\n", encoding=encoding)
    assert lint(Session([app])) == []
