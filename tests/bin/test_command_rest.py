"""The command where there is a splunkd: the detection comes by REST, over real HTTP and HTTPS.

No Splunk is at hand, so the server here answers as splunkd does: the paths and the JSON of the REST API
Reference ("Search endpoint descriptions", saved/searches; "Using the REST API reference", errors), and
authentication by the session key that it gave to the search.
"""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from bin.chunked import Driver, Reply

NAME = "ESCU - Spawn / of msra & Co. – Rule"
KEY = "5e551on^key_"
RISK = json.dumps([{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 64}])
ROWS = [["dest"], ["PC1"]]


@dataclass
class Splunkd:
    """A server, what it holds (app, name, settings of each saved search), and what it was asked."""

    uri: str = ""
    saved: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)
    shared: bool = True
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, authorization: str | None) -> tuple[int, object]:
        """Status and JSON for a GET of ``path``."""
        if authorization != f"Splunk {KEY}":
            return 401, {"messages": [{"type": "WARN", "text": "call not properly authenticated"}]}
        services, _owner, app, *rest = [unquote(part) for part in path.strip("/").split("/")]
        assert (services, rest[:2]) == ("servicesNS", ["saved", "searches"])
        visible = [
            {"name": name, "acl": {"app": home}, "content": content}
            for home, name, content in self.saved
            if rest[2:] in ([], [name]) and (app in ("-", home) or self.shared)
        ]
        if rest[2:] and not visible:
            return 404, {"messages": [{"type": "ERROR", "text": f"Could not find object id={rest[2]}"}]}
        return 200, {"links": {}, "entry": visible, "paging": {"total": len(visible)}, "messages": []}


def serve(splunkd: Splunkd, context: ssl.SSLContext | None) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            assert parse_qs(url.query)["output_mode"] == ["json"]
            splunkd.asked.append(url.path)
            status, reply = splunkd.answer(url.path, self.headers["Authorization"])
            body = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """TLS with a certificate that nobody vouches for, as a fresh Splunk has."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on PATH to make a certificate: HTTPS was not tried")
    path = tmp_path_factory.mktemp("tls") / "splunkd.pem"
    subject = ["-subj", "/CN=SplunkServerDefaultCert", "-days", "1"]
    made = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        *subject,
        "-keyout",
        str(path),
        "-out",
        f"{path}.crt",
    ]
    subprocess.run([openssl, *made], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{path}.crt", path)
    return context


@pytest.fixture(params=["http", "https"])
def splunkd(request: pytest.FixtureRequest) -> Iterator[Splunkd]:
    """A splunkd with one shared saved search and some others."""
    content: dict[str, object] = {
        "action.risk.param._risk": RISK,
        "action.risk.param._risk_message": "{ü} $dest$",
        "action.correlationsearch.enabled": "1",
        "disabled": True,
    }
    holder = Splunkd(saved=[("es_app", NAME, content), ("search", "Errors in the last 24 hours", {})])
    context = request.getfixturevalue("certificate") if request.param == "https" else None
    server = serve(holder, context)
    holder.uri = f"{request.param}://127.0.0.1:{server.server_address[1]}"
    yield holder
    server.shutdown()
    server.server_close()


@pytest.fixture
def rbaenrich(python: str, sdk: Path) -> Driver:
    return Driver(python, {"PYTHONPATH": str(sdk)})


def ask(driver: Driver, uri: str, name: str = NAME, key: str = KEY) -> Reply:
    searchinfo = {"session_key": key, "splunkd_uri": uri, "app": "search"}
    return driver.run([f"detection={name}"], ROWS, searchinfo=searchinfo)


def refused(reply: Reply) -> str:
    """The one error of a command that refused."""
    assert (reply.code, len(reply.messages), reply.messages[0][0]) == (1, 1, "ERROR")
    return reply.messages[0][1]


def test_a_shared_detection_is_seen_from_the_app_of_the_search(rbaenrich: Driver, splunkd: Splunkd) -> None:
    reply = ask(rbaenrich, splunkd.uri)
    assert [(result["risk_score"], result["risk_message"]) for result in reply.results] == [("64", "{ü} PC1")]
    assert (reply.code, reply.messages, len(splunkd.asked)) == (0, [], 1)


def test_a_detection_that_its_app_does_not_share_is_found_there(rbaenrich: Driver, splunkd: Splunkd) -> None:
    splunkd.shared = False
    reply = ask(rbaenrich, splunkd.uri)
    assert [result["risk_score"] for result in reply.results] == ["64"]
    assert splunkd.asked[-1].startswith("/servicesNS/nobody/es_app/saved/searches/")


def test_an_unknown_detection_lists_the_nearest(rbaenrich: Driver, splunkd: Splunkd) -> None:
    assert f'Nearest: "{NAME}"' in refused(ask(rbaenrich, splunkd.uri, "Spawn of msra & Co. - Rule"))


def test_a_session_that_has_ended_is_told(rbaenrich: Driver, splunkd: Splunkd) -> None:
    said = refused(ask(rbaenrich, splunkd.uri, key="old"))
    assert "HTTP 401" in said
    assert "old" not in said


def test_with_splunkd_files_are_not_read(rbaenrich: Driver, splunkd: Splunkd) -> None:
    said = refused(ask(rbaenrich, splunkd.uri, "Endpoint - Windows Remote Assistance Spawning Process - Rule"))
    assert "There is no saved search" in said


def test_a_splunkd_that_does_not_answer_is_told(rbaenrich: Driver) -> None:
    said = refused(ask(rbaenrich, "http://127.0.0.1:1"))
    assert "splunkd does not answer at http://127.0.0.1:1" in said


def test_something_else_at_the_port_is_told(rbaenrich: Driver, splunkd: Splunkd) -> None:
    other = {"http": "https", "https": "http"}
    scheme, rest = splunkd.uri.split(":", 1)
    assert "splunkd does not answer at" in refused(ask(rbaenrich, f"{other[scheme]}:{rest}"))


@pytest.mark.parametrize("info", [{"session_key": KEY}, {"splunkd_uri": "http://127.0.0.1:1"}])
def test_without_key_or_address_files_are_read(rbaenrich: Driver, info: dict[str, str]) -> None:
    name = "Endpoint - Windows Remote Assistance Spawning Process - Rule"
    reply = rbaenrich.run([f"detection={name}"], ROWS, searchinfo=info)
    assert [result["risk_score"] for result in reply.results] == ["80"]
