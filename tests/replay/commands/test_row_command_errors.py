"""What a row command does not understand is an error that says what is wrong, and where in the search."""

from __future__ import annotations

from pathlib import Path

import pytest
from replay.errors import KnowledgeError, SearchError
from support import run_spl, write_app, write_lookup

SEARCH_ERRORS = [
    ("rename a AS b*", "same number of wildcards"),
    ("rename a* AS b", "same number of wildcards"),
    ("rename a AS b, a AS c", "two names"),
    ("rex \u2028", "names no group"),
    ("rename a AS b,", "ends with a comma"),
    ("rename a b", "needs `AS`"),
    ("rename a AS", "the new name of `a`"),
    ("rename", "at least one pair"),
    ("fields", "at least one field"),
    ("table", "at least one field"),
    ("head 5 limit=6", "not both"),
    ("head (a=1) (b=2)", "does not understand"),
    ("head a", "Boolean"),
    ("head limit=many", "whole number"),
    ("tail x", "whole number"),
    ("reverse a", "does not understand"),
    ("convert", "at least one"),
    ("convert cttime(a)", "no function `cttime`"),
    ("convert ctime(a) AS b*", "same number of wildcards"),
    ("convert auto(a*b*) AS x*y*", "only one wildcard"),
    ("fillnull valeu=1 a", "no option `valeu`"),
    ('format "(" ")"', "six strings"),
    ("return", "at least one field"),
    ("return 2", "at least one field"),
    ('makemv delim="," tokenizer="(x)" a', "not both"),
    ("makemv _raw", "internal fields"),
    ("makemv", "field name"),
    ("mvexpand _raw", "internal fields"),
    ("mvexpand a b", "does not understand"),
    ("nomv", "field name"),
    ("spath output=x", "needs a path"),
    ("spath a b", "does not understand"),
    ("addinfo x", "does not understand"),
    ("strcat a", "at least one field or text"),
    ("rangemap field=a low=1", "no range"),
    ("rangemap low=1-2", "needs field="),
    ("accum", "field name"),
    ("delta a p=0", "at least 1"),
    ("autoregress a AS b p=1-2", "single N"),
    ("autoregress a p=3-1", "at least 1"),
    ("lookup t", "at least one field to match"),
    ("lookup t k OUTPUT", "OUTPUT` needs at least one field"),
    ("lookup t k OUTPUT v AS", "the name of an event field"),
    ("lookup lokal=t t k", "no option `lokal`"),
    ("inputlookup t", "must be the first command"),
    ("inputlookup append=t maxx=1 t", "no option `maxx`"),
    ("outputlookup output_format=csv t.csv", "splunk_sv_csv"),
    ("collect", "needs index="),
    ('collect index="../x"', "cannot be the name of an index"),
    ("collect index=x output_format=json", "raw or hec"),
    ("join k", "expected a [ subsearch ]"),
    ("join type=cross k [| makeresults]", "inner, left or outer"),
    ("join left=L right=R [| makeresults]", "where L.a=R.b"),
    ("join left=L right=R where a=b [| makeresults]", "compares L.field with R.field"),
    ("join [| makeresults | fields - _time]", "no field in common"),
    ("append", "expected `[`"),
    ("append []", "is empty"),
    ("appendpipe []", "no command"),
    ("appendpipe [nonsense]", "unknown search command `nonsense`"),
    ("union", "at least one dataset"),
    ("multisearch [search a] [search b]", "must be the first command"),
    ("map", "needs search="),
    ('map search="| nonsense $a$"', "unknown search command `nonsense`"),
    ("savedsearch x", "must be the first command"),
    ("setfields", "at least one field=value"),
    ("fieldformat a=nofunction(b)", "unknown eval function"),
    ("iplocation src", "does not do: it needs a geolocation database"),
    ("sendemail to=x", "does not do: no mail is sent"),
    ("eval a=1 | anomalydetection a", "does not do"),
    ("nonsense", "unknown search command `nonsense`"),
    ("search [| makeresults | nonsense]", "unknown search command `nonsense`"),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    transforms = {
        "t": {"filename": "t.csv"},
        "script": {"external_cmd": "script.py a b", "fields_list": "a, b"},
        "shapes": {"external_type": "geo", "filename": "shapes.kmz"},
    }
    folder = write_app(tmp_path_factory.mktemp("apps") / "cases", {"transforms": transforms})
    write_lookup(folder, "t.csv", [{"k": "1", "v": "a"}])
    (folder / "lookups/shapes.kmz").write_bytes(b"PK")
    return folder


@pytest.mark.parametrize(("commands", "message"), SEARCH_ERRORS, ids=[c for c, _ in SEARCH_ERRORS])
def test_search_error(commands: str, message: str, app: Path) -> None:
    with pytest.raises(SearchError) as caught:
        run_spl(f"| makeresults | eval b=1 | {commands}", app)
    assert message in caught.value.message


def test_the_column_points_at_the_fault(app: Path) -> None:
    search = "| makeresults | fillnull valeu=1 a"
    with pytest.raises(SearchError) as caught:
        run_spl(search, app)
    assert caught.value.place.column == search.index("valeu") + 1


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        ("lookup nowhere k", "lookup `nowhere` is not defined"),
        ("lookup t.cvs k", "lookup `t.cvs` is not defined"),
        ("lookup t nokey AS b", "lookup `t` has no field `nokey` (it has: k, v)"),
        ("lookup t k AS b OUTPUT nofield", "lookup `t` has no field `nofield`"),
        ("lookup script a AS b", "lookup `script` is an external (scripted) lookup"),
        ("lookup shapes a AS b", "lookup `shapes` is a geographic lookup"),
        ("inputlookup append=t script", "lookup `script` is an external (scripted) lookup"),
        ("outputlookup ../evil.csv", "must be the name of a file inside"),
        ("extract nostanza", "nostanza"),
        ("append [| savedsearch nosuch]", "nosuch"),
    ],
)
def test_knowledge_error(commands: str, message: str, app: Path) -> None:
    with pytest.raises(KnowledgeError) as caught:
        run_spl(f"| makeresults | eval b=1 | {commands}", app)
    assert message in caught.value.message
