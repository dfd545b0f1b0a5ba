"""What the options of ``replay serve`` do, seen from outside."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest
from replay.serve.tls import own_certificate
from serve.running import Server, Start


def certificate_of(server: Server, url: str) -> str:
    """What the port shows, PEM."""
    host, port = url.removeprefix("https://").rsplit(":", 1)
    return ssl.get_server_certificate((host.strip("[]"), int(port)))


def test_both_ports_show_the_certificate_that_is_given(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    certificate, key = own_certificate(folder, "localhost")
    server = start("--tls-cert", str(certificate), "--tls-key", str(key))
    for url in (server.api, server.hec):
        assert certificate_of(server, url).split() == certificate.read_text(encoding="utf-8").split()
    trusting = ssl.create_default_context(cafile=str(certificate))
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        trusting.wrap_socket(raw, server_hostname="localhost").close()  # a client that checks the name is content


def test_a_certificate_is_made_once_for_a_store(start: Start, tmp_path: Path) -> None:
    store = ("--store", str(tmp_path / "store"))
    shown = []
    for _ in range(2):
        server = start(*store)
        shown.append(certificate_of(server, server.api))
        assert server.stop() == 0
    assert shown[0] == shown[1]
    other = start()
    assert certificate_of(other, other.api) != shown[0]


def test_the_ports_are_those_that_are_given(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        api, hec = one.getsockname()[1], other.getsockname()[1]
    server = start("--api-port", str(api), "--hec-port", str(hec))
    assert (server.api, server.hec) == (f"https://127.0.0.1:{api}", f"https://127.0.0.1:{hec}")
    assert server.get("/services/collector/health").status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(start: Start) -> None:
    server = start()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", server.port)) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw)


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_it_listens_where_it_is_told(start: Start) -> None:
    server = start("--host", "::1")
    assert server.api.startswith("https://[::1]:")
    assert server.get("/services/server/info").status == 200
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=2)
