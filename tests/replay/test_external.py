"""Custom search commands: the chunked protocol, spoken with small real scripts in an app.

Source: Splunk developer documentation, "Custom search command protocol"; commands.conf.spec; spl-semantics, section 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay import external
from replay.engine import Engine, Value
from replay.errors import CommandFailed, SearchError
from replay.external import decode, encode, split_arguments
from scripted import ECHO, Run, run_script


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a script as a custom command of an app of the test's own."""
    return partial(run_script, tmp_path)


def test_rows_come_back_in_their_order(run: Run) -> None:
    rows = [{"n": str(i), "text": f"row {i}"} for i in range(20)]
    assert run(ECHO, rows) == rows


HARD_TEXT = [
    "größe 日本 🎉", 'say "hi"', "a,b;c", "two\nlines", "a\r\nb\rc", "$a$;$b$", " blanks ", "'", "\\", "0", "-",
]  # fmt: skip


def test_text_survives(run: Run) -> None:
    rows = [{"id": str(i), "v": text} for i, text in enumerate(HARD_TEXT)]
    assert [row["v"] for row in run(ECHO, rows)] == HARD_TEXT


def test_a_missing_field_stays_missing(run: Run) -> None:
    assert run(ECHO, [{"a": "1"}, {"b": "2"}]) == [{"a": "1"}, {"b": "2"}]


def test_a_command_that_refuses_its_options_says_so_before_the_rows_are_computed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compute(*_: object) -> Iterator[dict[str, Value]]:
        raise AssertionError("the rows were computed")
        yield {}

    monkeypatch.setattr(Engine, "rows", compute)
    with pytest.raises(CommandFailed, match="no such option"):
        run('reply({"error": "no such option"})', [{"a": "1"}])


def test_a_multivalue_goes_and_comes_in_its_own_column(run: Run) -> None:
    script = """
    reply({"type": "streaming"})
    for meta, rows in requests():
        for row in rows:
            row["seen"] = row["__mv_m"]
            row["added"], row["__mv_added"] = "x\\ny$z", "$x$;$y$$z$"
        reply({"finished": meta["finished"]}, rows)
    """
    rows = run(script, [{"m": "a$|b"}], before='| eval m=split(m, "|")')
    assert rows == [{"m": ["a$", "b"], "seen": "$a$$$;$b$", "added": ["x", "y$z"]}]


def test_numbers_are_written_as_splunk_prints_them(run: Run) -> None:
    script = """
    reply({"type": "streaming"})
    for meta, rows in requests():
        reply({"finished": meta["finished"]}, [{"seen": row["whole"] + " " + row["part"]} for row in rows])
    """
    rows = run(script, [{"x": "1"}], before="| eval whole=6/2, part=5/2")
    assert rows == [{"seen": "3 2.5"}]


def test_a_number_that_comes_back_as_text_is_kept(run: Run) -> None:
    script = """
    reply({"type": "streaming"})
    for meta, rows in requests():
        for row in rows:
            row["n"] = "high" if float(row["n"]) > 3 else row["n"]
        reply({"finished": meta["finished"]}, rows)
    """
    rows = run(script, [{"x": "1"}, {"x": "2"}], before="| eval n=x*2 | fields n")
    assert [str(row["n"]).removesuffix(".0") for row in rows] == ["2", "high"]


def test_fields_may_be_added_removed_and_reordered(run: Run) -> None:
    script = """
    reply({"type": "streaming"})
    for meta, rows in requests():
        reply({"finished": meta["finished"]}, [{"new": row["a"] * 2, "b": row["b"]} for row in rows])
    """
    assert run(script, [{"a": "x", "b": "1"}]) == [{"b": "1", "new": "xx"}]


def test_rows_may_be_dropped_and_multiplied(run: Run) -> None:
    script = """
    reply({"type": "eventing"})
    for meta, rows in requests():
        reply({"finished": meta["finished"]}, [row for row in rows for _ in range(int(row["n"]))])
    """
    assert run(script, [{"n": "0"}, {"n": "2"}, {"n": "1"}]) == [{"n": "2"}, {"n": "2"}, {"n": "1"}]


def test_no_rows_still_reach_the_command(run: Run) -> None:
    script = """
    reply({"type": "reporting"})
    for meta, rows in requests():
        reply({"finished": meta["finished"]}, [{"count": str(len(rows))}])
    """
    assert run(script, [{"a": "1"}], before="| where a=2") == [{"count": "0"}]


def test_many_rows_go_in_chunks(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "CHUNK", 3)
    script = """
    reply({"type": "streaming"})
    for number, (meta, rows) in enumerate(requests()):
        last = meta["finished"]
        reply({"finished": last}, [{**row, "chunk": str(number), "last": str(last)} for row in rows])
    """
    rows = run(script, [{"n": str(i)} for i in range(7)])
    assert [row["n"] for row in rows] == list("0123456")
    assert [row["chunk"] for row in rows] == list("0001112")
    assert [row["last"] for row in rows] == ["False"] * 6 + ["True"]


def test_a_command_that_has_enough_may_say_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "CHUNK", 2)
    script = """
    reply({"type": "streaming"})
    for meta, rows in requests():
        reply({"finished": True}, rows)
        break
    """
    assert run(script, [{"n": str(i)} for i in range(7)]) == [{"n": "0"}, {"n": "1"}]


def test_a_megabyte_in_one_value(run: Run) -> None:
    assert run(ECHO, [{"v": "x" * 1_000_000}]) == [{"v": "x" * 1_000_000}]


