"""Names that clients give: none of them leads out of the apps, and none becomes another setting."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from serve.running import PASSWORD, Server

TRICKS = [
    "/",
    "/services",
    "/services/../../etc/passwd",
    "/services/nosuchendpoint",
    "/services/properties/..%2f..%2fpassword",
    "/services/properties/%2e%2e%2fpassword/x/y",
    "/services/configs/conf-..%252f..%252fpassword",
    "/services/configs/conf-%00",
    "/servicesNS/nobody/..%2f..%2f/saved/searches",
    "/servicesNS/nobody/nosuchapp/saved/searches",
    "/services/saved/searches/..%2f..%2f..%2fetc%2fpasswd",
    "/services/data/indexes/..",
    "/services/apps/local/%2e%2e",
    "/services/search/jobs/..%2f..",
]


@pytest.mark.parametrize("path", TRICKS)
def test_no_path_leads_out(server: Server, path: str) -> None:
    answer = server.ask("GET", path, Authorization=f"Splunk {server.login()}")
    assert answer.status in (400, 404)
    assert PASSWORD.encode() not in answer.body
    assert b"root:" not in answer.body


READS = ["/configs/conf-{conf}", "/configs/conf-{conf}/st", "/properties/{conf}", "/properties/{conf}/st",
         "/properties/{conf}/st/secret"]  # fmt: skip
FARTHEST = "../" * 30
"""From wherever an app lies, up to the root of the file system."""


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("encode", [1, 2], ids=["encoded", "encoded twice"])
def test_no_conf_file_outside_the_apps_is_read(server: Server, tmp_path: Path, path: str, encode: int) -> None:
    (tmp_path / "outside.conf").write_text("[st]\nsecret = told\n", encoding="utf-8")
    name = f"{FARTHEST}{tmp_path.relative_to('/')}/outside"
    for _ in range(encode):
        name = quote(name, safe="")
    answer = server.get(f"/servicesNS/nobody/search{path.format(conf=name)}")
    assert (answer.status, b"told" in answer.body) == (404, False)


@pytest.mark.parametrize("path", READS)
def test_a_conf_file_whose_name_is_too_long_is_not_there(server: Server, path: str) -> None:
    assert server.get(f"/services{path.format(conf='x' * 5000)}").status == 404


BAD_NAMES = ["", "..", "../evil", "a/b", "%2e%2e%2f", ".hidden", "a\nb", "x" * 300, "a\0b"]


@pytest.mark.parametrize("name", BAD_NAMES, ids=[repr(name[:20]) for name in BAD_NAMES])
def test_no_name_becomes_a_path(server: Server, name: str) -> None:
    assert server.post("/services/apps/local", name=name).status == 400
    assert server.post("/services/data/indexes", name=name).status == 400
    assert server.post("/services/properties", __conf=name).status == 400


def test_no_setting_becomes_another(server: Server) -> None:
    saved = "/servicesNS/nobody/search/saved/searches"
    assert server.post(saved, name="a]\n[evil", search="search x").status == 400
    assert server.post(saved, name="injected", search="search x\nenableSched = 1\n[evil]").status == 201
    content = server.get(f"{saved}/injected").json["entry"][0]["content"]
    assert content["search"] == "search x\nenableSched = 1\n[evil]"
    assert content["is_scheduled"] is False
    assert server.get(f"{saved}/evil").status == 404
    assert server.post(f"{saved}/injected", **{"a = 1\nb": "2"}).status == 400
