"""app.manifest (schema 2.0.0) and the icons: what Splunk shows and where it installs."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((ROOT / "app.manifest").read_text(encoding="utf-8"))
    return parsed


def test_identity_and_needs(manifest: dict[str, Any]) -> None:
    assert manifest["schemaVersion"] == "2.0.0"
    assert manifest["info"]["id"] == {"group": None, "name": "DA-ESS-RemoteAssistance", "version": "1.0.0"}
    assert manifest["dependencies"] == {"Splunk_SA_CIM": {"version": ">=4.20.0"}}
    assert manifest["platformRequirements"] is None


def test_search_heads_only_in_every_kind_of_deployment(manifest: dict[str, Any]) -> None:
    assert manifest["targetWorkloads"] == ["_search_heads"]
    assert manifest["supportedDeployments"] == ["_standalone", "_distributed", "_search_head_clustering"]


def test_the_license_is_apache_2(manifest: dict[str, Any]) -> None:
    assert manifest["info"]["license"]["name"] == "Apache-2.0"
    text = (ROOT / manifest["info"]["license"]["text"]).read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text


@pytest.mark.parametrize(
    ("name", "size"), [("appIcon", 36), ("appIconAlt", 36), ("appIcon_2x", 72), ("appIconAlt_2x", 72)]
)
def test_icons_have_the_sizes_that_splunk_wants(name: str, size: int) -> None:
    content = (ROOT / f"static/{name}.png").read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == (size, size)
