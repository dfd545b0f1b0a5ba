"""What eval functions refuse, before a row is read: the message names the function and says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from replay.errors import SearchError
from support import run_spl, write_app

REFUSED = [
    ('eval a=nosuch(1)', "unknown eval function `nosuch`"),
    ('eval a=lowr("x")', "nearest: lower"),
    ('eval a=lower()', "`lower` takes 1 argument"),
    ('eval a=substr("x")', "`substr` takes 2 to 3"),
    ('eval a=tonumber("seven")', "`seven` is no number"),
    ('eval a=tonumber("12",1)', "a base is a whole number from 2 to 36"),
    ('eval a=tonumber("9",8)', "`9` is no number (base 8)"),
    ('eval a=sum(1,"3")', "`sum` takes numbers, not a quoted string"),
    ('eval a=avg("x",1)', "`avg` takes numbers, not a quoted string"),
    ('eval a=tostring(5,"roman")', "`tostring` has no format `roman`"),
    ('eval a=round(5,-1)', "no negative number of decimal places"),
    ('eval a=printf("%n",1)', "`%n` is no conversion"),
    ('eval a=printf("%1$s",1)', "is no conversion"),
    ('eval a=printf("%d")', "the format needs 1 value"),
    ('eval a=replace("x","(","")', "missing closing parenthesis"),
    ('where match(p,"[")', "missing terminating ]"),
    ('eval a=mvfind(p,"*")', "quantifier does not follow a repeatable item"),
    ('where cidrmatch("10.0.0.0/99",p)', "is no network"),
    ('eval a=mvfilter(p=q)', "exactly one field, not 2"),
    ('eval a=mvrange(1,9,"7x")', "`7x` is no time span"),
    ('eval a=json_object("k")', "pairs of a key and a value"),
    ('eval a=json_set("{}","k")', "pairs of a path and a value"),
    ('eval a=case(1==1)', "pairs of a condition and a value"),
    ('where len(p)', "a Boolean expression is needed"),
    ('eval a=like(p,"x%")', "a Boolean, which a field cannot hold"),
    ('where searchmatch("a=")', "searchmatch"),
    ('eval a=lookup("x.csv",p,json_array("a"))', "json_object"),
    ('rex "no group"', "names no group"),
    ('rex', "needs a regular expression"),
    ('rex field=p mode=awk "x"', "no mode `awk`"),
    ('rex mode=sed "x/a/b/"', "a sed script is"),
    ('rex mode=sed "s/a/b"', "lacks a closing `/`"),
    ('rex mode=sed "s/a/b/q"', "`q` is no flag"),
    ('rex mode=sed "y/ab/c/"', "as many replacements as characters"),
    ('rex "(?<a>x)" foo=1', "no option `foo`"),
    ('regex NOT "x"', "`regex` does not understand"),
    ('replace a b', "expected `WITH`"),
    ('replace a* with *b*', "as many wildcards"),
    ('foreach [eval a=1]', "needs the fields"),
    ('foreach a* [nosuch]', "in the template of `foreach`"),
    ('foreach mode=multivalue p [fields p]', "is one eval"),
    ('foreach mode=what p [eval a=1]', "no mode `what`"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "message"), REFUSED)
def test_refused(command: str, message: str, tmp_path: Path) -> None:
    app = write_app(tmp_path / "cases", {})
    with pytest.raises(SearchError) as raised:
        run_spl(f'| makeresults | eval a1=1, p="x" | {command}', app)
    assert message in str(raised.value)
