"""Clients that are many, slow, broken or hostile: each gets an honest status, and the server's memory stays bounded."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest
from serve.running import INSECURE, Server, start_server

LINE = b"2024-01-02T03:04:05Z host-1 program[7]: something that a server has to say, and a little more of it\n"
PROGRAM = str(Path(sys.executable).with_name("replay"))
UPLOAD = 100 * 1024 * 1024


def resident(server: Server) -> int:
    """Megabytes of memory that the server uses now."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


def connection(port: int) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", port), timeout=60)
    return INSECURE.wrap_socket(raw, server_hostname="localhost")


def exchange(port: int, request: bytes) -> bytes:
    """The status line that comes back for raw bytes."""
    with connection(port) as conn:
        conn.sendall(request)
        return conn.recv(4096).split(b"\r\n", 1)[0]


@pytest.fixture
def index(server: Server, request: pytest.FixtureRequest) -> str:
    name = request.node.name.split("[")[0].lower()[:60]
    server.post("/services/data/indexes", name=name)
    return str(name)


def test_a_hundred_clients_at_once(server: Server, index: str) -> None:
    token = server.token(index, index=index)

    def client(number: int) -> tuple[int, int | bytes]:
        sent = server.send(token, "", json.dumps({"event": f"e{number}"}).encode()).status
        form = {"search": "| makeresults count=10 | stats count", "exec_mode": "blocking"}
        asked = server.post("/services/search/jobs", **form)
        return sent, asked.body if asked.status != 201 else asked.status

    server.login()
    with ThreadPoolExecutor(100) as clients:
        answers = list(clients.map(client, range(100)))
    assert answers == [(200, 201)] * 100
    assert server.search(f"search index={index} | stats dc(_raw) as n") == [{"n": "100"}]


def test_an_upload_of_100_megabytes(server: Server, index: str) -> None:
    token = server.token(index, index=index)
    before = resident(server)
    lines = UPLOAD // len(LINE)
    assert server.send(token, "/raw?sourcetype=syslog", LINE * lines).json["code"] == 0
    assert server.search(f"search index={index} | stats count") == [{"count": str(lines)}]
    assert resident(server) - before < 1500


def test_more_than_is_allowed(server: Server, index: str) -> None:
    token = server.token(index, index=index)
    big = b"Content-Length: 900000000\r\n"
    head = b"POST /services/collector/raw HTTP/1.1\r\nHost: x\r\nAuthorization: Splunk " + token.encode() + b"\r\n"
    hec = int(server.hec.rpartition(":")[2])
    assert b" 413 " in exchange(hec, head + big + b"\r\n")
    login = b"POST /services/auth/login HTTP/1.1\r\nHost: x\r\n"
    key = server.login().encode()
    assert b" 413 " in exchange(server.port, login + big + b"\r\n")
    many = b"&".join(b"a=1" for _ in range(20_000))
    asked = server.ask("POST", "/services/search/jobs", many, Authorization=f"Splunk {key.decode()}")
    assert asked.status == 400


def test_a_gzip_bomb(server: Server, index: str) -> None:
    token = server.token(index, index=index)
    before = resident(server)
    zeros = bytes(1024 * 1024)
    with tempfile.TemporaryFile() as packed:
        packer = subprocess.Popen(["gzip", "-1"], stdin=subprocess.PIPE, stdout=packed)
        assert packer.stdin is not None
        for _ in range(1000):
            packer.stdin.write(zeros)
        packer.stdin.close()
        packer.wait()
        packed.seek(0)
        bomb = packed.read()
    assert len(bomb) < 10_000_000
    assert server.send(token, "/raw", bomb, Content_Encoding="gzip").status == 413
    assert resident(server) - before < 300


