"""Writes the sample log: a quiet working day in a small company, with an attack inside.

    python dev/datasets/make_sample.py [FILE]

Everything is invented: the company, its people, its machines and the attack, which follows what The DFIR
Report tells of Qbot (https://thedfirreport.com/2022/02/07/qbot-likes-to-move-it-move-it/). The same bytes
come out every time. One event a line, in the form in which Splunk indexes Sysmon: XML, attributes in single
quotes, one line ending for each event.

What happens is told in ``sample_day.toml``, the attack and what only looks like it each with its name.
"""

from __future__ import annotations

import hashlib
import random
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

STORY: dict[str, list[dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("sample_day.toml").read_text(encoding="utf-8")
)
DAY = datetime(2024, 3, 12, tzinfo=UTC)
DOMAIN = "haldenwerke.example"
QUIET_STARTS = 292
SYSTEM = "NT AUTHORITY\\SYSTEM"

ABOUT = {
    "cmd.exe": ("Windows Command Processor", "Cmd.Exe"),
    "powershell.exe": ("Windows PowerShell", "PowerShell.EXE"),
    "wscript.exe": ("Microsoft ® Windows Based Script Host", "wscript.exe"),
    "msra.exe": ("Windows Remote Assistance", "msra.exe"),
    "svchost.exe": ("Host Process for Windows Services", "svchost.exe"),
    "explorer.exe": ("Windows Explorer", "EXPLORER.EXE"),
    "regsvr32.exe": ("Microsoft(C) Register Server", "REGSVR32.EXE"),
    "net.exe": ("Net Command", "net.exe"),
    "notepad.exe": ("Notepad", "NOTEPAD.EXE"),
    "taskhostw.exe": ("Host Process for Windows Tasks", "taskhostw.exe"),
    "conhost.exe": ("Console Window Host", "CONHOST.EXE"),
}
"""Description and OriginalFileName by image name; any other image is named after itself."""


@dataclass
class Endpoint:
    """A machine; ``guid`` is how its GUIDs begin, ``record`` the number of its last record."""

    name: str
    user: str
    guid: str
    address: str
    record: int
    pids: set[int] = field(default_factory=set)


class Start(NamedTuple):
    """A process start, as the story tells it; without a user it is by the user of the machine."""

    at: str
    host: str
    parent: str
    parent_command: str
    image: str
    command: str
    pid: int
    parent_pid: int
    user: str | None = None
    quotes: bool = False


class Happening(NamedTuple):
    """An event before it is written: when, where, its Sysmon number and version, and its fields."""

    at: datetime
    endpoint: Endpoint
    number: int
    version: int
    fields: dict[str, str]
    quotes: bool = False


def sample() -> str:
    """The whole log."""
    rng = random.Random(20240312)  # noqa: S311 - the same day every time is the point
    endpoints = {row["name"]: Endpoint(**row) for row in STORY["endpoint"]}
    told = [Start(**row) for part in ("prelude", "hit", "look_alike") for row in STORY[part]]
    taken = {pid for start in told for pid in (start.pid, start.parent_pid)}
    for endpoint in endpoints.values():
        endpoint.pids = set(taken)
    happenings = [_process(endpoints[start.host], start) for start in told]
    happenings += _quiet_day(rng, list(endpoints.values()))
    happenings += _around(rng, endpoints)
    happenings.sort(key=lambda happening: happening.at)
    lines = []
    for happening in happenings:
        happening.endpoint.record += 1
        lines.append(_xml(happening, rng.randrange(150, 14_000)))
    return "".join(line + "\n" for line in lines)


def _quiet_day(rng: random.Random, endpoints: list[Endpoint]) -> Iterator[Happening]:
    for _ in range(QUIET_STARTS):
        endpoint, habit = rng.choice(endpoints), rng.choice(STORY["habit"])
        seconds = int(rng.triangular(6 * 3600, 19 * 3600, 10.5 * 3600) * 1000) / 1000
        at = (DAY + timedelta(seconds=seconds)).strftime("%H:%M:%S.%f")[:-3]
        start = Start(
            at,
            endpoint.name,
            parent_command=_quoted(habit["parent"]),
            pid=_pid(rng, endpoint),
            parent_pid=_pid(rng, endpoint),
            **habit,
        )
        yield _process(endpoint, start)


def _around(rng: random.Random, endpoints: dict[str, Endpoint]) -> Iterator[Happening]:
    """Events of other kinds: the injected process calls home, files are written, processes end."""
    for row in STORY["connection"]:
        yield _connection(rng, endpoints[row["host"]], **row)
    for row in STORY["file"]:
        yield _file(endpoints[row["host"]], **row)
    for row in STORY["end"]:
        endpoint = endpoints[row["host"]]
        fields = _common(endpoint, row["at"], row["pid"])
        fields |= {"Image": row["image"], "User": _user(endpoint, None)}
        yield Happening(_moment(row["at"]), endpoint, 5, 3, fields)


def _process(endpoint: Endpoint, start: Start) -> Happening:
    user = _user(endpoint, start.user)
    service = user.startswith("NT AUTHORITY")
    name = start.image.rsplit("\\", 1)[1]
    description, original = ABOUT.get(name.lower(), (name.rsplit(".", 1)[0], name))
    ours = "\\halden tools\\" in start.image.lower()
    system = start.image.lower().startswith("c:\\windows\\")
    version = "10.0.19041.3636 (WinBuild.160101.0800)" if system else "2.4.0" if ours else "16.0.17328.20162"
    logon = 0x3E7 if service else 0x4A000 + int(endpoint.guid[:4], 16)
    parent_user = SYSTEM if service or start.parent.lower().endswith(("svchost.exe", "services.exe")) else user
    session = "0" if service else "1"
    integrity = "System" if service else "Medium"
    fields = _common(endpoint, start.at, start.pid) | {
        "Image": start.image,
        "FileVersion": version,
        "Description": description,
        "Product": "Halden Tools" if ours else "Microsoft® Windows® Operating System",
        "Company": "Haldenwerke" if ours else "Microsoft Corporation",
        "OriginalFileName": original,
        "CommandLine": start.command,
        "CurrentDirectory": "C:\\Windows\\System32\\" if service else f"C:\\Users\\{endpoint.user}\\",
        "User": user,
        "LogonGuid": _guid(endpoint, logon),
        "LogonId": hex(logon),
        "TerminalSessionId": session,
        "IntegrityLevel": integrity,
        "Hashes": _hashes(start.image),
        "ParentProcessGuid": _guid(endpoint, start.parent_pid),
        "ParentProcessId": str(start.parent_pid),
        "ParentImage": start.parent,
        "ParentCommandLine": start.parent_command,
        "ParentUser": parent_user,
    }
    return Happening(_moment(start.at), endpoint, 1, 5, fields, start.quotes)


def _connection(
    rng: random.Random, endpoint: Endpoint, at: str, host: str, image: str, pid: int, address: str, port: str
) -> Happening:
    fields = _common(endpoint, at, pid) | {
        "Image": image,
        "User": _user(endpoint, None),
        "Protocol": "tcp",
        "Initiated": "true",
        "SourceIsIpv6": "false",
        "SourceIp": endpoint.address,
        "SourceHostname": f"{endpoint.name}.{DOMAIN}",
        "SourcePort": str(rng.randrange(49_700, 65_000)),
        "SourcePortName": "-",
        "DestinationIsIpv6": "false",
        "DestinationIp": address,
        "DestinationHostname": "-",
        "DestinationPort": port,
        "DestinationPortName": "https" if port == "443" else "-",
    }
    return Happening(_moment(at), endpoint, 3, 5, fields)


def _file(
    endpoint: Endpoint, at: str, host: str, image: str, pid: int, target: str, user: str | None = None
) -> Happening:
    fields = _common(endpoint, at, pid)
    created = fields["UtcTime"]
    fields |= {
        "Image": image,
        "TargetFilename": target,
        "CreationUtcTime": created,
        "User": _user(endpoint, user),
    }
    return Happening(_moment(at), endpoint, 11, 2, fields)


def _common(endpoint: Endpoint, at: str, pid: int) -> dict[str, str]:
    moment = _moment(at)
    return {
        "RuleName": "-",
        "UtcTime": f"{moment:%Y-%m-%d} {at}",
        "ProcessGuid": _guid(endpoint, pid),
        "ProcessId": str(pid),
    }


def _xml(happening: Happening, delay: int) -> str:
    """One event as a line. The log stamps an event shortly (``delay`` microseconds) after Sysmon does."""
    stamp = (happening.at + timedelta(microseconds=delay)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
    entities = {'"': "&quot;"} if happening.quotes else {}
    data = "".join(f"<Data Name='{name}'>{escape(value, entities)}</Data>" for name, value in happening.fields.items())
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        "<Provider Name='Microsoft-Windows-Sysmon' Guid='{5770385f-c22a-43e0-bf4c-06f5698ffbd9}'/>"
        f"<EventID>{happening.number}</EventID><Version>{happening.version}</Version><Level>4</Level>"
        f"<Task>{happening.number}</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>"
        f"<TimeCreated SystemTime='{stamp}'/><EventRecordID>{happening.endpoint.record}</EventRecordID>"
        "<Correlation/><Execution ProcessID='2816' ThreadID='4032'/>"
        "<Channel>Microsoft-Windows-Sysmon/Operational</Channel>"
        f"<Computer>{happening.endpoint.name}.{DOMAIN}</Computer><Security UserID='S-1-5-18'/></System>"
        f"<EventData>{data}</EventData></Event>"
    )


def _moment(at: str) -> datetime:
    return datetime.combine(DAY.date(), datetime.strptime(at, "%H:%M:%S.%f").time(), UTC)


def _user(endpoint: Endpoint, user: str | None) -> str:
    return user or f"HALDENWERKE\\{endpoint.user}"


def _pid(rng: random.Random, endpoint: Endpoint) -> int:
    pids = endpoint.pids
    pid = rng.randrange(1_000, 15_000, 4)
    while pid in pids:
        pid = rng.randrange(1_000, 15_000, 4)
    pids.add(pid)
    return pid


def _guid(endpoint: Endpoint, number: int) -> str:
    """The GUID of the process or logon with this number: the same wherever it is named."""
    return f"{{{endpoint.guid}-{number * 7 & 0xFFFF:04x}-65ef-{number & 0xFFFF:04x}-{number:012x}}}"


def _hashes(image: str) -> str:
    digest = hashlib.sha256(image.lower().encode()).hexdigest().upper()
    return f"MD5={digest[:32]},SHA256={digest},IMPHASH={digest[32:]}"


def _quoted(image: str) -> str:
    return f'"{image}"' if " " in image else image


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("msra-windows-sysmon.log")
    target.write_text(sample(), encoding="utf-8", newline="\n")
