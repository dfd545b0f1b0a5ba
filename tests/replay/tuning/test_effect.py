"""What candidates do to hits, to risk, and to known attacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from replay.errors import SearchError
from replay.session import Session
from replay.tuning.attacks import known_attacks
from replay.tuning.effect import Candidate, Effect, Tuning, tune
from replay.tuning.filters import find_filter

WriteLog = Callable[..., Path]
H1, H2, H3 = ("h1", "ann", "cmd.exe"), ("h2", "bob", "cmd.exe"), ("h2", "ann", "powershell.exe")


def tuned(
    app: Path, log: Path, *filters: str, search: str = "Tools", tests: Path | None = None
) -> tuple[Tuning, list[str]]:
    """Try filters on a log; also returns what was warned of."""
    said: list[str] = []
    session = Session([app], warn=said.append)
    saved = session.knowledge.saved_search(search)
    call = find_filter(saved)
    attacks = known_attacks(tests, saved, call, said.append) if tests else []
    session.load([log], "tools")
    ctx = session.saved_context(saved)
    return tune(session, saved, call, ctx, [Candidate(text) for text in filters], attacks), said


def destinations(effect: Effect) -> list[str]:
    return sorted(str(row["dest"]) for row in effect.dropped)


@pytest.mark.parametrize("search", ["Tools", "Enriched"])
def test_hits_and_risk_of_each_object(app: Path, write_log: WriteLog, search: str) -> None:
    log = write_log("a.log", H1, H2, H3)
    tuning, _ = tuned(app, log, "search NOT dest=H2", 'where user!="ann"', "search *", search=search)
    assert len(tuning.hits.rows) == 3
    assert tuning.fields == ["dest", "user", "tool"]
    by_dest, by_user, everything = tuning.effects
    assert destinations(by_dest) == ["h2", "h2"]
    assert by_dest.risk == {"ann": (20, 10), "bob": (10, 0), "h1": (40, 40), "h2": (80, 0)}
    assert by_dest.lost == 100
    assert destinations(by_user) == ["h1", "h2"]
    assert (everything.dropped, everything.lost) == ([], 0)


def test_a_search_without_risk(app: Path, write_log: WriteLog) -> None:
    tuning, _ = tuned(app, write_log("a.log", H1, H2), "search NOT dest=h1", search="No risk")
    assert (destinations(tuning.effects[0]), tuning.effects[0].risk) == (["h1"], {})


def test_two_hits_that_look_the_same_are_two(app: Path, write_log: WriteLog) -> None:
    tuning, _ = tuned(app, write_log("a.log", H1, H1, H2), "search NOT dest=h1")
    assert len(tuning.effects[0].dropped) == 2


def test_what_follows_the_filter_decides_on_hits_too(app: Path, write_log: WriteLog) -> None:
    log = write_log("a.log", H1, ("h1", "ann", "quiet.exe"))
    tuning, _ = tuned(app, log, "search NOT dest=h1", search="Looks at each")
    assert [len(tuning.hits.rows), len(tuning.effects[0].dropped)] == [1, 1]


WRONG = [
    ("no command", "Tools", "serch a", "filter `serch a` column 1"),
    ("other rows", "Tools", "stats count by dest", "a filter only keeps or drops"),
    ("counted afterwards", "Counted after", "search *", "makes new rows of the hits"),
]


@pytest.mark.parametrize(("search", "text", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_what_cannot_be_followed_is_an_error(app: Path, write_log: WriteLog, search: str, text: str, says: str) -> None:
    with pytest.raises(SearchError) as raised:
        tuned(app, write_log("a.log", H1), text, search=search)
    assert says in str(raised.value)


# --- without a candidate ----------------------------------------------------------------------------------------------


def test_frequent_values_are_suggested_the_most_frequent_first(app: Path, write_log: WriteLog) -> None:
    tuning, _ = tuned(app, write_log("a.log", H1, ("H2", "ann", "cmd.exe"), ("h2", "ann", "CMD.EXE"), H3))
    assert [(e.filter, len(e.dropped), e.origin) for e in tuning.effects] == [
        ('search NOT dest="h2"', 3, "suggested"),
        ('search NOT tool="cmd.exe"', 3, "suggested"),
        ('search NOT dest="h1"', 1, "suggested"),
        ('search NOT tool="powershell.exe"', 1, "suggested"),
    ]  # ann is in every hit


def test_a_value_that_no_line_can_hold_is_named(app: Path, write_log: WriteLog) -> None:
    tuning, _ = tuned(app, write_log("a.log", ("h1", "ann", "a*"), ("h1", "ann", "b\nc")))
    assert [(e.filter, len(e.dropped)) for e in tuning.effects] == [("where isnull('tool') OR 'tool'!=\"a*\"", 1)]
    assert "wildcard" in tuning.effects[0].note
    assert tuning.unfiltered == [
        "tool (1 of 2 hits): no filter line, it holds a line end or other characters that do not print"
    ]


@pytest.mark.parametrize("rows", [[], [H1], [H1, H1]])
def test_nothing_to_tell_hits_apart(app: Path, write_log: WriteLog, rows: list[tuple[str, str, str]]) -> None:
    # The log has an event in any case: not of this search.
    tuning, _ = tuned(app, write_log("a.log", *rows, ("", "", "")), "search *")
    assert tuning.effects[0].dropped == []


# --- known attacks ----------------------------------------------------------------------------------------------------

TESTS = """\
search: Tools
tests:
  - name: the attack
    attack_data: [{data: ../attack.log, sourcetype: tools}]
  - name: not an attack
    attack_data: [{data: ../attack.log, sourcetype: tools}]
    expected: {count: 0}
  - name: of the filter itself
    attack_data: [{data: ../attack.log, sourcetype: tools}]
    macros: {tools_filter: search dest=nothing}
