"""What pages of Splunk Web ask of the server: jobs by id, searches on results, times, views."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from serve.running import Server

JOBS = "/services/search/jobs"
ROWS = "| makeresults count=50 | streamstats count as n"


def job(server: Server, spl: str = ROWS, **form: str) -> str:
    answer = server.post(JOBS, search=spl, exec_mode="blocking", **form)
    assert answer.status == 201, answer.body
    return str(answer.json["sid"])


def test_what_a_dashboard_says_of_its_search_is_taken(server: Server) -> None:
    job(server, label="ds_1", provenance="UI:Dashboard:x", postprocess_searches='["| stats count"]', sid="")


def test_jobs_by_their_ids(server: Server) -> None:
    one, _, three = (job(server) for _ in range(3))
    entries = server.ask(
        "GET", f"{JOBS}?id={one}&id={three}&count=2&output_mode=json", Authorization=f"Splunk {server.login()}"
    ).json["entry"]
    assert {entry["content"]["sid"] for entry in entries} == {one, three}


def test_a_search_on_results_with_the_fields_as_objects_and_the_number_of_its_rows(server: Server) -> None:
    path = f"/services/search/v2/jobs/{job(server)}/results_preview"
    form = {"search": "| where n > 40 | sort 0 - n | table n", "count": "3", "output_mode": "json_cols"}
    found = server.post(path, show_metadata="true", **form).json
    assert (found["fields"], found["columns"], found["post_process_count"]) == (
        [{"name": "n"}],
        [["50", "49", "48"]],
        10,
    )
    assert server.post(path, **form).json["fields"] == ["n"]


def test_many_searches_on_the_results_of_one_job_at_once(server: Server) -> None:
    path = f"/services/search/v2/jobs/{job(server)}/results_preview"

    def ask(n: int) -> list[dict[str, str]]:
        answer = server.post(path, search=f"| where n <= {n} | stats count")
        assert answer.status == 200, answer.body
        rows: list[dict[str, str]] = answer.json["results"]
        return rows

    server.login()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(1, 41))) == [[{"count": str(n)}] for n in range(1, 41)]


def test_times(server: Server) -> None:
    path = "/services/search/timeparser"
    assert server.get(path, time="1710240137").json == {"1710240137": "2024-03-12T10:42:17.000+00:00"}
    assert server.get(path, time="2024-03-12T00:00:00", output_time_format="%d.%m.%Y").json == {
        "2024-03-12T00:00:00": "12.03.2024"
    }
    assert server.get(path, time="yesteryear").status == 400
    assert server.get("/services/data/ui/times", count="-1").json["entry"] == []


def test_views(server: Server) -> None:
    path = "/servicesNS/admin/DA-ESS-RemoteAssistance/data/ui/views"
    names = [entry["name"] for entry in server.get(path).json["entry"]]
    assert "remote_assistance" in names
    assert "<dashboard" in server.get(f"{path}/remote_assistance").json["entry"][0]["content"]["eai:data"]
    assert server.get(f"{path}/no_such_view").status == 404