def test_what_the_command_learns_of_the_search(run: Run) -> None:
    script = """
    reply({"type": "streaming"})
    for meta, rows in requests():
        s = info["searchinfo"]
        reply({"finished": True}, [{
            "action": info["action"], "args": json.dumps(s["args"]), "app": s["app"], "command": s["command"],
            "here": os.path.basename(os.getcwd()), "app_found": str(os.path.exists(
                os.path.join(os.environ["SPLUNK_HOME"], "etc", "apps", "app", "default", "app.conf"))),
        }])
    """
    rows = run(script, [{"a": "1"}], 'limit=5 name="two words" "third, one"')
    assert rows == [
        {
            "action": "getinfo",
            "args": '["limit=5", "name=two words", "third, one"]',
            "app": "app",
            "command": "cmd",
            "here": "bin",
            "app_found": "True",
        }
    ]


def test_secrets_of_the_environment_stay_here(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    script = """
    reply({"type": "streaming"})
    for meta, rows in requests():
        reply({"finished": True}, [{"names": " ".join(os.environ)}])
    """
    assert "SOME_TOKEN" not in str(run(script, [{"a": "1"}]))


def test_noise_on_standard_error_does_no_harm(run: Run) -> None:
    script = "print('x' * 500_000, file=sys.stderr)\n" + ECHO
    assert run(script, [{"a": "1"}]) == [{"a": "1"}]


def test_a_warning_is_passed_on_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "CHUNK", 1)
    script = """
    reply({"type": "streaming"})
    for meta, rows in requests():
        reply({"finished": meta["finished"], "inspector": {"messages": [["WARN", "mind this"], ["INFO", "no"]]}}, rows)
    """
    said: list[str] = []
    assert len(run(script, [{"a": "1"}, {"a": "2"}], warn=said.append)) == 2
    assert said == ["`cmd`: mind this"]


# what the script does, and what the error says
FAILURES = {
    "error message": (
        'reply({"inspector": {"messages": [["ERROR", "no such detection"]]}, "finished": True})',
        "`cmd`: no such detection",
    ),
    "error after rows": (
        'reply({"type": "streaming"})\n'
        'read()\nreply({"finished": True, "inspector": {"messages": [["FATAL", "half done"]]}}, [{"a": "1"}])',
        "`cmd`: half done",
    ),
    "error key": ('reply({"error": "bad arguments"})', "`cmd`: bad arguments"),
    "crash": ('raise RuntimeError("went wrong")', "RuntimeError: went wrong"),
    "crash after getinfo": ('reply({"type": "streaming"})\nread()\nraise RuntimeError("later")', "RuntimeError: later"),
    "silence": ("sys.exit(0)", "ended without an answer"),
    "no execute": ('reply({"type": "streaming"})\nsys.exit(0)', "ended without an answer"),
    "garbage": ('print("hello", flush=True)\nsys.stdin.read()', "broke the chunked protocol"),
    "garbage that waits": (
        'print("hello", flush=True)\nimport time\ntime.sleep(600)', "broke the chunked protocol",
    ),
    "no JSON": ('send(b"not json", b"")', "metadata is not JSON"),
    "huge frame": (
        'print("chunked 1.0,99999999999,0", flush=True)\nsys.stdin.read()', "a frame of 99999999999 bytes",
    ),
    "body cut short": (
        'reply({"type": "streaming"})\nread()\n'
        'sys.stdout.write("chunked 1.0,18,500\\n{\\"finished\\": true}a\\n1\\n")\nsys.stdout.flush()',
        "ended in the middle of its answer",
    ),
    "metadata cut short": (
        'sys.stdout.write("chunked 1.0,18,0\\n{\\"fini")\nsys.stdout.flush()', "ended in the middle of its answer",
    ),
    "wrong version": ('print("chunked 2.0,2,0\\n{}", flush=True)', "broke the chunked protocol"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAILURES)
def test_failure(kind: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external, "PATIENCE", 1)
    script, says = FAILURES[kind]
    with pytest.raises(CommandFailed) as caught:
        run(script, [{"a": "1"}])
    assert says in caught.value.message
    assert "cmd" in str(caught.value)


def test_a_missing_script_is_named(run: Run, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"nosuch\.py"):
        run(ECHO, [{"a": "1"}], commands={"filename": "nosuch.py"})


def test_an_old_command_is_refused(run: Run) -> None:
    with pytest.raises(CommandFailed, match="chunked = true"):
        run(ECHO, [{"a": "1"}], commands={"chunked": "false"})


def test_a_custom_command_cannot_begin_a_search(run: Run) -> None:
    with pytest.raises(SearchError, match="`cmd` cannot be the first command"):
        run(ECHO, [{"a": "1"}], spl="| cmd")


ARGUMENTS = [
    ("", []),
    ("a b", ["a", "b"]),
    ('a="b c" d', ["a=b c", "d"]),
    ('"a b"', ["a b"]),
    ("it's", ["it's"]),
    (r'path="C:\\x"', [r"path=C:\x"]),
    ('x="" y', ["x=", "y"]),
    ("a=#1 b", ["a=#1", "b"]),
    ('say="\\"hi\\""', ['say="hi"']),
]


@pytest.mark.parametrize(("raw", "arguments"), ARGUMENTS)
def test_arguments(raw: str, arguments: list[str]) -> None:
    assert split_arguments(raw) == arguments


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
ROWS = st.lists(
    st.fixed_dictionaries({"id": TEXT}, optional={"a": TEXT, "b c": TEXT, "m": st.lists(TEXT, min_size=2, max_size=3)}),
    max_size=4,
)


@given(ROWS)
def test_rows_survive_the_protocol(rows: list[dict[str, Value]]) -> None:
    assert list(decode(encode(rows, ["id", "a", "b c", "m"]))) == rows
