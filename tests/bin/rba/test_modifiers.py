"""Risk modifiers: what the rows of the lookup that matched a result make of its score."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rba.body import enrich_body
from rba.detection import read_detection
from rba.enrich import Enricher
from rba.modifiers import FIELDS, Change
from rba.multivalue import encode
from rba.rows import read_rows

NOW = 1_800_000_000  # 2027-01-15T08:00:00Z
Modifier = tuple[str, str, str, str, str]
"""_key, risk_add, risk_multiply, reason, expires"""


def enricher(output: str = "annotate", scores: Sequence[float] = (80,)) -> Enricher:
    entries = [
        {"risk_object_field": f"o{n}", "risk_object_type": "system", "risk_score": score}
        for n, score in enumerate(scores)
    ]
    settings = {"action.risk.param._risk": json.dumps(entries), "action.risk.param._risk_message": "m"}
    return Enricher(read_detection("Rule", settings), {}, output, clock=lambda: NOW)


def body(rows: Sequence[Sequence[Modifier]], objects: int = 1) -> str:
    """A chunk: the objects, then what the lookup gave for each row; cells that are empty in all rows are absent."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*(f"o{n}" for n in range(objects)), *(name for f in FIELDS for name in (f, f"__mv_{f}"))])
    for modifiers in rows:
        columns: list[list[str]] = [[m[place] for m in modifiers] for place in range(len(FIELDS))]
        # As far as is known, an empty cell among several is no value.
        cells = [encode([value for value in column if value]) for column in columns]
        writer.writerow([*(f"PC{n}" for n in range(objects)), *(cell for pair in cells for cell in pair)])
    return out.getvalue()


def results(subject: Enricher, text: str) -> list[dict[str, str]]:
    header, *rows = read_rows("".join(enrich_body(subject, text)))
    return [dict(zip(header, row, strict=True)) for row in rows]


def m(add: str = "", multiply: str = "", reason: str = "r", expires: str = "", key: str = "k") -> Modifier:
    return key, add, multiply, reason, expires


SCORES: list[tuple[list[Modifier], str, str]] = [
    ([], "80", ""),
    ([m(add="-30")], "50", "r"),
    ([m(add="+20.5")], "100.5", "r"),
    ([m(multiply="0.5")], "40", "r"),
    ([m(multiply="0")], "0", "r"),
    ([m(add="-30", multiply="2")], "100", "r"),  # adds first
    ([m(add="-200", multiply="2")], "0", "r"),
    ([m(add="1000")], "1080", "r"),  # ES knows no upper bound either
    ([m(add="-30", reason="")], "50", "modifier k"),
    ([m(add="-30", expires="1800000001")], "50", "r"),
    ([m(add="-30", expires="1800000000")], "80", ""),
    ([m(add="-30", expires="NEVER")], "50", "r"),
    ([m("-30", "1", "a", "never", "k1"), m("10", "0.5", "b", "never", "k2")], "30", "a\nb"),
    ([m("-30", "1", "a", "never", "k1"), m("10", "0.5", "b", "2001-01-01", "k2")], "50", "a"),
    ([m("-30", "1", "a", "2001-01-01", "k1"), m("10", "0.5", "b", "2001-01-01", "k2")], "80", ""),
    ([m("-30", "1", "a", "never", "k1"), m("-30", "1", "a", "never", "k1")], "50", "a"),  # one row, matched twice
]


@pytest.mark.parametrize("output", ["annotate", "events"])
@pytest.mark.parametrize(("modifiers", "score", "reason"), SCORES)
def test_scores(modifiers: list[Modifier], score: str, reason: str, output: str) -> None:
    subject = enricher(output)
    (result,) = results(subject, body([modifiers]))
    assert (result["risk_score"], result["risk_modifier_reason"]) == (score, reason)
    assert subject.take_warnings() == []


def test_the_severity_and_the_reasons_follow_and_the_hash_stays() -> None:
    both = [m("-50", "1", "a", "never", "k1"), m("0", "1", "b", "never", "k2")]
    plain, modified = results(enricher(), body([[], both]))
    assert (modified["risk_severity"], modified["__mv_risk_modifier_reason"]) == ("low", "$a$;$b$")
    assert (modified["risk_hash"], modified["rba_modifier_key"]) == (plain["risk_hash"], "k1\nk2")


def test_each_risk_object_is_modified_and_the_highest_shown() -> None:
    text = body([[m(add="-30")]], 2)
    assert [r["risk_score"] for r in results(enricher("events", (80, 20)), text)] == ["50", "0"]
    assert [r["risk_score"] for r in results(enricher("annotate", (80, 20)), text)] == ["50"]


TIMES: list[tuple[str, bool]] = [
    ("2027-01-15T08:00:01Z", True),
    ("2027-01-15T08:00:00Z", False),
    ("2027-01-15T08:00:01", True),
    ("2027-01-15 08:01", True),
    ("2027-01-15T09:00:01.5+01:00", True),
    ("2027-01-15T09:00:00+0100", False),
    ("2027-01-15T03:00:01-05:00", True),
    ("2027-01-15", False),
    ("2027-01-16", True),
    ("1800000000.9", True),
    (" never ", True),
]


@pytest.mark.parametrize(("expires", "counts"), TIMES)
def test_times(expires: str, counts: bool) -> None:
    subject = enricher()
    (result,) = results(subject, body([[m(add="-30", expires=expires)]]))
    assert (result["risk_score"], subject.take_warnings()) == ("50" if counts else "80", [])


