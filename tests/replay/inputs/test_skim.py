"""Skimming takes out whole events that hold none of the wanted texts, and nothing else."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.inputs import Event, read
from replay.inputs.quick import whole_lines
from replay.inputs.skim import BLOCK, Skim
from replay.inputs.stream import Stream


def event(text: str, time: str = "2024-03-12T10:00:00.000000Z") -> str:
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Channel>Security</Channel>"
        f"<TimeCreated SystemTime='{time}'/><Computer>h1</Computer></System><EventData><Data Name='A'>{text}</Data>"
        "</EventData></Event>"
    )


def skimmed(data: bytes, texts: set[str], chunk: int = 1 << 20) -> tuple[bytes, int]:
    rest = [data]

    def pull(size: int) -> bytes:
        piece, rest[0] = rest[0][: min(size, chunk)], rest[0][min(size, chunk) :]
        return piece

    def refuse(reason: str, byte: int) -> None:
        raise AssertionError(reason)

    skim = Skim(partial(whole_lines, Stream(pull, refuse), BLOCK), texts)
    out = b""
    while piece := skim.read(1 << 16):
        out += piece
    return out, skim.passed


LINES = [event("cmd.exe"), event("MsRa.ExE"), event("other"), event("&#109;sra.exe"), event("notmsra.exe.bak")]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "newline"])
def test_lines_with_the_text_in_any_case_stay(newline: str, last: str) -> None:
    data = (newline.join(LINES) + (newline if last else "")).encode()
    out, passed = skimmed(data, {"msra.exe"})
    if last:
        assert out.decode().split(newline)[:-1] == [LINES[1], LINES[3], LINES[4]]
        assert passed == 2
    else:  # what does not end like a line of events is left to the reader
        assert LINES[1] in out.decode()


@pytest.mark.parametrize(
    "irregular",
    [
        "<Event>\n<Data Name='A'>x</Data></Event>", "free text", "<Event><System>cut off",
        "10/11/2024 LogName=Security", "<Events>", "", "</Events>",
    ],
)  # fmt: skip
def test_a_block_with_anything_irregular_is_left_whole(irregular: str) -> None:
    data = "\n".join([event("other"), irregular, event("other"), ""]).encode()
    assert skimmed(data, {"msra.exe"}) == (data, 0)


def test_letters_beyond_ascii_that_fold_to_ascii_count() -> None:
    spelled = event("\u212a\u0131o\u017f\u212a") + "\n"
    assert skimmed((event("other") + "\n" + spelled).encode(), {"kiosk"}) == (spelled.encode(), 1)


@pytest.mark.parametrize("byte", [b"\0", b"\xff"])
def test_what_the_reader_reports_stays(byte: bytes) -> None:
    data = (event("other") + "\n").encode() * 2 + event("a b").encode().replace(b"a b", b"a" + byte) + b"\n"
    assert skimmed(data, {"msra.exe"}) == (data, 0)


PUBLISHED = "<Event xmlns='u'><A>b</A></Event>"


def test_an_element_event_of_a_publisher_that_begins_a_line_begins_no_event() -> None:
    system, _, rest = event("msra.exe").partition("<EventData>")
    of_two_lines = f"{system}<UserData>{PUBLISHED}\n{PUBLISHED}</UserData><EventData>{rest}\n"
    data = (event("other") + "\n" + of_two_lines).encode()
    assert skimmed(data, {"msra.exe"}) == (data, 0)


def test_an_element_event_of_a_publisher_is_no_event_more() -> None:
    other = event("other")
    lines = [
        other,
        other.replace("<EventData>", f"<UserData>{PUBLISHED}</UserData><EventData>"),
        other[:6] + " " + other[6:],
    ]
    assert skimmed("".join(f"{line}\n" for line in lines[:2]).encode(), {"msra.exe"}) == (b"", 2)
    data = "".join(f"{line}\n" for line in lines).encode()
    assert skimmed(data, {"msra.exe"}) == (data, 0)


def everything(path: Path, texts: frozenset[str] | None, needle: str) -> list[Event]:
    problems: list[Any] = []
    found = [e for e in read([path], on_problem=problems.append, texts=texts) if needle in e.raw.lower()]
    assert not problems
    return found


@given(
    st.lists(
        st.sampled_from(
            ["cmd.exe", "msra.exe", "MSRA.EXE", "msra&#46;exe", "a\nmsra.exe", "x" * 300, "<b>msra.exe</b>"]
        ),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(["\n", "\r\n", " ", ""]),
)
def test_what_holds_the_text_is_read_the_same_with_and_without_skimming(values: list[str], between: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log")
        path.write_text(between.join(event(v.replace("<", "&lt;")) for v in values) + between, newline="")
        assert everything(path, frozenset(["msra.exe"]), "msra.exe") == everything(path, None, "msra.exe")
