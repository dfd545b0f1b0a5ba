"""Slow and half-open clients on real connections: each is dropped after its limit, and holds up nobody else.

The limits are those of the server, made short for the tests.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator, Sequence

import pytest
from serve.running import INSECURE, Server, start_server

LIMITS = {"HANDSHAKE_SECONDS": 1.0, "HEADER_SECONDS": 1.0, "BODY_SECONDS": 1.0, "READING_SECONDS": 1.0}
LATEST = 20.0
"""Seconds after which the test gives up; a loaded machine is slow, too."""
HEADER = b"POST /services/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = start_server(tmp_path_factory.mktemp("patience"), limits=LIMITS)
    yield started
    assert started.stop() == 0


def silent(server: Server) -> socket.socket:
    """A connection on which nothing is said, not even TLS."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=LATEST)


def connected(server: Server, port: int | None = None) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", port or server.port), timeout=LATEST)
    return INSECURE.wrap_socket(raw, server_hostname="localhost")


def rest(conn: socket.socket) -> bytes:
    """All that the server still says, until it closes the connection."""
    said = b""
    try:
        while piece := conn.recv(65536):
            said += piece
    except (ConnectionResetError, ssl.SSLEOFError):
        pass
    return said


def dribble(conn: ssl.SSLSocket, pieces: Sequence[bytes], pause: float = 0.2) -> bytes:
    """Send piece by piece until the server answers; the answer."""
    conn.settimeout(pause)
    try:
        for piece in pieces:
            conn.sendall(piece)
            try:
                said = conn.recv(65536)
            except TimeoutError:
                continue
            conn.settimeout(LATEST)
            return said + rest(conn)
    except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
        return b""
    raise AssertionError("the server waits for ever")


def of(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def test_a_client_that_says_nothing(server: Server) -> None:
    with silent(server) as conn:
        assert rest(conn) == b""


def test_a_client_that_says_nothing_after_the_handshake(server: Server) -> None:
    with connected(server) as conn:
        assert rest(conn).startswith(b"HTTP/1.1 408 ")


def test_a_header_byte_by_byte(server: Server) -> None:
    for port in (server.port, int(server.hec.rpartition(":")[2])):
        with connected(server, port) as conn:
            assert dribble(conn, of(HEADER)).startswith(b"HTTP/1.1 408 ")


def test_a_second_header_byte_by_byte(server: Server) -> None:
    with connected(server) as conn:
        conn.sendall(b"GET /services/server/info HTTP/1.1\r\nHost: x\r\n\r\n")
        said = b""
        while not said.endswith(b"</response>\n"):
            said += conn.recv(65536)
        assert said.startswith(b"HTTP/1.1 401 ")
        assert dribble(conn, of(HEADER)).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_stops(server: Server) -> None:
    with connected(server) as conn:
        conn.sendall(HEADER + b"username=")
        said = rest(conn)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"No data for 1 seconds" in said


@pytest.mark.parametrize("path", ["/services/auth/login", "/services/collector/raw"])
def test_a_body_byte_by_byte(server: Server, path: str) -> None:
    hec = int(server.hec.rpartition(":")[2])
    token = server.token("slow")
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Splunk {token}\r\nContent-Length: 400\r\n\r\n"
    with connected(server, hec if "collector" in path else None) as conn:
        conn.sendall(head.encode())
        said = dribble(conn, of(b"a" * 400))
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"The body comes too slowly" in said


def test_a_body_that_takes_its_time_but_comes(server: Server) -> None:
    body = b"x" * 4000
    head = b"POST /services/auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4000\r\n\r\n"
    with connected(server) as conn:
        conn.sendall(head)
        for start in range(0, 4000, 1000):
            time.sleep(0.4)
            conn.sendall(body[start : start + 1000])
        assert rest(conn).startswith(b"HTTP/1.1 401 ")


def test_an_answer_that_is_not_read(server: Server) -> None:
    spl = '| makeresults count=80000 | eval a="0123456789012345678901234567890123456789", b=a, c=a, d=a, e=a'
    body = f"exec_mode=oneshot&output_mode=json&count=0&search={spl.replace(' ', '+').replace('=', '%3D')}".encode()
    head = (
        f"POST /services/search/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Splunk {server.login()}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with connected(server) as conn:
        conn.sendall(head.encode() + body)
        assert conn.recv(15) == b"HTTP/1.1 200 OK"
        deadline = time.monotonic() + LATEST
        while server.get("/services/search/jobs").json["entry"]:
            assert time.monotonic() < deadline, "the search is kept for a client that does not read"
            time.sleep(0.1)
        assert not rest(conn).endswith(b"0\r\n\r\n")


def test_many_of_them_hold_up_nobody(server: Server) -> None:
    conns: list[socket.socket] = [connected(server) for _ in range(100)] + [silent(server) for _ in range(100)]
    try:
        for conn in conns[:50]:
            conn.sendall(HEADER[:20])
        for conn in conns[50:100]:
            conn.sendall(HEADER + b"a")
        assert server.get("/services/server/info").status == 200
        assert json.loads(server.post("/services/search/jobs", search="| makeresults", exec_mode="oneshot").body)
        for conn in conns:
            rest(conn)
    finally:
        for conn in conns:
            conn.close()
