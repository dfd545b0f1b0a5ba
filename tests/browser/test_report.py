"""The report of a run in a real browser: on a phone and on a screen, light and dark, in print; it loads nothing.

The picture is for eyes; what is asserted is what eyes would find wrong: text that is cut, or that is too faint.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from browser.chromium import REPLAY, Browser
from browser.conftest import SAMPLE
from support import ROOT, sysmon_event

pytestmark = pytest.mark.browser

EVIL = '"><img src=http://evil.example/x onerror=alert(1)><script>alert(2)</script>' + "A" * 5000
WIDTHS = (320, 390, 768, 1440)
CONTRAST = 4.5
"""WCAG 2.1, 1.4.3: of text and what is behind it."""

# Text whose colour is too near to that behind it, as [text, ratio].
FAINT = """(() => {
  const parts = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => { const [r, g, b] = parts(c).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
      if (parts(c)[3] !== 0) return c; } return 'rgb(255, 255, 255)'; };
  const found = [];
  for (const e of document.querySelectorAll('main *')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const style = getComputedStyle(e);
    const [a, b] = [light(e.closest('svg') ? style.fill : style.color), light(behind(e))].sort((x, y) => y - x);
    if (e.checkVisibility() && e.tagName !== 'title')
      found.push([e.textContent.trim().slice(0, 40), (a + 0.05) / (b + 0.05)]);
  }
  return found.sort((x, y) => x[1] - y[1]).slice(0, 5);
})()"""
# Text that is wider than the box that it is in.
CUT = """[...document.querySelectorAll('main *')].filter((e) => e.checkVisibility() && !e.closest('svg')
  && getComputedStyle(e).display !== 'inline' && e.scrollWidth > e.clientWidth + 1)
  .map((e) => e.textContent.slice(0, 60))"""


def write_report(file: Path, *logs: Path) -> Path:
    """Run ``replay run --output html``."""
    command = [str(REPLAY), "run", *map(str, logs), "--output", "html"]
    with file.open("wb") as page:
        done = subprocess.run(command, stdout=page, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return file


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of the sample, of a quiet log, and of what an attacker wrote."""
    folder = tmp_path_factory.mktemp("reports")
    start = {
        "ProcessId": "4101", "ProcessGuid": EVIL[:200], "Image": "C:\\cmd.exe", "CommandLine": f"cmd.exe {EVIL}",
        "ParentImage": "C:\\msra.exe", "ParentCommandLine": EVIL, "ParentProcessId": "7", "User": f"D\\{EVIL}",
    }  # fmt: skip
    hostile, quiet = folder / "hostile.xml", folder / "quiet.xml"
    hostile.write_text(sysmon_event(1, EVIL[:300], "10:00:00", **start), encoding="utf-8")
    quiet.write_text(sysmon_event(1, "calm", "10:00:00", **{**start, "ParentImage": "C:\\b.exe"}), encoding="utf-8")
    logs: dict[str, Sequence[Path]] = {"sample": [SAMPLE], "hostile": [hostile], "quiet": [quiet]}
    return {name: write_report(folder / f"{name}.html", *given) for name, given in logs.items()}


def show(chrome: Browser, file: Path, width: int, **media: str) -> None:
    """Open a report, with all that is folded unfolded."""
    chrome("open", url=file.as_uri())
    chrome("media", **{"colorScheme": "light", "media": "screen", **media})
    chrome("size", width=width, height=900)
    chrome("evaluate", script="document.querySelectorAll('details').forEach((d) => { d.open = true; })")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["sample", "hostile", "quiet"])
def test_it_fits_any_width(name: str, width: int, reports: dict[str, Path], chrome: Browser) -> None:
    show(chrome, reports[name], width)
    assert chrome("evaluate", script="document.documentElement.scrollWidth") <= width
    assert chrome("evaluate", script=CUT) == []


@pytest.mark.parametrize("name", ["sample", "hostile", "quiet"])
def test_it_loads_and_runs_nothing(name: str, reports: dict[str, Path], chrome: Browser) -> None:
    show(chrome, reports[name], 390)
    assert chrome("errors") == []
    assert chrome("evaluate", script="performance.getEntriesByType('resource').map((r) => r.name)") == []
    assert chrome("evaluate", script="document.querySelectorAll('script, img, link, iframe, object').length") == 0
    # The policy holds even against what is not escaped.
    script = (
        "document.body.insertAdjacentHTML('beforeend', '<img src=https://evil.example/x onerror=\"window.bad=1\">')"
    )
    chrome("evaluate", script=script)
    assert chrome("evaluate", script="window.bad === undefined")
    assert any("Content Security Policy" in error for error in chrome("errors"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["sample", "quiet"])
def test_text_is_readable_in_both_themes(name: str, scheme: str, reports: dict[str, Path], chrome: Browser) -> None:
    show(chrome, reports[name], 1440, colorScheme=scheme)
    back = chrome("evaluate", script="getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, back.strip("rgb()").split(","))) < 128 * 3) == (scheme == "dark")
    faint: list[Any] = chrome("evaluate", script=FAINT)
    assert faint and [one for one in faint if one[1] < CONTRAST] == []


def test_print_is_black_on_white_and_shows_addresses(reports: dict[str, Path], chrome: Browser) -> None:
    show(chrome, reports["sample"], 794, media="print", colorScheme="dark")
    assert chrome("evaluate", script="getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert chrome("evaluate", script="document.documentElement.scrollWidth") <= 794
    after = "getComputedStyle(document.querySelector('#detection a[href^=http]'), '::after').content"
    assert "attr(href)" in chrome("evaluate", script=after) or "https://" in chrome("evaluate", script=after)
    assert [one for one in chrome("evaluate", script=FAINT) if one[1] < CONTRAST] == []


def test_a_mark_of_the_timeline_leads_to_its_hit(reports: dict[str, Path], chrome: Browser) -> None:
    show(chrome, reports["sample"], 1440)
    chrome("evaluate", script="document.querySelector('#timeline a').dispatchEvent(new MouseEvent('click'))")
    assert chrome("evaluate", script="location.hash") == "#hit-1"


def test_pictures(reports: dict[str, Path], chrome: Browser) -> None:
    """The picture of the README, written where REPLAY_PICTURES says: ``docs/img``."""
    folder = os.environ.get("REPLAY_PICTURES")
    if not folder:
        pytest.skip("set REPLAY_PICTURES=docs/img to renew the pictures")
    chrome("open", url=reports["sample"].as_uri())
    chrome("media", colorScheme="light", media="screen")
    chrome("size", width=1000, height=1700)
    file = Path(folder).resolve() / "report-light.png"
    chrome("screenshot", file=str(file), clip={"x": 0, "y": 0, "width": 1000, "height": 1660})
    assert 50_000 < file.stat().st_size < 300_000
