"""Which requests are made for a detection, and what is made of the replies."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from rba.errors import RbaError
from rba.rest import find_by_rest

NAME = "A/b & ü - Rule"
ENCODED = "A%2Fb%20%26%20%C3%BC%20-%20Rule"
LIST = "/servicesNS/-/-/saved/searches"


def path(app: str) -> str:
    return f"/servicesNS/nobody/{app}/saved/searches/{ENCODED}"


def entry(app: str, name: str = NAME, **content: object) -> dict[str, object]:
    return {"name": name, "acl": {"app": app}, "content": content}


class Splunkd:
    """Answers what it is given, 404 otherwise, and remembers what it was asked."""

    def __init__(self, replies: Mapping[str, object]) -> None:
        self.replies = replies
        self.asked: list[str] = []

    def __call__(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        self.asked.append(path)
        assert query["output_mode"] == "json"
        reply = self.replies.get(path)
        if reply is None:
            return 404, b'{"messages":[{"type":"ERROR","text":"Not Found"}]}'
        return reply if isinstance(reply, tuple) else (200, json.dumps({"entry": reply}).encode())


def test_the_app_of_the_search_is_asked_first() -> None:
    splunkd = Splunkd({path("search"): [entry("es", x="1")]})
    assert find_by_rest(NAME, "search", "own", splunkd).settings == {"x": "1"}
    assert splunkd.asked == [path("search")]


def test_then_the_app_of_the_command_then_the_one_app_that_has_it() -> None:
    splunkd = Splunkd({LIST: [entry("other", "Other"), entry("es")], path("es"): [entry("es", x="1")]})
    assert find_by_rest(NAME, "search", "own", splunkd).settings == {"x": "1"}
    assert splunkd.asked == [path("search"), path("own"), LIST, path("es")]


def test_a_search_without_app_is_fine() -> None:
    splunkd = Splunkd({path("own"): [entry("own", x="1")]})
    assert find_by_rest(NAME, "", "own", splunkd).settings == {"x": "1"}


def test_values_are_texts_as_in_the_conf_file() -> None:
    splunkd = Splunkd({path("a"): [entry("a", disabled=True, off=False, n=80, none=None, list=["x"], text="t")]})
    assert find_by_rest(NAME, "a", "own", splunkd).settings == {
        "disabled": "1",
        "off": "0",
        "n": "80",
        "none": "",
        "list": '["x"]',
        "text": "t",
    }


ERRORS: list[tuple[dict[str, object], str]] = [
    ({LIST: [entry("es", "A/b & u - Rule")]}, 'Nearest: "A/b & u - Rule"'),
    ({LIST: []}, "No name is near it"),
    ({}, "No name is near it"),
    ({LIST: [entry("es"), entry("ta")]}, "Several apps have a saved search .*: es, ta"),
    ({LIST: [entry("es")]}, "no saved search .* in the app es"),
    (
        {path("search"): (401, b'{"messages":[{"text":"call not properly authenticated"}]}')},
        "HTTP 401: call not .*log in",
    ),
    ({path("search"): (403, b"<html>")}, "HTTP 403. Ask an administrator"),
    ({path("search"): (503, b"")}, "HTTP 503. See splunkd.log"),
    ({path("search"): (200, b"<feed/>")}, "not JSON"),
]


@pytest.mark.parametrize(("replies", "said"), ERRORS)
def test_errors_say_what_to_do(replies: dict[str, object], said: str) -> None:
    with pytest.raises(RbaError, match=said):
        find_by_rest(NAME, "search", "own", Splunkd(replies))
