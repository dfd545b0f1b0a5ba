"""``replay serve`` in a process of its own, and requests to it."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

PASSWORD = "a password of the tests"  # noqa: S105  (of a server that lives as long as a test)
CHANNEL = "6b5f3c4e-6c29-4a6b-9b57-0d7f6f1f9a01"
INSECURE = ssl.create_default_context()
INSECURE.check_hostname = False
INSECURE.verify_mode = ssl.CERT_NONE


@dataclass
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A running ``replay serve``."""

    process: subprocess.Popen[str]
    api: str
    hec: str
    lines: list[str]
    key: str = ""

    @property
    def port(self) -> int:
        return int(self.api.rpartition(":")[2])

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request to the management port, or to the collector where the path is the collector's."""
        base = self.hec if path.startswith("/services/collector") else self.api
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(base + path, body, named, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, context=INSECURE, timeout=60) as answer:  # noqa: S310
                return Answer(answer.status, answer.read(), dict(answer.headers))
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read(), dict(error.headers))

    def login(self) -> str:
        """A session key, opened once."""
        if not self.key:
            form = urlencode({"username": "admin", "password": PASSWORD, "output_mode": "json"}).encode()
            self.key = self.ask("POST", "/services/auth/login", form).json["sessionKey"]
        return self.key

    def get(self, path: str, **query: str) -> Answer:
        """GET as admin, JSON."""
        return self.ask("GET", f"{path}?{urlencode({'output_mode': 'json', **query})}", Authorization=self._splunk())

    def post(self, path: str, **form: str) -> Answer:
        """POST as admin, JSON."""
        body = urlencode({"output_mode": "json", **form}).encode()
        return self.ask("POST", path, body, Authorization=self._splunk())

    def delete(self, path: str, **query: str) -> Answer:
        """DELETE as admin, JSON."""
        return self.ask("DELETE", f"{path}?{urlencode({'output_mode': 'json', **query})}", Authorization=self._splunk())

    def _splunk(self) -> str:
        return f"Splunk {self.login()}"

    def search(self, spl: str, **form: str) -> list[dict[str, Any]]:
        """The results of a search."""
        answer = self.post("/services/search/jobs", search=spl, exec_mode="oneshot", count="0", **form)
        assert answer.status == 200, answer.body
        rows: list[dict[str, Any]] = answer.json["results"]
        return rows

    def token(self, name: str, **settings: str) -> str:
        """A HEC token of that name, made if it is not there."""
        self.post("/services/data/inputs/http", name=name, **settings)
        found = self.get(f"/services/data/inputs/http/{name}").json["entry"][0]["content"]["token"]
        return str(found)

    def send(self, token: str, path: str, body: bytes, **headers: str) -> Answer:
        """POST to the collector."""
        return self.ask("POST", f"/services/collector{path}", body, Authorization=f"Splunk {token}", **headers)

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.terminate()
        return self.process.wait(timeout=30)


Start = Callable[..., Server]


def start_server(folder: Path, *arguments: str, limits: Mapping[str, float] | None = None) -> Server:
    """Start a server on free ports, and wait until it is ready.

    Args:
        folder: for its files.
        arguments: further ones.
        limits: other values for those of ``replay.serve.patience``, which a test has no time for.
    """
    password = folder / "password"
    password.write_text(PASSWORD + "\n", encoding="utf-8")
    program = [str(Path(sys.executable).with_name("replay"))]
    if limits:
        set_them = "".join(f"patience.{name} = {value}; " for name, value in limits.items())
        code = f"from replay.serve import patience; {set_them}from replay.cli import main; main()"
        program = [sys.executable, "-c", code]
    options = ["--api-port", "0", "--hec-port", "0", "--password-file", str(password)]
    process = subprocess.Popen([*program, "serve", *options, *arguments], stderr=subprocess.PIPE, text=True, cwd=folder)
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line.strip())
        if lines[-1] == "ready":
            break
    text = "\n".join(lines)
    found = re.findall(r"https://[\d.:\[\]]+:\d+", text)
    assert len(found) == 2, text
    return Server(process, found[0], found[1], lines)
