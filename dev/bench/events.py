"""Sysmon events in any number, the same for the same seed: what the benchmarks read.

The mix is that of a busy workstation, mostly process starts, beside process accesses, images and registry values. An
event is about 2 KB, as in 200,000 real ones (405 MB). Every ``ATTACK_EVERY``-th event is a shell under msra.exe.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

ATTACK_EVERY = 50_000
_BLOCK = 1_000
_DATA = re.compile("<Data Name='([^']*)'>([^<]*)</Data>")

_HEAD = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-"
    "Sysmon' Guid='{{5770385f-c22a-43e0-bf4c-06f5698ffbd9}}'/><EventID>{id}</EventID><Version>5</Version>"
    "<Level>4</Level><Task>{id}</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>"
    "<TimeCreated SystemTime='{time}'/>"
    "<EventRecordID>{record}</EventRecordID><Correlation/><Execution ProcessID='2816' ThreadID='4032'/>"
    "<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>{host}</Computer><Security UserID='S-1-5-18'/>"
    "</System><EventData>"
)
_START = (
    ("RuleName", "-"), ("UtcTime", "{utc}"), ("ProcessGuid", "{guid}"), ("ProcessId", "{pid}"), ("Image", "{image}"),
    ("FileVersion", "10.0.19041.3636 (WinBuild.160101.0800)"), ("Description", "Host Process for Windows Services"),
    ("Product", "Microsoft® Windows® Operating System"), ("Company", "Microsoft Corporation"),
    ("OriginalFileName", "{name}"), ("CommandLine", "&quot;{image}&quot; {arguments}"),
    ("CurrentDirectory", "C:\\Windows\\System32\\"), ("User", "HALDENWERKE\\{user}"), ("LogonGuid", "{guid}"),
    ("LogonId", "0x{pid}e7"), ("TerminalSessionId", "1"), ("IntegrityLevel", "Medium"),
    ("Hashes", "SHA1={hash},MD5={hash},SHA256={hash}{hash},IMPHASH={hash}"), ("ParentProcessGuid", "{guid}"),
    ("ParentProcessId", "{parent_pid}"), ("ParentImage", "{parent}"), ("ParentCommandLine", "{parent} {arguments}"),
    ("ParentUser", "HALDENWERKE\\{user}"),
)  # fmt: skip
_ACCESS = (
    ("RuleName", "-"), ("UtcTime", "{utc}"), ("SourceProcessGUID", "{guid}"), ("SourceProcessId", "{pid}"),
    ("SourceThreadId", "{parent_pid}"), ("SourceImage", "{image}"), ("TargetProcessGUID", "{guid}"),
    ("TargetProcessId", "{parent_pid}"), ("TargetImage", "{parent}"), ("GrantedAccess", "0x1010"),
    ("CallTrace", "C:\\Windows\\SYSTEM32\\ntdll.dll+9d1e4|C:\\Windows\\System32\\KERNEL32.dll+2c1|{image}+{pid}|" * 9),
    ("SourceUser", "HALDENWERKE\\{user}"), ("TargetUser", "NT AUTHORITY\\SYSTEM"),
)  # fmt: skip
_LOADED = (
    ("RuleName", "-"), ("UtcTime", "{utc}"), ("ProcessGuid", "{guid}"), ("ProcessId", "{pid}"), ("Image", "{image}"),
    ("ImageLoaded", "C:\\Windows\\System32\\{user}.dll"), ("FileVersion", "10.0.19041.3636 (WinBuild.160101.0800)"),
    ("Description", "A library of the system &amp; its parts"), ("Product", "Microsoft® Windows® Operating System"),
    ("Company", "Microsoft Corporation"), ("OriginalFileName", "{user}.dll"),
    ("Hashes", "SHA1={hash},MD5={hash},SHA256={hash}{hash},IMPHASH={hash}"), ("Signed", "true"),
    ("Signature", "Microsoft Windows"), ("SignatureStatus", "Valid"), ("User", "HALDENWERKE\\{user}"),
)  # fmt: skip
_REGISTRY = (
    ("RuleName", "T1547"), ("EventType", "SetValue"), ("UtcTime", "{utc}"), ("ProcessGuid", "{guid}"),
    ("ProcessId", "{pid}"), ("Image", "{image}"), ("TargetObject", "HKLM\\SOFTWARE\\Microsoft\\{user}\\{hash}"),
    ("Details", "DWORD (0x0000000{parent_pid})"), ("User", "HALDENWERKE\\{user}"),
)  # fmt: skip


def _template(event: int, data: tuple[tuple[str, str], ...]) -> str:
    fields = "".join(f"<Data Name='{name}'>{value}</Data>" for name, value in data)
    return _HEAD.replace("{id}", str(event)) + fields + "</EventData></Event>\n"


_MIX = [_template(1, _START)] * 14 + [_template(10, _ACCESS)] * 4 + [_template(7, _LOADED)] + [_template(13, _REGISTRY)]
_USERS = ("a.novak", "b.lindqvist", "c.marin", "d.osei", "e.tanaka", "f.haddad", "SYSTEM")
_NAMES = (
    "svchost.exe",
    "chrome.exe",
    "explorer.exe",
    "powershell.exe",
    "cmd.exe",
    "conhost.exe",
    "rundll32.exe",
    "git.exe",
)


def lines(events: int, seed: int = 7) -> Iterator[str]:
    """The events, in blocks of whole lines."""
    choose = random.Random(seed)  # noqa: S311  (data for a benchmark)
    for start in range(0, events, _BLOCK):
        yield "".join(_event(choose, number) for number in range(start, min(start + _BLOCK, events)))


def _event(choose: random.Random, number: int) -> str:
    attack = number % ATTACK_EVERY == ATTACK_EVERY - 1
    bits = choose.getrandbits(128)
    name, parent = _NAMES[bits % 8], _NAMES[bits // 8 % 8]
    second, template = number // 20, _MIX[bits // 64 % len(_MIX)]
    clock = f"2026-{second // 2419200 % 12 + 1:02}-{second // 86400 % 28 + 1:02}", f"{second // 3600 % 24:02}"
    stamp = f"{clock[0]}T{clock[1]}:{second // 60 % 60:02}:{second % 60:02}.{number % 20 * 50000:06}000Z"
    if attack:
        template, name, parent = _MIX[0], "cmd.exe", "msra.exe"
    return template.format(
        time=stamp, utc=stamp[:23].replace("T", " "), record=number + 1,
        host=f"HW-WS-{bits % 97:03}.haldenwerke.example",
        guid=f"{{{bits % 2**32:08x}-8650-65ef-1330-{number:012x}}}", pid=bits % 30000, parent_pid=bits % 9999,
        image=f"C:\\Windows\\System32\\{name}", name=name, arguments=f"-k netsvcs -p -s {bits:x} /session {number}",
        user=_USERS[bits % 7], hash=f"{bits:032X}", parent=f"C:\\Windows\\System32\\{parent}",
    )  # fmt: skip


def as_json(event: str) -> str:
    """An event as nxlog writes it: one JSON object a line."""
    found = dict(_DATA.findall(event))
    system = {name: re.findall(f"<{name}>([^<]*)<", event)[0] for name in ("EventID", "Channel", "Computer")}
    time = re.findall("SystemTime='([^']*)'", event)[0]
    values = {name: unescape(value) for name, value in found.items()}
    return json.dumps(
        {
            "EventTime": time[:19].replace("T", " "), "Hostname": system["Computer"], "@timestamp": time[:23] + "Z",
            "SourceName": "Microsoft-Windows-Sysmon", "EventID": int(system["EventID"]),
            "Channel": system["Channel"], "SourceModuleType": "im_msvistalog", **values,
        }
    )  # fmt: skip


def write(path: Path, events: int) -> int:
    """Write a log of this many events, unless it is there; returns its size in bytes. JSON if its name ends so."""
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            for block in lines(events):
                if path.suffix == ".json":
                    block = "".join(f"{as_json(event)}\n" for event in block.splitlines())
                file.write(block)
        part.rename(path)
    return path.stat().st_size


if __name__ == "__main__":
    sys.stdout.writelines(lines(int(sys.argv[1])))