def test_json_bombs(server: Server) -> None:
    key = f"Splunk {server.login()}"
    where = "/servicesNS/nobody/search/storage/collections"
    server.post(f"{where}/config", name="bombs")
    for body in (b"[" * 100_000, b'{"a":' * 100_000, b"[1", b'{"_key": 1}', b"7", b'{"a": ' + b"9" * 10_000 + b"}"):
        answer = server.ask("POST", f"{where}/data/bombs", body, Authorization=key, Content_Type="application/json")
        assert answer.status == 400, body[:20]
    deep = '{"$not":' * 2000 + "{}" + "}" * 2000
    for query in ("[", "7", '{"$or": 7}', deep):
        assert server.get(f"{where}/data/bombs", query=query).status == 400, query[:20]


def test_an_xml_bomb_among_events_is_told_and_does_not_grow(server: Server, index: str) -> None:
    entities = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"boom") for n in range(30))
    bomb = b'<?xml version="1.0"?><!DOCTYPE Events [' + entities + b"]><Events><Event>&e29;</Event></Events>"
    token = server.token(index, index=index)
    before = resident(server)
    answer = server.send(token, "/raw?sourcetype=xmlwineventlog", bomb)
    assert answer.status in (200, 400)
    assert resident(server) - before < 100
    assert all(len(row["_raw"]) <= len(bomb) for row in server.search(f"search index={index} | table _raw"))


def test_xml_from_clients_is_never_parsed(server: Server) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><l>&b;</l>'
    answer = server.ask("POST", "/services/auth/login", bomb, Content_Type="text/xml")
    assert answer.status == 401


def test_oversize_headers(server: Server) -> None:
    request = b"GET /services/server/info HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n"
    assert b" 4" in exchange(server.port, request)[:13]
    assert server.get("/services/server/info").status == 200


NO_HTTP = [b"\x00\x01\x02\x03\r\n\r\n", b"GET\r\n\r\n", b"A" * 10_000 + b"\r\n\r\n"]


@pytest.mark.parametrize("request_bytes", NO_HTTP, ids=[str(one[:10]) for one in NO_HTTP])
def test_what_is_no_http(server: Server, request_bytes: bytes) -> None:
    assert b" 400 " in exchange(server.port, request_bytes) + b" "
    assert server.get("/services/server/info").status == 200


def test_half_open_clients_hold_up_nobody(server: Server) -> None:
    started = b"POST /services/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nusername="
    waiting = [connection(server.port) for _ in range(50)]
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    try:
        for conn in waiting:
            conn.sendall(started)
        assert server.get("/services/server/info").status == 200
    finally:
        for each in (*waiting, *silent):
            each.close()


def test_a_client_that_leaves_in_the_middle(server: Server, index: str) -> None:
    token = server.token(index, index=index)
    hec = int(server.hec.rpartition(":")[2])
    head = b"POST /services/collector/raw HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nAuthorization: Splunk "
    with connection(hec) as conn:
        conn.sendall(head + token.encode() + b"\r\n\r\n" + LINE)
    assert server.search(f"search index={index} | stats count") == [{"count": "0"}]