"""


def write_attack(folder: Path, text: str = TESTS) -> Path:
    tests = folder / "known"
    tests.mkdir()
    (tests / "tools.yml").write_text(text, encoding="utf-8")
    return tests


def test_a_known_attack_that_a_filter_hides(app: Path, write_log: WriteLog, tmp_path: Path) -> None:
    write_log("attack.log", ("h1", "eve", "cmd.exe"), ("h1", "eve", "powershell.exe"))
    log, tests = write_log("a.log", H1, H2), write_attack(tmp_path)
    filters = ("search NOT tool=cmd.exe", "search NOT user=eve", "search NOT dest=h2")
    tuning, said = tuned(app, log, *filters, tests=tests)
    hidden = [[(a.test, a.before, a.after) for a in effect.attacks] for effect in tuning.effects]
    assert hidden == [[("the attack", 2, 1)], [("the attack", 2, 0)], []]
    assert tuning.effects[0].attacks[0].place == f"{tests}/tools.yml:3"
    assert [destinations(effect) for effect in tuning.effects] == [["h1", "h2"], [], ["h2"]]
    assert said == []


def test_what_is_not_checked_is_told(app: Path, write_log: WriteLog, tmp_path: Path) -> None:
    log = write_log("a.log", H1)
    assert "there is no folder" in tuned(app, log, "search *", tests=tmp_path / "nowhere")[1][0]
    optional = TESTS.replace("sourcetype: tools}]\n", "sourcetype: tools}]\n    optional_data: elsewhere\n", 1)
    tests = write_attack(tmp_path, optional.replace("../attack.log", "../gone.log", 1).partition("  - name: not")[0])
    assert "1 of 1 known attacks are not checked" in tuned(app, log, "search *", tests=tests)[1][0]
    assert "no test in" in tuned(app, log, "search *", search="No risk", tests=tests)[1][0]
    write_log("gone.log", ("", "", ""))
    (tmp_path / "gone.log").write_text('{"timestamp": "2024-05-01T00:00:00Z"}\n', encoding="utf-8")
