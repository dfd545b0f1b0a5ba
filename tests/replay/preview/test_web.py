"""Pages and the REST API behind a session cookie, for this machine's browser alone."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from replay.preview.command import SAMPLE, load
from replay.preview.web import Web
from replay.serve.head import Head

PORT, SECRET = 8123, "a secret of the tests"
VIEW = "/app/DA-ESS-RemoteAssistance/remote_assistance"
SEARCH = "/app/DA-ESS-RemoteAssistance/search"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str = ""


@dataclass
class Browser:
    """Requests to the application, with the cookies that it was given."""

    web: Web
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, host: str = f"127.0.0.1:{PORT}", method: str = "GET", **query: str) -> Answer:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = [(b"host", host.encode()), (b"cookie", jar.encode())]
        scope: dict[str, Any] = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "headers": headers,
            "query_string": urlencode(query).encode(), "server": ("127.0.0.1", PORT), "scheme": "http",
        }  # fmt: skip
        answer = Answer(0, {})

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                answer.body += message.get("body", b"").decode()

        asyncio.run(self.web(scope, receive, send))
        return answer

    def login(self) -> Answer:
        answer = self.get("/", secret=SECRET)
        name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
        self.cookies[name] = value
        return answer


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    dist = tmp_path_factory.mktemp("dist")
    (dist / "page.js").write_text("// the page", encoding="utf-8")
    (dist / "sources.sha256").write_text("0", encoding="utf-8")
    head = Head([], "a password")
    span = load(head, [str(SAMPLE)], "main", lambda text: None)
    yield Web(head, dist, PORT, SECRET, span)
    head.close()


@pytest.fixture
def browser(web: Web) -> Browser:
    browser = Browser(web)
    browser.login()
    return browser


def test_the_printed_address_gives_a_cookie_that_scripts_and_other_sites_do_not_get(web: Web) -> None:
    answer = Browser(web).login()
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert {"httponly", "samesite=strict"} <= set(answer.headers["set-cookie"].lower().split("; "))


@pytest.mark.parametrize("path", ["/", VIEW, SEARCH, "/static/page.js", "/splunkd/__raw/services/search/jobs"])
def test_nothing_without_the_cookie(web: Web, path: str) -> None:
    assert Browser(web).get(path).status == 401


def test_a_wrong_secret(web: Web) -> None:
    guessed = SECRET[:-1]
    assert Browser(web).get("/", secret=guessed).status == 401


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", ""])
def test_another_name_for_this_machine_opens_nothing(browser: Browser, host: str) -> None:
    for path in ("/", VIEW, "/splunkd/__raw/services/search/jobs"):
        assert browser.get(path, host).status == 403


def test_the_cookie_is_no_login_for_programs(browser: Browser) -> None:
    assert browser.get("/services/search/jobs").status == 401
    assert browser.get("/splunkd/__raw/services/search/jobs").status == 200


def test_pages_are_only_read(browser: Browser) -> None:
    assert browser.get(VIEW, method="POST").status == 405


@pytest.mark.parametrize(
    "path",
    ["/static/sources.sha256", "/static/../sources.sha256", "/app/DA-ESS-RemoteAssistance/../../etc", "/app",
     "/etc/passwd", "/app/DA-ESS-RemoteAssistance/no_such_view", "/splunkd/__raw/etc", "/static/"],
)  # fmt: skip
def test_no_page_leads_out(browser: Browser, path: str) -> None:
    assert browser.get(path).status == 404


def test_the_list_opens_a_dashboard_on_the_time_of_the_events(browser: Browser) -> None:
    links = [html.unescape(link) for link in re.findall(r'href="(/app/[^"]*)"', browser.get("/").body)]
    assert f"{VIEW}?form.time.earliest=1710224151&form.time.latest=1710267376" in links
    assert [link for link in links if link.endswith("theme=light")]


def test_a_dashboard_is_the_definition_as_it_ships(browser: Browser) -> None:
    answer = browser.get(VIEW)
    assert '"theme": "dark"' in answer.body
    assert '"theme": "light"' in browser.get(VIEW, theme="light").body
    assert '"theme": "dark"' in browser.get(VIEW, theme="</script>").body
    assert answer.body.count("</script>") == 2
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_a_search_and_its_rows(browser: Browser) -> None:
    found = '| from datamodel:Endpoint.Processes | search process_id="7412" parent_process_name=msra.exe | table dest'
    body = browser.get(SEARCH, q=found).body
    assert "1 results" in body
    assert "HW-WS-014.haldenwerke.example" in body
    assert "317 results" in browser.get(SEARCH, q="index=main").body
    assert "0 results" in browser.get(SEARCH, q="index=main", latest="1710224000").body


def test_what_an_event_holds_is_shown_and_not_obeyed(browser: Browser) -> None:
    body = browser.get(SEARCH, q='| makeresults | eval x="<img src=x onerror=alert(1)>" | table x').body
    assert "<td>&lt;img src=x onerror=alert(1)&gt;</td>" in body
    assert "<img" not in body


@pytest.mark.parametrize("q", ["| nosuchcommand", "", "| makeresults | eval"])
def test_a_search_that_fails_says_why(browser: Browser, q: str) -> None:
    assert "<p id='error'>" in browser.get(SEARCH, q=q).body
    assert "Invalid earliest" in browser.get(SEARCH, q="index=main", earliest="yesteryear").body


def test_enterprise_security_sees_only_what_apps_export(browser: Browser) -> None:
    search = "/app/SplunkEnterpriseSecuritySuite/search"
    assert "This app is not here" in browser.get(search, q="| makeresults").body
    assert "windows_shells" in browser.get(search, q="| makeresults | search `windows_shells`").body
    assert "<p id='error'>" in browser.get(search, q="| makeresults | search `windows_shells`").body


def test_a_page_of_an_app_that_is_not_here(browser: Browser) -> None:
    body = browser.get("/app/SplunkEnterpriseSecuritySuite/asset_artifacts", asset="<b>host").body
    assert "which is not here" in body
    assert "<dd>&lt;b&gt;host</dd>" in body
