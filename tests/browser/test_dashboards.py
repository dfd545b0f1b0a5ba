"""The dashboards in a real browser, drawn by Splunk's own packages from the very XML that ships.

``make test-browser`` runs these; they need Node.js, npm and Debian's Chromium.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from browser.chromium import NODE_FOLDER, Browser, Preview
from replay.preview.definition import COLUMN_FORMAT, HANDLERS, INPUTS, OPTIONS, query_of, replaced
from replay.preview.views import read
from support import ROOT

pytestmark = pytest.mark.browser

VIEW = read(ROOT / "default/data/ui/views/remote_assistance.xml", "DA-ESS-RemoteAssistance")
assert VIEW is not None
DEFINITION = VIEW.definition
PANELS: Mapping[str, Any] = DEFINITION["visualizations"]
TOKENS = {"endpoint": "*", "pick_endpoint": "*", "pick_process": "*", "pick_parent": "*"}
ONE = "HW-WS-014.haldenwerke.example"
SHOWN = 10
"""Rows of a table's first page."""


def links(chrome: Browser, preview: Preview) -> list[str]:
    """Addresses of every dashboard in both themes, from the list that the preview shows."""
    chrome("open", url=preview.address)
    return [urljoin(preview.address, href) for href in chrome("hrefs")]


def open_dashboard(chrome: Browser, preview: Preview, theme: str = "dark") -> str:
    """Open the app's dashboard on the time of the events."""
    found = links(chrome, preview)
    address = next(one for one in found if "/remote_assistance?" in one and one.endswith(f"theme={theme}"))
    chrome("open", url=address)
    return address


def as_shown(value: Any) -> str:
    """A value as a cell shows it."""
    return "\n".join(value) if isinstance(value, list) else " ".join(str(value).split()) if value is not None else ""


def check_panel(shown: Mapping[str, Any], panel: Mapping[str, Any], rows: list[dict[str, Any]]) -> None:
    """A panel shows these rows."""
    match panel["type"]:
        case "splunk.table":
            columns = shown["headers"]
            assert [[" ".join(cell.split()) for cell in row] for row in shown["rows"]] == [
                [as_shown(row.get(column)) for column in columns] for row in rows[:SHOWN]
            ]
            assert {name for row in rows for name in row} <= set(columns)
        case "splunk.singlevalue":
            field = panel["options"]["majorValue"].split("'")[1]
            assert shown["value"].replace(",", "") == rows[0][field]
        case "splunk.bar":
            assert shown["values"] == [row["Risk"] for row in rows]
            assert sorted(shown["labels"]) == sorted(row["user"] for row in rows)
        case "splunk.column":
            assert shown["marks"] == sum(row["Detections"] != "0" for row in rows)
        case other:
            raise AssertionError(f"no way to compare a panel of type {other}")


def check_all(chrome: Browser, preview: Preview, earliest: str, latest: str, **tokens: str) -> None:
    """Every panel shows what ``replay search`` gives for its query."""
    shown = chrome("panels")
    assert shown.keys() == PANELS.keys()
    for name, panel in PANELS.items():
        query = replaced(query_of(DEFINITION, panel["dataSources"]["primary"]), {**TOKENS, **tokens})
        rows = preview.rows(query, *(() if name == "viz_steps" else (earliest, latest)))
        try:
            check_panel(shown[name], panel, rows)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    assert chrome("errors") == []


def span(address: str) -> tuple[str, str]:
    """Earliest and latest of a dashboard's address."""
    query = parse_qs(urlsplit(address).query)
    return query["form.time.earliest"][0], query["form.time.latest"][0]


def test_every_dashboard_loads_in_both_themes_without_an_error(chrome: Browser, sample: Preview) -> None:
    addresses = [link for link in links(chrome, sample) if "theme=" in link]
    assert len(addresses) == 2
    back = {}
    for address in addresses:
        chrome("open", url=address)
        assert chrome("errors") == []
        assert not [one for one in chrome("panels").values() if one["message"]]
        colour = chrome("evaluate", script="getComputedStyle(document.documentElement).backgroundColor")
        back[address.rpartition("=")[2]] = sum(map(int, colour.strip("rgb()").split(",")))
    assert back["dark"] < 128 * 3 < back["light"]


def test_every_panel_shows_what_replay_search_gives(chrome: Browser, sample: Preview) -> None:
    address = open_dashboard(chrome, sample)
    check_all(chrome, sample, *span(address))


def test_the_endpoint_changes_the_panels(chrome: Browser, sample: Preview) -> None:
    address = open_dashboard(chrome, sample)
    chrome("choose", input="input_endpoint", option=ONE)
    check_all(chrome, sample, *span(address), endpoint=ONE)


def test_the_time_changes_the_panels(chrome: Browser, sample: Preview) -> None:
    earliest, _ = span(open_dashboard(chrome, sample))
    chrome("until", time="11:00:00.000")
    check_all(chrome, sample, earliest, "2024-03-12T11:00:00Z")


def test_a_row_of_risk_by_endpoint_chooses_that_endpoint(chrome: Browser, sample: Preview) -> None:
    address = open_dashboard(chrome, sample)
    row = next(n for n, cells in enumerate(chrome("panels")["viz_by_endpoint"]["rows"]) if cells[0] == ONE)
    chrome("click", panel="viz_by_endpoint", row=row, column=1)
    assert chrome("chosen", input="input_endpoint") == ONE
    check_all(chrome, sample, *span(address), endpoint=ONE)