MALFORMED: list[tuple[dict[str, str], str]] = [
    ({"add": "many"}, "k1 (risk_add 'many')"),
    ({"add": "nan"}, "k1 (risk_add 'nan')"),
    ({"add": "1_0"}, "k1 (risk_add '1_0')"),
    ({"add": "1e999"}, "k1 (risk_add '1e999')"),
    ({"add": "1e10"}, "k1 (together more than 1e+09)"),
    ({"multiply": "-1"}, "k1 (risk_multiply '-1')"),
    ({"multiply": "50%"}, "k1 (risk_multiply '50%')"),
    ({"expires": "soon"}, "k1 (expires 'soon')"),
    ({"expires": "2027-13-01"}, "k1 (expires '2027-13-01')"),
    ({"expires": "20270201"}, "k1 (expires '20270201')"),
    ({"expires": "1800000001000"}, "k1 (expires '1800000001000')"),
    ({"expires": "01/02/2030"}, "k1 (expires '01/02/2030')"),
]


@pytest.mark.parametrize(("cells", "named"), MALFORMED)
def test_a_malformed_row_does_nothing_and_is_named_once(cells: dict[str, str], named: str) -> None:
    subject = enricher()
    bad = m(**({"add": "-30", "key": "k1"} | cells))
    found = results(subject, body([[bad], [bad], [m(add="-10", key="k2")]]))
    assert [r["risk_score"] for r in found] == ["80", "80", "70"]
    (warning,) = subject.take_warnings()
    assert named in warning
    assert "rba_risk_modifiers" in warning


def test_a_malformed_row_does_not_keep_others_from_applying() -> None:
    subject = enricher()
    both = [m("x", "1", "bad", "never", "k1"), m("-30", "1", "good", "never", "k2")]
    (result,) = results(subject, body([both]))
    assert (result["risk_score"], result["risk_modifier_reason"]) == ("50", "good")
    assert len(subject.take_warnings()) == 1


@pytest.mark.parametrize("place", range(1, len(FIELDS)))
def test_values_that_cannot_be_told_apart_change_nothing_and_are_named(place: int) -> None:
    rows = [list(m("-30", "2", "a", "never", "k1")), list(m("-10", "1", "b", "never", "k2"))]
    rows[0][place] = ""
    subject = enricher()
    (result,) = results(subject, body([[(r[0], r[1], r[2], r[3], r[4]) for r in rows]]))
    assert (result["risk_score"], result["risk_modifier_reason"]) == ("80", "")
    (warning,) = subject.take_warnings()
    assert "_key k1, k2." in warning


def test_columns_without_any_value_need_none() -> None:
    subject = enricher()
    (result,) = results(subject, body([[m("-30", "", "a", "", "k1"), m("-10", "", "b", "", "k2")]]))
    assert (result["risk_score"], subject.take_warnings()) == ("40", [])


def test_values_without_a_key_are_told() -> None:
    subject = enricher()
    assert results(subject, "o0,rba_modifier_add\nPC1,-30\n")[0]["risk_score"] == "80"
    assert "no rba_modifier_key" in subject.take_warnings()[0]


NUMBERS = st.floats(-1000, 1000).map(lambda x: f"{x:.3f}")
ROWS: Any = st.tuples(NUMBERS, st.floats(0, 10).map(lambda x: f"{x:.3f}"), st.sampled_from(["never", "2001-01-01"]))


@given(rows=st.lists(ROWS, max_size=5), score=st.floats(0, 100))
def test_any_rows_give_the_sum_times_the_product_and_never_less_than_0(
    rows: list[tuple[str, str, str]], score: float
) -> None:
    live = [(float(add), float(multiply)) for add, multiply, expires in rows if expires == "never"]
    expected = max(0.0, score + sum(add for add, _ in live))
    for _, multiply in live:
        expected *= multiply
    subject = enricher(scores=(score,))
    text = body([[m(a, f, "r", e, f"k{n}") for n, (a, f, e) in enumerate(rows)]])
    (result,) = results(subject, text)
    assert float(result["risk_score"]) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert subject.take_warnings() == []


CELLS = st.sampled_from(["", "1", "-5", "x", "a\nb", "$a$;$b$", "$$;$1$", "never", "2001-01-01", "$k$;$k$;$k$"])


@given(
    rows=st.lists(st.lists(CELLS, min_size=11, max_size=11), max_size=4), output=st.sampled_from(["annotate", "events"])
)
def test_text_and_rows_agree_whatever_the_lookup_gives(rows: list[list[str]], output: str) -> None:
    out = io.StringIO()
    header = ["o0", *(name for f in FIELDS for name in (f, f"__mv_{f}"))]
    csv.writer(out).writerows([header, *rows, *rows])
    text, slow = enricher(output), enricher(output)
    fast = list(read_rows("".join(enrich_body(text, out.getvalue()))))
    assert fast == list(slow.stream(read_rows(out.getvalue())))
    assert text.take_warnings() == slow.take_warnings()


def test_no_score_is_minus_zero() -> None:
    assert str(Change(-5.0, 2.0, ("r",)).score(5.0)) == "0.0"
    assert str(Change(-0.0, 0.0, ("r",)).score(-0.0)) == "0.0"