def test_plain_http_is_not_answered(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as conn:
        conn.sendall(b"GET /services/server/info HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            answer = conn.recv(100)
        except ConnectionResetError:
            answer = b""
    assert not answer.startswith(b"HTTP/1.1 200")


def test_it_listens_on_this_machine_only(server: Server) -> None:
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in addresses - {"127.0.0.1"}:
        with pytest.raises(OSError, match=r"refused|timed out"):
            socket.create_connection((str(address), server.port), timeout=2)


# --- starting and stopping --------------------------------------------------------------------------------------------


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Server]:
    server = start_server(tmp_path)
    yield server
    if server.process.poll() is None:
        server.process.kill()
        server.process.wait()


def test_sigterm_ends_it_though_a_search_is_running(running: Server) -> None:
    endless = (
        "| makeresults count=40000 | eval k=1 | join max=0 k [ | makeresults count=40000 | eval k=1 ] | stats count"
    )
    running.post("/services/search/jobs", search=endless)
    assert running.stop() == 0


@pytest.mark.parametrize("taken", ["--api-port", "--hec-port"])
def test_a_port_that_is_taken(running: Server, taken: str) -> None:
    ports = {"--api-port": "0", "--hec-port": "0", taken: str(running.port)}
    command = [PROGRAM, "serve", *(word for option in ports.items() for word in option)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert f"cannot listen on 127.0.0.1:{running.port}: Address already in use: name another with {taken}" in said


WRONG = [
    (["--app", "nosuchfolder"], "nosuchfolder"),
    (["--password-file", "nosuchfile"], "nosuchfile: cannot be read"),
    (["--tls-cert", "nosuchfile"], "--tls-cert and --tls-key go together"),
    (["--tls-cert", "nosuchfile", "--tls-key", "nosuchfile"], "nosuchfile: the certificate cannot be used"),
    (["--store", PROGRAM], f"{PROGRAM}: nothing can be kept in this folder: File exists"),
    (["--store", "/proc/store"], "/proc/store: nothing can be kept in this folder: No such file or directory"),
    (["--host", "host.invalid"], "cannot listen on host.invalid:0: "),
    (["--api-port", "70000"], "--api-port 70000: a port is a number from 0 to 65535"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[said for _, said in WRONG])
def test_wrong_options(running: Server, arguments: list[str], said: str) -> None:
    command = [PROGRAM, "serve", "--api-port", "0", "--hec-port", "0", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert said.replace(" ", "") in "".join(done.stderr.split())  # long paths are broken anywhere
    assert "Unknown error" not in done.stderr


NO_PASSWORDS = [
    (b"", "file: the password is empty"),
    (b"\n", "file: the password is empty"),
    (b"  \n\n", "file: the password is empty"),
    (b"p\xe4ss\n", "file byte 1: the password is not UTF-8"),
    (b"one\ntwo\n", "file: there is more than one line"),
]


@pytest.mark.parametrize(("content", "said"), NO_PASSWORDS, ids=[str(content) for content, _ in NO_PASSWORDS])
def test_a_file_that_holds_no_password_lets_nobody_in(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "file").write_bytes(content)
    command = [PROGRAM, "serve", "--api-port", "0", "--hec-port", "0", "--password-file", str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


PASSWORDS = [
    (b"secret\r\n", "secret"),
    (b"\xef\xbb\xbfsecret\n", "secret"),
    (b" with blanks \n\n", " with blanks "),
    ("p\u00e4ssword: &=%+".encode(), "p\u00e4ssword: &=%+"),
]


@pytest.mark.parametrize(("content", "password"), PASSWORDS, ids=[str(content) for content, _ in PASSWORDS])
def test_a_password_is_what_the_line_holds(tmp_path: Path, content: bytes, password: str) -> None:
    (tmp_path / "file").write_bytes(content)
    server = start_server(tmp_path, "--password-file", str(tmp_path / "file"))
    form = urlencode({"username": "admin", "password": password}).encode()
    assert server.ask("POST", "/services/auth/login", form).status == 200
    assert server.ask("POST", "/services/auth/login", urlencode({"username": "admin"}).encode()).status == 401
    assert server.stop() == 0


def test_a_password_is_made_and_told_once(running: Server, tmp_path: Path) -> None:
    command = [PROGRAM, "serve", "--api-port", "0", "--hec-port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "80"})
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line.strip())
        if lines[-1] == "ready":
            break
    process.terminate()
    assert process.wait(timeout=30) == 0
    told = [line for line in lines if line.startswith("password of admin: ")]
    assert len(told) == 1
    assert len(told[0].split(": ")[1]) >= 20


def test_jobs_are_forgotten_when_their_time_is_over(running: Server) -> None:
    sid = running.post("/services/search/jobs", search="| makeresults", exec_mode="blocking", timeout="1").json["sid"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(7)  # asking would keep it
        if running.get(f"/services/search/jobs/{sid}").status == 404:
            return
    raise AssertionError("the job is still there")
