"""The app's .conf files, read by ksconf, which reads them as Splunk does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ksconf.conf.parser import PARSECONF_STRICT_NC, parse_conf

ROOT = Path(__file__).resolve().parents[2]
Conf = dict[str, dict[str, str]]


@pytest.fixture(scope="session")
def conf() -> Callable[[str], Conf]:
    """A file of the app by its path; a stanza or key given twice is an error."""

    def read(path: str) -> Conf:
        parsed: Any = parse_conf(str(ROOT / path), profile=PARSECONF_STRICT_NC)
        return {str(stanza): dict(settings) for stanza, settings in parsed.items()}

    return read


@pytest.fixture(scope="session")
def rule(conf: Callable[[str], Conf]) -> dict[str, str]:
    """The settings of the detection."""
    return conf("default/savedsearches.conf")["Endpoint - Windows Remote Assistance Spawning Process - Rule"]
