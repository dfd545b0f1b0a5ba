"""The description of the API against the server: what schemathesis makes of it, right and wrong, gets what it says.

Checked for each answer: no error of the server's own, only statuses and media types that the description names, and
JSON of the described shape.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from replay.serve import endpoints as folder
from replay.serve.calls import endpoints, find
from replay.serve.description import description
from schemathesis import GenerationMode, checks
from serve.running import CHANNEL, PASSWORD, Server, start_server

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")

CHECKS = [
    checks.not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_headers_conformance, checks.response_schema_conformance,
]  # fmt: skip
DESCRIPTION = description()
OPERATIONS = [(path, method) for path, item in DESCRIPTION["paths"].items() for method in item]
APP = "DA-ESS-RemoteAssistance"
KNOWN: dict[str, list[str]] = {
    "owner": ["nobody", "admin", "-"],
    "app": [APP],
    "name": ["known"],
    "file": ["macros"],
    "stanza": ["known"],
    "key": ["known", "definition"],
    "action": ["enable", "disable"],
    "collection": ["known"],
    "sid": ["known"],
    "user": ["admin"],
    "username": ["admin"],
    "password": [PASSWORD],
    "search": ["| makeresults", "search index=main", "| makeresults | eval a=1 | table a", "index=main"],
    "q": ["| makeresults | eval a=1"],
    "__conf": ["made"],
    "__stanza": ["made"],
    "time": ["-1h@h", "now"],
    "earliest_time": ["-1h@h", "0"],
    "latest_time": ["now"],
    "now": ["1700000000"],
    "id": [""],
    "audience": ["tests"],
    "expires_on": ["+1d"],
    "query": ['{"a": 1}'],
    "fields": ["a,_key:0"],
    "index": ["main"],
    "indexes": ["main"],
    "cron_schedule": ["0 * * * *"],
    "actions": ["risk"],
    "filename": [""],
    "token": ["11111111-2222-3333-4444-555555555555"],
    "channel": [CHANNEL],
}
"""Names and values that the server has or takes. Of what is sent, many are these, else all answers were 404."""
HERE = {
    "authentication/users/{name}": {"name": "admin"}, "apps/local/{name}": {"name": "search"},
    "messages/{name}": {"name": "known"}, "datamodel/model/{name}": {"name": "Endpoint"},
    "authorization/tokens": {"name": "admin"}, "data/ui/views/{name}": {"name": "remote_assistance"},
    "data/indexes": {"name": "made"}, "apps/local": {"name": "made"}, "saved/searches": {"name": "made"},
    "data/inputs/http": {"name": "made"},
    "configs/{file}": {"file": "conf-macros"}, "configs/{file}/{stanza}": {"file": "conf-macros"},
    "configs/{file}/{stanza}/{action}": {"file": "conf-macros"},
}  # fmt: skip
"""What is known at some paths only."""
REFUSED = [
    ("get", "search/jobs/{sid}/summary"), ("get", "search/jobs/{sid}/timeline"), ("post", "authentication/users"),
    ("delete", "authorization/tokens/{user}"), ("delete", "data/indexes/{name}"),
]  # fmt: skip
"""What never succeeds, or not with these names."""


def known_operations() -> dict[str, Any]:
    """The paths of the description with known names and values only."""
    found = {}
    for path, item in DESCRIPTION["paths"].items():
        here = [values for end, values in HERE.items() if path.endswith(f"/{end}")]
        found[path] = with_known(item, KNOWN | {name: [value] for one in here for name, value in one.items()})
    return found


def with_known(schema: Any, known: dict[str, list[str]], name: str = "") -> Any:
    """A part of the description in which text is one of the known values."""
    if isinstance(schema, list):
        return [with_known(one, known) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "string" and "enum" not in schema and name in known:
        return {"enum": known[name]}
    if "in" in schema:
        return {**schema, "schema": with_known(schema["schema"], known, schema["name"])}
    if "properties" in schema:
        return {
            **schema,
            "properties": {key: with_known(value, known, key) for key, value in schema["properties"].items()},
        }
    return {key: with_known(value, known) for key, value in schema.items()}


VERSION = re.compile(r"/search/v[12]/")
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
KNOWN_SCHEMA = schemathesis.openapi.from_dict({**DESCRIPTION, "paths": known_operations()})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of these tests' own, which they may leave in any state."""
    started = start_server(tmp_path_factory.mktemp("openapi"), "--no-scheduler")
    make_known(started)
    yield started
    assert started.get("/services/server/info").status == 200, "it is there, and the password is what it was"
    assert started.stop() == 0


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as one:
        one.verify = False
        yield one


