"""Technique ids to names and tactics, by the shipped lookup."""

from __future__ import annotations

from pathlib import Path

import pytest
from rba.attack import Technique, names_and_tactics, read_techniques
from rba.errors import RbaError

LOOKUP = str(Path(__file__).parents[3] / "lookups" / "mitre_attack_techniques.csv")
INJECTION = Technique("Process Injection", ("Defense Evasion", "Privilege Escalation"))


def test_the_shipped_lookup_knows_the_technique_of_the_detection() -> None:
    assert read_techniques(LOOKUP, ["T1055"]) == {"T1055": INJECTION}


def test_an_id_that_nobody_knows_is_left_out() -> None:
    assert read_techniques(LOOKUP, ["T0000"]) == {}


def test_without_ids_nothing_is_read() -> None:
    assert read_techniques("no such file", []) == {}


def test_names_and_tactics_come_once_and_in_order() -> None:
    known = {"T1055": INJECTION, "T1059": Technique("Scripting", ("Execution", "Defense Evasion"))}
    names, tactics = names_and_tactics(["T1059", "T9", "T1055", "T1059"], known)
    assert names == ["Scripting", "Process Injection"]
    assert tactics == ["Execution", "Defense Evasion", "Privilege Escalation"]


@pytest.mark.parametrize("content", [None, b"id,name\nT1,x\n", b"", b"technique_id,technique,tactics\n\xff,,\n"])
def test_a_lookup_that_cannot_be_used_is_an_error_that_names_it(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "techniques.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RbaError, match=r"techniques\.csv .*Restore the lookup"):
        read_techniques(str(path), ["T1055"])
