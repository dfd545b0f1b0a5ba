"""Models in a server: what one job has trained, later jobs apply, as they read what outputlookup has written."""

from __future__ import annotations

from typing import Any

import pytest
from serve.running import Server
from serve.test_sdk import connect, rows
from splunklib.binding import HTTPError


def test_one_job_trains_and_another_applies(server: Server) -> None:
    service = connect(server, app="search", owner="nobody")

    def search(text: str) -> list[dict[str, Any]]:
        return rows(service.jobs.oneshot(text, output_mode="json"))

    with pytest.raises(HTTPError, match="model `served` does not exist: train it first"):
        search("| makeresults | eval x=20 | apply served")
    trained = search(
        "| makeresults count=60 | streamstats count AS n | eval x=if(n%2=0,8,12)"
        '| fit DensityFunction x dist=norm into app:served | stats sum("IsOutlier(x)") AS outliers'
    )
    assert trained == [{"outliers": "0"}]
    applied = search('| makeresults | eval x=20 | apply served | table "IsOutlier(x)" BoundaryRanges')
    assert applied == [{"IsOutlier(x)": "1", "BoundaryRanges": ["-Infinity:4.8483:0.005", "15.1517:Infinity:0.005"]}]
    assert search("| summary served | table type cardinality") == [{"type": "Normal", "cardinality": "60"}]
