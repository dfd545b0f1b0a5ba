"""The body of a chunk, enriched as text: the same rows as the straightforward way, cell by cell."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rba.body import enrich_body
from rba.detection import read_detection
from rba.enrich import Enricher
from rba.modifiers import FIELDS
from rba.rows import read_rows

RISK = [
    {"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 40},
    {"risk_object_field": "user", "risk_object_type": "user", "risk_score": 60.5},
    {"threat_object_field": "process", "threat_object_type": "process_name"},
    {"threat_object_field": "dest", "threat_object_type": 'quoted "$ type'},
]


def enricher(output: str = "annotate", message: str = '"$process$" on $dest$, by $user$', prefix: str = "") -> Enricher:
    settings = {
        "action.risk.param._risk": json.dumps(RISK),
        "action.risk.param._risk_message": message,
        "action.correlationsearch.annotations": json.dumps({"cis20": ["a", 'b "$c$"'], "nist": ["x,y"]}),
    }
    return Enricher(read_detection('A "Rule", so called', settings), {}, output, prefix, clock=lambda: 1.7e9)


def straightforward(subject: Enricher, body: str) -> list[list[str]]:
    return list(subject.stream(read_rows(body)))


def as_text(subject: Enricher, body: str) -> list[list[str]]:
    return list(read_rows("".join(enrich_body(subject, body))))


BODIES = [
    "",
    "dest,process\n",
    "\n",
    "\n\n",
    "dest,process,user\nPC1,a,bob\nPC1,a,bob\n",
    "dest,process,user\r\nPC1,a,bob\r\nPC2,b,eve\r\n",
    "dest,process,user\nPC1,a,bob\nPC2,b,eve",  # no newline at the end
    'dest,process,user\nPC1,a,bob\nPC2,b,"never closed',
    'dest,process,user\nPC1,a,bob\nPC2,b,"never closed\n\n',
    'dest,process,user\n"PC\n1",a,"b""ob"\n"PC\r\n2","",""\nPC3,c,d\n',
    'dest,process,user\nPC"1,"a"b"c,x"\nPC2,b,c\n',  # quotes where they do not belong
    "dest,process,user\nPC1\n\nPC2,a,b,c,d\nPC3,c,d\n",  # too few, none, too many
    "dest,process,user\nPC\r1,a\0b,c\nPC2,b,c\n",
    "dest,__mv_dest,process,user\na\nb,$a$;$b$,p,u\n",
    'dest,__mv_dest,process,user\n"a\nb",$a$;$b$,p,u\nPC1,,p,u\nx,broken,p,u\nPC1,,p,u\n',
    "process,user,__mv_dest\np,u,$a$;$b$\np,-,\n",
    "dest,dest,process,user,risk_score\n1,2,p,u,9\n3,4,p,u,9\n",
    "dest,process,user\n-,unknown,null\nPC1,-,bob\n",
    "dest,process,user\nPC $1$,$$ %s,{0}\nPC1,=1+1, blank \n",
]


@pytest.mark.parametrize("output", ["annotate", "events"])
@pytest.mark.parametrize("body", BODIES)
def test_text_and_rows_agree(body: str, output: str) -> None:
    text, rows = enricher(output), enricher(output)
    assert as_text(text, body) == straightforward(rows, body)
    assert text.take_warnings() == rows.take_warnings()


NAMES = ["dest", "__mv_dest", "user", "__mv_user", "process", "risk_score", "x", "", "p.risk_score", *FIELDS]
SPECIAL = [
    "",
    "-",
    "unknown",
    "NULL",
    "$a$;$b$",
    "$a$$$;$b$",
    "a\nb",
    '"',
    '""',
    ",",
    "\r\n",
    "PC1",
    "bob",
    "10",
    "never",
]
HOSTILE = st.one_of(
    st.sampled_from(SPECIAL),
    st.text(alphabet=st.one_of(st.sampled_from('\0\r\n,"$;'), st.characters(exclude_categories=["Cs"])), max_size=6),
)


@given(
    header=st.lists(st.sampled_from(NAMES), min_size=1, max_size=8),
    rows=st.lists(st.lists(HOSTILE, max_size=8), max_size=6),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    newline=st.sampled_from(["\n", "\r\n"]),
    output=st.sampled_from(["annotate", "events"]),
    prefix=st.sampled_from(["", "", "p.", 'x"']),
    modifiers=st.booleans(),
)
def test_text_and_rows_agree_on_hostile_results(
    header: list[str],
    rows: list[list[str]],
    quoting: int,
    newline: str,
    output: str,
    prefix: str,
    modifiers: bool,
) -> None:
    if modifiers:
        header, rows = [*FIELDS, *header], [["key", "10", "2", "reason", "never", *row] for row in rows]
    out = io.StringIO()
    csv.writer(out, quoting=quoting, lineterminator=newline).writerows([header, *rows, *rows])  # type: ignore[arg-type]
    text, slow = enricher(output, prefix=prefix), enricher(output, prefix=prefix)
    assert as_text(text, out.getvalue()) == straightforward(slow, out.getvalue())
    assert text.take_warnings() == slow.take_warnings()


@given(body=st.text(alphabet='ab,"\r\n\0$;', max_size=40), output=st.sampled_from(["annotate", "events"]))
def test_text_and_rows_agree_on_any_text(body: str, output: str) -> None:
    """Also where the text is no good CSV at all."""
    body = "dest,process,user\n" + body
    assert as_text(enricher(output), body) == straightforward(enricher(output), body)


def test_a_result_keeps_its_own_text() -> None:
    body = "dest,process,user\n" + 'PC1,"a",bob\r\n' * 3
    lines = "".join(enrich_body(enricher(), body)).split("\n")
    assert lines[1].startswith('PC1,"a",bob,"60.5","high",')


@pytest.mark.parametrize("distinct", [1, 12_000])
def test_many_results_come_out_in_order(distinct: int) -> None:
    """More distinct ones than are remembered, or always the same one."""
    rows = [f"PC{number % distinct},p,u,{number}" for number in range(15_000)]
    out = as_text(enricher(), "dest,process,user,n\n" + "\n".join(rows) + "\n")
    message = out[0].index("risk_message")
    assert [(row[3], row[message]) for row in out[1:]] == [
        (str(number), f'"p" on PC{number % distinct}, by u') for number in range(15_000)
    ]
