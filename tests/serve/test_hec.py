"""The HTTP Event Collector: endpoints, metadata, acknowledgement, and every documented error that can be had."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest
from replay.serve import hec
from replay.serve.head import Head
from replay.serve.hec import Collector
from replay.serve.hec_events import Defaults, batch
from serve.running import CHANNEL, Answer, Server
from support import ROOT

SYSMON = (ROOT / "dev/datasets/msra-windows-sysmon.log").read_bytes()
SOURCE = "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    assert server.post("/services/data/indexes", name="hec").status == 201
    return server.token("plain", index="hec")


@pytest.fixture(scope="module")
def acknowledging(server: Server, token: str) -> str:
    return server.token("acknowledging", index="hec", useACK="1")


def said(answer: Answer) -> tuple[int, int]:
    return answer.status, answer.json["code"]


def held(server: Server, terms: str, *fields: str) -> list[dict[str, Any]]:
    return server.search(f"search index=hec {terms} | sort _time | table {' '.join(fields)}")


def test_a_server_with_too_much_to_do_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    head = Head([], "secret", tmp_path)
    scope = {"type": "http", "method": "POST", "path": "/services/collector/event", "query_string": b"", "headers": []}
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    def ask(most: int) -> tuple[int, int]:
        monkeypatch.setattr(hec, "MOST_REQUESTS", most)
        asyncio.run(Collector(head)(scope, receive, send))
        start, body = sent[-2:]
        return start["status"], json.loads(body["body"])["code"]

    assert ask(0) == (503, 9)
    assert ask(1) == (401, 2)  # no token
    head.close()


def test_events_with_metadata(server: Server, token: str) -> None:
    batch = [
        {"event": "one", "time": 1700000000.25, "host": "h1", "source": "s1", "sourcetype": "st1"},
        {"event": {"a": "ü", "n": 1}, "time": "1700000001"},
    ]
    body = "\n".join(json.dumps(item) for item in batch).encode()
    assert said(server.send(token, "/event?source=batch", body)) == (200, 0)
    assert held(server, "source IN (s1, batch)", "_time", "_raw", "host", "source", "sourcetype", "a") == [
        {"_time": "2023-11-14T22:13:20.250+00:00", "_raw": "one", "host": "h1", "source": "s1", "sourcetype": "st1"},
        {
            "_time": "2023-11-14T22:13:21.000+00:00",
            "_raw": '{"a": "\\u00fc", "n": 1}',
            "host": "localhost",
            "source": "batch",
            "sourcetype": "httpevent",
            "a": "ü",
        },
    ]


def test_an_array_and_gzip(server: Server, token: str) -> None:
    body = gzip.compress(json.dumps([{"event": "a"}, {"event": "b"}]).encode())
    assert said(server.send(token, "?source=packed", body, Content_Encoding="gzip")) == (200, 0)
    assert len(held(server, "source=packed", "_raw")) == 2


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('{"event": {"b":  1.10, "a" : "\\u00e9"}}', ['{"b":  1.10, "a" : "\\u00e9"}']),
        ('{"event": {"a": 1, "a": 2}, "time": 1}', ['{"a": 1, "a": 2}']),
        ('{"event": 12345678901234567890}{"event": 1e3}', ["12345678901234567890", "1e3"]),
        ('[{"event": ["x",\n 1]}, {"event": "t"}, {"event": true}]', ['["x",\n 1]', "t", "true"]),
        ('{"event": {"n":  NaN}}', ['{"n":NaN}']),
        ('{"event": {"half": "\\ud800"}}', ['{"half":"\ud800"}']),
    ],
    ids=["layout", "twice", "numbers", "array", "no JSON: NaN", "half a character"],
)
def test_events_are_kept_as_they_were_sent(sent: str, kept: list[str]) -> None:
    events = batch(sent, Defaults("main", "h", "s", "st"))
    assert [event.raw for _, event in events] == kept


def test_raw_text_is_cut_as_the_command_line_cuts_it(server: Server, token: str) -> None:
    where = f"/raw?source={SOURCE}&sourcetype=xmlwineventlog&host=raw-host"
    assert said(server.send(token, where, SYSMON)) == (200, 0)
    counted = server.search("search index=hec host=raw-host | stats count dc(EventID) as kinds by sourcetype")
    assert counted == [{"sourcetype": "xmlwineventlog", "count": "317", "kinds": counted[0]["kinds"]}]
    assert int(counted[0]["kinds"]) > 3


def test_raw_lines_of_unknown_format(server: Server, token: str) -> None:
    assert said(server.send(token, "/raw?source=lines", b"2024-01-02T03:04:05Z first\nsecond\n")) == (200, 0)
    assert sorted(row["_raw"] for row in held(server, "source=lines sourcetype=httpevent", "_raw", "_time")) == [
        "2024-01-02T03:04:05Z first",
        "second",
    ]


def test_a_raw_event_without_a_time_gets_that_of_its_arrival(server: Server, token: str) -> None:
    before = time.time()
    assert said(server.send(token, "/raw?source=untimed", b"no time\n")) == (200, 0)
    (row,) = held(server, "source=untimed | eval when=_time", "when")
    assert before - 1 <= float(row["when"]) <= time.time() + 1


def test_acknowledgement(server: Server, acknowledging: str) -> None:
    sent = server.send(acknowledging, "", b'{"event": "x"}', X_Splunk_Request_Channel=CHANNEL).json
    asked = json.dumps({"acks": [sent["ackId"], sent["ackId"] + 1]}).encode()
    answer = server.send(acknowledging, f"/ack?channel={CHANNEL}", asked)
    assert answer.json == {"acks": {str(sent["ackId"]): True, str(sent["ackId"] + 1): False}}


def test_health_needs_no_token(server: Server) -> None:
    assert said(server.ask("GET", "/services/collector/health")) == (200, 17)
    assert said(server.ask("GET", "/services/collector/health/1.0")) == (200, 17)


NESTED = b'{"event": ' + b"[" * 200_000 + b"}"
BAD_BATCHES = [
    (b"", 400, 5),
    (b"   ", 400, 5),
    (b"no json", 400, 6),
    (b'{"event": "a"} trailing', 400, 6),
    (b'{"event": "a", "surprise": 1}', 400, 6),
    (b'{"event": "a", "time": "soon"}', 400, 6),
    (b'{"event": "a", "time": NaN}', 400, 6),
    (b'{"event": "a", "host": 7}', 400, 6),
    (b"[1]", 400, 6),
    (NESTED, 400, 6),
    (b'{"event": "a", "time": ' + b"9" * 5000 + b"}", 400, 6),
    (b'{"event": "a", "index": "nosuchindex"}', 400, 7),
    (b'{"sourcetype": "st"}', 400, 12),
    (b'{"event": ""}', 400, 13),
    (b'{"event": "a", "fields": {"f": "v"}}', 400, 15),
]


@pytest.mark.parametrize(("body", "status", "code"), BAD_BATCHES, ids=[str(body[:40]) for body, *_ in BAD_BATCHES])
def test_a_bad_batch_is_refused_as_a_whole(server: Server, token: str, body: bytes, status: int, code: int) -> None:
    first = b'{"event": "must not be stored", "source": "refused"}' if code not in (5,) else b""
    assert said(server.send(token, "/event", first + body)) == (status, code)
    assert held(server, "source=refused", "_raw") == []


NUMBERED = [
    (b'{"event": "a", "index": "nosuchindex"}', 7, 1),
    (b'{"event": "a"} {"event": "b"} {"event": "c", "index": "nosuchindex"}', 7, 3),
    (b'{"event": "a"} {"event": "b"} {"event": }', 6, 2),
    (b'{"event": "a"} {"event": ""}', 13, 1),
]
"""Body, code, and the number of the event: that of a wrong index counts from 1, as Splunk's does, others from 0."""


