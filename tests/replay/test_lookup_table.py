"""Lookup files as people write them: every cell arrives, and what cannot be read is an error with the file."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from replay.errors import KnowledgeError
from support import run_spl, write_app


def read(folder: Path, name: str, data: bytes) -> list[dict[str, object]]:
    app = write_app(folder / "cases", {})
    (app / "lookups").mkdir()
    (app / "lookups" / name).write_bytes(data)
    return [dict(row) for row in run_spl(f"| inputlookup {name}", app)[0]]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"a,b\n1,2\n", [{"a": "1", "b": "2"}]),
        (b"a,b\r\n1,2\r\n", [{"a": "1", "b": "2"}]),
        (b"\xef\xbb\xbfa,b\n1,2\n", [{"a": "1", "b": "2"}]),
        (b"a,b\n1,2", [{"a": "1", "b": "2"}]),
        (b"a,b\n", []),
        (b"a,b\n1\n", [{"a": "1"}]),
        (b"a,b\n1,2,3\n4,5\n", [{"a": "1", "b": "2"}, {"a": "4", "b": "5"}]),
        (b"a,b,\n1,2,\n", [{"a": "1", "b": "2"}]),
        (b'a,b\n"x,""y""","l1\nl2"\n', [{"a": 'x,"y"', "b": "l1\nl2"}]),
        (b"a,b\nC:\\x\\,NULL\n", [{"a": "C:\\x\\", "b": "NULL"}]),
        (b"a,A\n1,2\n", [{"a": "1", "A": "2"}]),
        ("a\né*%_^'\n".encode(), [{"a": "é*%_^'"}]),
        (b'a\n""\n', [{}]),
        (b"a\n 007 \n", [{"a": " 007 "}]),
    ],
)
def test_csv(data: bytes, rows: list[dict[str, str]], tmp_path: Path) -> None:
    assert read(tmp_path, "x.csv", data) == rows


def test_gzipped_csv(tmp_path: Path) -> None:
    assert read(tmp_path, "x.csv.gz", gzip.compress(b"a,b\n1,2\n")) == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "needs a header"), (b"\n1\n", "needs a header"), (b"a\n\xff\xfe\n", "UTF-8"), (b"\xffa\n1\n", "UTF-8")],
)
def test_unreadable_csv(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError) as caught:
        read(tmp_path, "x.csv", data)
    assert message in caught.value.message
    assert str(caught.value.place).endswith("x.csv")


def test_damaged_gzip(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError) as caught:
        read(tmp_path, "x.csv.gz", gzip.compress(b"a,b\n1,2\n" * 1000)[:-20])
    assert str(caught.value.place).endswith("x.csv.gz")