def test_a_detection_leads_to_its_events_its_risk_and_its_asset(chrome: Browser, sample: Preview) -> None:
    open_dashboard(chrome, sample)
    table = chrome("panels")["viz_table"]
    number = next(n for n, row in enumerate(table["rows"]) if ONE in row and "7412" in row)
    row = dict(zip(table["headers"], table["rows"][number], strict=True))
    chrome("click", panel="viz_table", row=number, column=0)
    picked = {"pick_endpoint": ONE, "pick_process": "7412", "pick_parent": row["Parent PID"]}
    steps = sample.rows(replaced(query_of(DEFINITION, "ds_steps"), {**TOKENS, **picked}))
    shown = chrome("panels")["viz_steps"]
    assert shown["title"] == f"Next steps: endpoint {ONE}, process 7412"
    check_panel(shown, PANELS["viz_steps"], steps)
    counts = []
    for position, step in enumerate(steps):
        tab = chrome("follow", panel="viz_steps", row=position, column=1)
        address = urlsplit(tab["url"])
        query = parse_qs(address.query)
        assert address.path == f"/app/{step['App']}/{step['Page']}"
        assert (query["q"], query["asset"], query["latest"]) == ([step["Search"]], [ONE], ["now"])
        counts.append(next((line.split()[0] for line in tab["text"].splitlines() if line.endswith("results")), "none"))
    # The process itself; msra.exe and what it started; one risk event for each detection of the endpoint; none in the
    # index for sites without Enterprise Security; and a page that only Enterprise Security has.
    assert counts[:1] + counts[2:] == ["1", "2", "0", "none"]
    assert int(counts[1]) == len(sample.rows(steps[1]["Search"])) > 2
    assert chrome("errors") == []


def test_no_panel_is_cut_or_over_another(chrome: Browser, sample: Preview) -> None:
    open_dashboard(chrome, sample)
    for width in (1280, 1440, 1920):
        chrome("size", width=width, height=2700)
        boxes = [one["box"] for one in chrome("panels").values()]
        for number, (x, y, w, h) in enumerate(boxes):
            assert x >= 0
            assert x + w <= width
            assert all(
                x + w <= a + 1 or a + c <= x + 1 or y + h <= b + 1 or b + d <= y + 1 for a, b, c, d in boxes[:number]
            )
        wide = (
            "[...document.querySelectorAll('[data-test=\"scroll-container\"]')].map(e => e.scrollWidth - e.clientWidth)"
        )
        assert max(chrome("evaluate", script=wide)) <= 1, f"a table does not fit at {width}"
    chrome("size", width=1440, height=2700)


def schema(chrome: Browser, sample: Preview) -> Any:
    """Splunk's schema, from the page: it is made of the presets, which need a browser. It is written nowhere."""
    open_dashboard(chrome, sample)
    return json.loads(chrome("evaluate", script="JSON.stringify(window.definitionSchema())"))


def errors_of(found: Any, definition: Mapping[str, Any]) -> list[Any]:
    """What Splunk's validator says."""
    command = ["node", str(ROOT / "tests/browser/validate.js"), str(NODE_FOLDER)]
    given = json.dumps({"schema": found, "definition": definition})
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    errors: list[Any] = json.loads(done.stdout)
    return errors


def test_the_definition_holds_to_splunks_own_schema(chrome: Browser, sample: Preview) -> None:
    found = schema(chrome, sample)
    assert errors_of(found, DEFINITION) == []
    for part, name, value in (("visualizations", "viz_table", "splunk.tabel"), ("dataSources", "ds_kept", "ds.chian")):
        broken = {**DEFINITION, part: {**DEFINITION[part], name: {**DEFINITION[part][name], "type": value}}}
        assert errors_of(found, broken) != []


def test_our_own_lists_of_options_are_in_splunks_schema(chrome: Browser, sample: Preview) -> None:
    """What ``replay.preview.definition`` lets pass is an option that Splunk has."""
    named = json.dumps(schema(chrome, sample))
    for known in (OPTIONS, INPUTS, HANDLERS):
        for kind, options in known.items():
            assert f'"{kind}"' in named
            assert [option for option in options if f'"{option}"' not in named] == []
    assert [option for option in COLUMN_FORMAT if f'"{option}"' not in named] == []


def test_pictures(chrome: Browser, sample: Preview) -> None:
    """The pictures of the README, written where REPLAY_PICTURES says: ``docs/img``."""
    folder = os.environ.get("REPLAY_PICTURES")
    if not folder:
        pytest.skip("set REPLAY_PICTURES=docs/img to renew the pictures")
    for theme, top, height in (("dark", 0, 1270), ("light", 1271, 1180)):
        open_dashboard(chrome, sample, theme)
        chrome("size", width=1440, height=2460)
        file = Path(folder).resolve() / f"dashboard-{theme}.png"
        chrome("screenshot", file=str(file), clip={"x": 0, "y": top, "width": 1440, "height": height})
        assert 50_000 < file.stat().st_size < 300_000