@pytest.mark.parametrize(("body", "code", "number"), NUMBERED, ids=[str(body[-30:]) for body, *_ in NUMBERED])
def test_the_wrong_event_of_a_batch_is_numbered(
    server: Server, token: str, body: bytes, code: int, number: int
) -> None:
    answer = server.send(token, "/event", body).json
    assert (answer["code"], answer["invalid-event-number"]) == (code, number)


def test_who_may_send(server: Server, token: str) -> None:
    event = b'{"event": "a"}'
    server.token("off", index="hec", disabled="1")
    off = server.get("/services/data/inputs/http/off").json["entry"][0]["content"]["token"]
    cases: list[tuple[dict[str, Any], str, tuple[int, int]]] = [
        ({}, "", (401, 2)),
        ({}, f"?token={token}", (400, 16)),
        ({"Authorization": "Digest abc"}, "", (401, 3)),
        ({"Authorization": "Splunk"}, "", (401, 3)),
        ({"Authorization": "Splunk 00000000-0000-0000-0000-000000000000"}, "", (403, 4)),
        ({"Authorization": f"Splunk {token[:-1]}"}, "", (403, 4)),
        ({"Authorization": f"Splunk {off}"}, "", (403, 1)),
    ]
    for headers, query, expected in cases:
        assert said(server.ask("POST", f"/services/collector{query}", event, **headers)) == expected, headers