def make_known(server: Server) -> None:
    """What the names stand for is there, if a test removed it before."""
    base = f"/servicesNS/nobody/{APP}"
    for path, form in (
        (f"{base}/saved/searches", {"name": "known", "search": "| makeresults"}),
        (f"{base}/admin/macros", {"name": "known", "definition": "eval a=1"}),
        (f"{base}/data/transforms/lookups", {"name": "known", "filename": "known.csv"}),
        (f"{base}/storage/collections/config", {"name": "known"}),
        ("/services/data/indexes", {"name": "known"}),
        ("/services/data/inputs/http", {"name": "known", "index": "main"}),
        ("/services/authorization/roles", {"name": "known"}),
        ("/services/search/jobs", {"search": "| makeresults", "id": "known", "exec_mode": "blocking"}),
    ):
        assert server.post(path, **form).status in (200, 201, 400, 409), path
    server.post("/services/messages", name="known", value="something")
    sent = {"Authorization": f"Splunk {server.login()}", "Content_Type": "application/json"}
    server.ask("POST", f"{base}/storage/collections/data/known", b'{"_key": "known", "a": 1}', **sent)
    for path in ("saved/searches", "data/inputs/http"):
        server.post(f"{base}/{path}/known/enable")


def drive(path: str, method: str, examples: int, server: Server, session: requests.Session) -> set[int]:
    """Send requests as the description has them, and such as it has not; the statuses that came back."""
    collector = path.startswith("/services/collector")
    secret = server.token("openapi", useACK="1") if collector else server.login()
    strange, known = SCHEMA[path][method], KNOWN_SCHEMA[path][method]
    cases = st.one_of(
        known.as_strategy(), known.as_strategy(generation_mode=GenerationMode.NEGATIVE), strange.as_strategy()
    )
    found: set[int] = set()

    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(cases)
    def each(case: Any) -> None:
        answer = case.call_and_validate(
            base_url=server.hec if collector else server.api, session=session, verify=False, checks=CHECKS,
            headers={"Authorization": f"Splunk {secret}", "X-Splunk-Request-Channel": CHANNEL},
        )  # fmt: skip
        found.add(answer.status_code)

    each()
    if method != "get" and "{" in path:
        make_known(server)
    return found


def is_plain(path: str) -> bool:
    """Whether it stands for its further spellings: with a namespace, and versions. Documents need a namespace."""
    if "storage/collections/data" in path:
        return path.startswith("/servicesNS/")
    return path.startswith("/services/") and not VERSION.search(path)


PLAIN = sorted({path for path, _ in OPERATIONS if is_plain(path)})
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_what_the_description_says(part: int, server: Server, session: requests.Session) -> None:
    without_success = []
    for path, method in OPERATIONS:
        if path in PLAIN[part::PARTS]:
            succeeded = any(min(drive(path, method, count, server, session)) < 300 for count in (8, 50))
            if not succeeded:
                without_success.append((method, path.removesuffix("/1.0").partition("/services/")[2]))
    assert set(without_success) <= set(REFUSED)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_all_of_it_at_length(part: int, server: Server, session: requests.Session) -> None:
    for path, method in OPERATIONS[part::PARTS]:
        drive(path, method, 25, server, session)


def filled(path: str) -> str:
    for name, values in KNOWN.items():
        path = path.replace(f"{{{name}}}", values[0])
    return path


def test_it_is_openapi() -> None:
    SCHEMA.validate()


def test_every_endpoint_is_described_and_every_description_is_an_endpoint() -> None:
    described = {(path.removeprefix("/services/"), method) for path, method in OPERATIONS}
    declared = {("/".join(one.parts), one.method.lower()) for one in endpoints()}
    assert declared <= described
    for path, method in OPERATIONS:
        if not path.startswith("/services/collector"):
            segments = VERSION.sub("/search/", path.replace("/servicesNS/{owner}/{app}", "/services")).split("/")
            found, _ = find(method.upper(), segments[2:])
            assert found.method.lower() == method


def test_every_argument_that_an_endpoint_asks_for_is_declared() -> None:
    """Read from the source: what ``call.text("name")`` and its kin name."""
    for file in sorted(Path(folder.__path__[0]).glob("*.py")):
        words = {
            word.split("!")[0].split(":")[0].split("=")[0]
            for one in endpoints()
            if one.handler.__module__.endswith(f".{file.stem}")
            for word in one.takes.split()
        }
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("text", "flag", "number", "has", "all")
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "call"
                and isinstance(node.args[0], ast.Constant)
            ):
                assert node.args[0].value in words, (file.name, node.lineno, node.args[0].value)


def test_the_versions_of_searches_are_described() -> None:
    for path in ("search/jobs", "search/jobs/{sid}/results", "search/parser"):
        for version in ("", "v1/", "v2/"):
            for root in ("/services", "/servicesNS/{owner}/{app}"):
                assert f"{root}/{path.replace('/', f'/{version}', 1)}" in DESCRIPTION["paths"]


def test_the_server_tells_it(server: Server) -> None:
    told = server.get("/services/openapi.json").json
    assert told == json.loads(json.dumps(description(server.api, server.hec)))


def test_nothing_is_told_without_a_login(server: Server) -> None:
    for path, method in OPERATIONS:
        security = DESCRIPTION["paths"][path][method].get("security")
        if security != []:
            assert server.ask(method.upper(), filled(path)).status == 401, (method, path)


def test_other_methods_are_refused(server: Server) -> None:
    for path, item in DESCRIPTION["paths"].items():
        answer = server.ask("PATCH", filled(path), Authorization=f"Splunk {server.login()}")
        assert answer.status == 405, path
        assert set(item) <= {one.strip().lower() for one in answer.headers["allow"].split(",")}, path
