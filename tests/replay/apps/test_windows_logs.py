"""The Windows event logs that TA-windows knows, under each name that searches give them, and what it makes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from replay.errors import Place, SearchError
from replay.plan import plan_search
from replay.session import Session

NAMES = [
    "sourcetype=wineventlog",
    "sourcetype=XMLWINEVENTLOG",
    'sourcetype="WinEventLog:Security"',
    'sourcetype="xmlwineventlog:security"',
    'sourcetype="wineventlog:microsoft-windows-wmi-activity/operational"',
    'sourcetype="XmlWinEventLog:Microsoft-Windows-NTLM/Operational"',
    'source="WinEventLog:Security"',
    'source="xmlwineventlog:system"',
    'source="WinEventLog:Application"',
    'source="WinEventLog:Microsoft-Windows-AppLocker/*"',
    'source="XmlWinEventLog:Microsoft-Windows-AppLocker/EXE and DLL"',
    'source="wineventlog:microsoft-windows-printservice/operational"',
    'source="WinEventLog:Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational"',
    'source="XmlWinEventLog:Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"',
    'source="XmlWinEventLog:Microsoft-Windows-Bits-Client/Operational"',
    'source="XmlWinEventLog:Microsoft-Windows-AppXDeploymentServer/Operational"',
    'source="XmlWinEventLog:Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"',
    'source="XmlWinEventLog:Microsoft-Windows-CodeIntegrity/Operational"',
    'source="XmlWinEventLog:Microsoft-Windows-DNSServer/Analytical"',
    'source="XmlWinEventLog:Directory Service"',
    'source="XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"',
    "source=ActiveDirectory",
    'sourcetype="MSExchange:management"',
    'sourcetype="IIS:Configuration:Operational"',
    "eventtype=wineventlog_system",
]
EVENT = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='P'/>"
    "<EventID>{id}</EventID><Version>0</Version><Level>4</Level><Task>0</Task><Opcode>0</Opcode>"
    "<Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='2024-05-01T10:00:00.000000000Z'/>"
    "<EventRecordID>7</EventRecordID>"
    "<Channel>{channel}</Channel><Computer>dc1.example.org</Computer><Security UserID='S-1-5-20'/>"
    "</System>{data}</Event>\n"
)


def event(channel: str, number: int, *, user_data: str = "", **fields: str) -> str:
    """One event as XML: the fields as EventData, or UserData as it stands."""
    data = "".join(f"<Data Name='{name}'>{value}</Data>" for name, value in fields.items())
    inner = f"<UserData>{user_data}</UserData>" if user_data else f"<EventData>{data}</EventData>"
    return EVENT.format(id=number, channel=channel, data=inner)


def channel_of(xml: str) -> str:
    return xml.split("<Channel>")[1].split("<")[0]


# event, what the log's stanza gives beside what every log has
EVENTS: list[tuple[str, dict[str, str | None]]] = [
    (
        event(
            "Microsoft-Windows-NTLM/Operational", 8004, SChannelName="SRV1", UserName="alice", DomainName="EX",
            WorkstationName=r"\\\\WS1",
        ),
        {"user": "alice", "src": "WS1", "SChannelName": "SRV1", "authentication_method": "NTLM"},
    ),
    (
        event(
            "Microsoft-Windows-WMI-Activity/Operational", 5861,
            user_data="<Operation_ESStoConsumerBinding xmlns='w'>"
            "<Namespace>//./root/subscription</Namespace><ESS>f</ESS>"
            "<CONSUMER>CommandLineEventConsumer=c</CONSUMER><PossibleCause>Binding EventFilter</PossibleCause>"
            "</Operation_ESStoConsumerBinding>",
        ),
        {
            "Message": "Namespace = //./root/subscription; Eventfilter = f (refer to its activate eventid:5859); "
            "Consumer = CommandLineEventConsumer=c; PossibleCause = Binding EventFilter"
        },
    ),
    (
        event(
            "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational", 1149,
            user_data="<EventXML xmlns='Event_NS'>"
            "<Param1>bob</Param1><Param2>EX</Param2><Param3>192.0.2.7</Param3></EventXML>",
        ),
        {"user": "bob", "src": "192.0.2.7", "src_nt_domain": "EX"},
    ),
    (
        event(
            "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational", 21,
            user_data="<EventXML xmlns='Event_NS'>"
            "<User>EX\\bob</User><SessionID>2</SessionID><Address>LOCAL</Address></EventXML>",
        ),
        {"user": "bob", "src": None, "session_id": "2"},
    ),
    (
        event(
            "Microsoft-Windows-Bits-Client/Operational", 3, jobOwner="EX\\bob", processPath="C:\\x.exe", processId="9"
        ),
        {"user": "bob", "process_path": "C:\\x.exe", "process_id": "9"},
    ),
    (
        event(
            "Microsoft-Windows-AppLocker/EXE and DLL", 8004,
            user_data="<RuleAndFileData xmlns='a'><PolicyName>EXE</PolicyName><TargetUser>S-1-5-21-1</TargetUser>"
            "<TargetProcessId>44</TargetProcessId><FullFilePath>C:\\x.exe</FullFilePath></RuleAndFileData>",
        ),
        {"user_id": "S-1-5-21-1", "process_id": "44", "file_path": "C:\\x.exe", "PolicyName": "EXE"},
    ),
    (
        event("Microsoft-Windows-DNSServer/Analytical", 256, QNAME="evil.example.", Source="192.0.2.9"),
        {"query": "evil.example.", "src": "192.0.2.9"},
    ),
    (
        event(
            "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall", 2004, RuleName="In",
            ModifyingUser="S-1-5-18", ModifyingApplication="C:\\netsh.exe",
        ),
        {"object": "In", "user_id": "S-1-5-18", "process_path": "C:\\netsh.exe"},
    ),
    (event("Microsoft-Windows-LAPS/Operational", 10018), {"user_id": "S-1-5-20"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def session() -> Session:
    return Session()


def search(session: Session, spl: str) -> list[dict[str, object]]:
    """The rows; a multivalue of one is that value."""
    rows = session.engine.rows(plan_search(spl, session.context(session.home, Place())))
    return [{k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in row.items()} for row in rows]


@pytest.mark.parametrize("name", NAMES)
def test_a_search_may_name_a_log_of_windows_before_there_are_events(session: Session, name: str) -> None:
    assert search(session, f"search {name} | stats count") == [{"count": 0}]


@pytest.mark.parametrize(
    "name", ["sourcetype=aws:cloudtrail", 'source="XmlWinEventLog:Microsoft-Windows-Sysmom/Operational"']
)
def test_a_source_that_nothing_configures_is_an_error(session: Session, name: str) -> None:
    with pytest.raises(SearchError, match="nothing is known of"):
        search(session, f"search {name} | stats count")


# Each log as the reader calls it; one under other source types, too.
CARRIED: list[tuple[str | None, str, dict[str, str | None]]] = [(None, *case) for case in EVENTS]
CARRIED += [(name, *EVENTS[0]) for name in ("xmlwineventlog", "XmlWinEventLog:Any/Operational")]


@pytest.mark.parametrize(
    ("sourcetype", "xml", "expected"), CARRIED, ids=[f"{name or ''} {channel_of(xml)}" for name, xml, _ in CARRIED]
)
def test_the_fields_of_a_log(tmp_path: Path, sourcetype: str | None, xml: str, expected: dict[str, str | None]) -> None:
    log = tmp_path / "events.xml"
    log.write_text(xml, encoding="utf-8")
    session = Session()
    session.load([log], sourcetype=sourcetype)
    common = {"dest": "dc1.example.org", "EventCode": xml.split("<EventID>")[1].split("<")[0]}
    rows = search(session, f"search index=main | table {' '.join({**common, **expected})}")
    assert rows == [{name: value for name, value in {**common, **expected}.items() if value is not None}]


def test_active_directory_monitor(tmp_path: Path) -> None:
    raw = (
        "05/01/2024 10:00:00.000\ndcName=dc1.example.org\nadmonEventType=Update\nNames:\n\t\tname=x\n"
        "\t\tobjectCategory=CN=Group-Policy-Container,CN=Schema\n\t\tmember=CN=a\n\t\tmember=CN=b\n"
    )
    export = {"_raw": raw, "_time": "1714557600", "source": "ActiveDirectory", "sourcetype": "ActiveDirectory"}
    log = tmp_path / "export.json"
    log.write_text(json.dumps({"result": export}) + "\n", encoding="utf-8")
    session = Session()
    session.load([log])
    rows = search(
        session, 'search source=ActiveDirectory objectCategory="CN=Group*" | table dest admonEventType member'
    )
    assert rows == [{"dest": "dc1.example.org", "admonEventType": "Update", "member": ["CN=a", "CN=b"]}]