def test_a_token_whose_settings_are_malformed_says_so(server: Server) -> None:
    secret = server.token("malformed", index="hec")
    tokens = "/services/data/inputs/http"
    for name in ("useACK", "disabled"):
        assert server.post(f"{tokens}/malformed", **{name: "maybe"}).status == 400
    stanza = "/servicesNS/nobody/splunk_httpinput/configs/conf-inputs/http%3A%252F%252Fmalformed"
    assert server.post(stanza, useACK="maybe").status == 200
    answer = server.send(secret, "", b'{"event": "a"}')
    assert said(answer) == (500, 8)
    assert "`maybe` is not a boolean" in answer.json["text"]
    assert server.post(f"{tokens}/malformed", useACK="0").status == 200
    assert said(server.send(secret, "", b'{"event": "a"}')) == (200, 0)


def test_channels(server: Server, token: str, acknowledging: str) -> None:
    event = b'{"event": "a"}'
    assert said(server.send(acknowledging, "", event)) == (400, 10)
    assert said(server.send(acknowledging, "?channel=not-a-guid", event)) == (400, 11)
    assert said(server.send(token, f"/ack?channel={CHANNEL}", b'{"acks": [0]}')) == (400, 14)
    assert said(server.send(acknowledging, f"/ack?channel={CHANNEL}", b'{"acks": "all"}')) == (400, 6)


def test_a_token_sends_only_to_its_indexes(server: Server) -> None:
    narrow = server.token("narrow", index="hec", indexes="hec")
    assert said(server.send(narrow, "/raw?index=main", b"text")) == (400, 7)
    assert said(server.send(narrow, "/raw?index=hec&source=narrow", b"text")) == (200, 0)


def test_what_the_url_says_is_followed_refused_or_told(server: Server, token: str) -> None:
    event = b'{"event": "2020-01-01T00:00:00Z x", "source": "by_url"}'
    answer = server.send(token, "/event?auto_extract_timestamp=true", event)
    assert said(answer) == (400, 6)
    assert "say `time` of each event" in answer.json["text"]
    assert held(server, "source=by_url", "_raw") == []
    assert said(server.send(token, "/event?auto_extract_timestamp=false", event)) == (200, 0)
    assert said(server.send(token, "/event?" + "&".join(f"a{n}=1" for n in range(101)), event)) == (400, 6)
    assert said(server.send(token, "/event?indx=other", event)) == (200, 0)
    told = server.get("/services/messages/hec_indx").json["entry"][0]["content"]["message"]
    assert "the query argument `indx` is unknown" in told


def test_damaged_gzip(server: Server, token: str) -> None:
    packed = gzip.compress(b'{"event": "a"}' * 100)
    for body in (b"no gzip", packed[:-5], packed + b"more"):
        assert server.send(token, "", body, Content_Encoding="gzip").status == 400


def test_what_could_not_be_read_is_told(server: Server, token: str) -> None:
    broken = SYSMON[:3000] + b"<Event this is no event\n" + SYSMON[-3000:]
    where = f"/raw?source={SOURCE}&sourcetype=xmlwineventlog&host=broken"
    assert said(server.send(token, where, broken)) == (200, 0)
    told = [entry["content"]["message"] for entry in server.get("/services/messages").json["entry"]]
    assert any("HTTP Event Collector, http://plain" in text for text in told)


def test_other_paths(server: Server, token: str) -> None:
    assert server.send(token, "/nothing", b"x").status == 404
    assert server.ask("GET", "/services/collector/event").status == 405
