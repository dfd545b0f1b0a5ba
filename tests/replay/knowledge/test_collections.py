"""collections.conf: who sees a collection, and what its fields take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from replay.errors import KnowledgeError
from replay.knowledge import Collection, Knowledge
from support import write_app

TYPES = {"n": "number", "b": "bool", "s": "string", "t": "time", "a": "array", "c": "cidr", "in.n": "number"}


def collection(folder: Path, settings: dict[str, str]) -> Collection:
    app = write_app(folder / "cases", {"collections": {"things": settings}})
    return Knowledge.load([app]).collection("cases", "things")


def test_a_collection_without_settings_takes_anything(tmp_path: Path) -> None:
    found = collection(tmp_path, {"replicate": "false", "accelerated_fields.x": '{"n": 1}'})
    assert (found.name, found.app, found.enforce, dict(found.types)) == ("things", "cases", False, {})
    assert found.typed({"n": [1, {"x": None}]}) == ({"n": [1, {"x": None}]}, [])


TAKEN: list[tuple[str, Any, Any]] = [
    ("n", 5, 5),
    ("n", "-3.50", -3.5),
    ("n", "1e3", 1000),
    ("n", ["1", 2], [1, 2]),
    ("n", None, None),
    ("b", "TRUE", True),
    ("b", "0", False),
    ("b", False, False),
    ("s", 5, "5"),
    ("s", "", ""),
    ("t", "1700000000", 1700000000),
    ("a", "one", ["one"]),
    ("a", [1], [1]),
    ("c", "10.0.0.0/8", "10.0.0.0/8"),
    ("other", {"x": 1}, {"x": 1}),
]


@pytest.mark.parametrize("enforce", ["true", "false"])
@pytest.mark.parametrize(("name", "given", "held"), TAKEN)
def test_what_reads_as_the_type_becomes_it(name: str, given: Any, held: Any, enforce: str, tmp_path: Path) -> None:
    settings = {f"field.{n}": t for n, t in TYPES.items()} | {"enforceTypes": enforce}
    assert collection(tmp_path, settings).typed({name: given}) == ({name: held}, [])


REFUSED = [("n", "x"), ("n", ""), ("n", True), ("n", "nan"), ("n", ["1", "x"]), ("b", "maybe"), ("t", "now"), ("s", {})]


@pytest.mark.parametrize(("name", "given"), REFUSED)
def test_what_is_not_of_the_type_is_refused_or_left_out(name: str, given: Any, tmp_path: Path) -> None:
    settings = {f"field.{n}": t for n, t in TYPES.items()}
    assert collection(tmp_path, settings).typed({name: given, "k": 1}) == ({"k": 1}, [name])
    with pytest.raises(KnowledgeError) as caught:
        collection(tmp_path, settings | {"enforceTypes": "1"}).typed({name: given})
    assert f"`{name}`" in caught.value.message
    assert str(caught.value.place).endswith("[things]")


def test_a_type_that_splunk_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="`text` is no type of a field"):
        collection(tmp_path, {"field.n": "text"})


def test_a_collection_that_is_not_there_hidden_or_disabled(tmp_path: Path) -> None:
    own = write_app(tmp_path / "own", {"collections": {"mine": {}, "off": {"disabled": "1"}}})
    other = write_app(tmp_path / "other", {"collections": {"theirs": {}}})
    knowledge = Knowledge.load([own, other])
    for name, message in (("mime", "nearest: `mine`"), ("theirs", "not exported to `own`"), ("off", "is disabled")):
        with pytest.raises(KnowledgeError) as caught:
            knowledge.collection("own", name)
        assert message in caught.value.message
