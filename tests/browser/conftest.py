"""What the tests in a browser need, and what they say if it is missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from browser.chromium import Browser, Preview, start_preview
from support import ROOT

NEEDED = {"node": "Node.js 20 or later", "npm": "npm", "chromium": "Debian's package `chromium`"}
SAMPLE = ROOT / "dev/datasets/msra-windows-sysmon.log"


@pytest.fixture(scope="session", autouse=True)
def needed() -> None:
    """Fail, not skip: who asks for these tests wants them to run."""
    missing = [what for program, what in NEEDED.items() if shutil.which(program) is None]
    if missing:
        pytest.fail(f"not installed: {', '.join(missing)}", pytrace=False)


@pytest.fixture(scope="session")
def sample(needed: None) -> Iterator[Preview]:
    """The preview of the sample."""
    started = start_preview((SAMPLE,))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def chrome(needed: None, sample: Preview) -> Iterator[Browser]:
    """One browser for all tests; after the first preview, which installs what it needs."""
    browser = Browser()
    yield browser
    browser.close()
