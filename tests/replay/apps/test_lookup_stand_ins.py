"""The stand-ins for lookup tables: whole in themselves, matching as ES Content Updates matches, and never passed off
as the real ones.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from ksconf.conf.parser import PARSECONF_STRICT_NC, parse_conf
from replay.errors import Place
from replay.plan import plan_search
from replay.session import Session
from support import ROOT, write_app, write_lookup

STAND_INS = ROOT / "dev" / "apps"
TABLES = {
    (app, name): {key: str(value) for key, value in settings.items()}
    for app in ("DA-ESS-ContentUpdate", "SA-NetworkProtection", "SA-IdentityManagement")
    for name, settings in parse_conf(str(STAND_INS / app / "default" / "transforms.conf"), PARSECONF_STRICT_NC).items()
    if settings
}
FILES = {key: settings for key, settings in TABLES.items() if "filename" in settings}
# A site fills these itself.
EMPTY = {"dynamic_dns_providers_local", "lookup_rare_process_allow_list_local"}


def cells(app: str, filename: str) -> tuple[list[str], list[list[str]]]:
    with (STAND_INS / app / "lookups" / filename).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


def run(spl: str, *apps: Path) -> tuple[list[dict[str, object]], list[str]]:
    """Rows and warnings of a search."""
    warnings: list[str] = []
    session = Session(apps, warn=warnings.append)
    relation = plan_search(spl, session.context(session.home, Place()))
    return [dict(row) for row in session.engine.rows(relation)], warnings


@pytest.mark.parametrize(("app", "name"), FILES, ids=lambda part: part)
def test_a_table_is_whole(app: str, name: str) -> None:
    settings = FILES[app, name]
    header, rows = cells(app, settings["filename"])
    assert settings["filename"] == f"{name}.csv"
    assert len(set(header)) == len(header)
    assert all(len(row) == len(header) for row in rows)
    assert len({tuple(row) for row in rows}) == len(rows)
    assert bool(rows) == (name not in EMPTY)
    assert set(re.findall(r"WILDCARD\((\w+)\)", settings.get("match_type", ""))) <= set(header)


@pytest.mark.parametrize(("app", "name"), FILES, ids=lambda part: part)
def test_a_table_says_what_it_stands_in_for(app: str, name: str) -> None:
    assert FILES[app, name]["stand_in_for"]
    assert "stand_in_for" in (STAND_INS / app / "README" / "transforms.conf.spec").read_text(encoding="utf-8")


def test_every_file_has_a_definition() -> None:
    for app in {app for app, _ in FILES}:
        files = {path.name for path in (STAND_INS / app / "lookups").iterdir()}
        assert files == {settings["filename"] for (owner, _), settings in FILES.items() if owner == app}


def test_the_source_of_every_table_is_named() -> None:
    sources = (STAND_INS / "DA-ESS-ContentUpdate" / "README" / "SOURCES.md").read_text(encoding="utf-8")
    assert [name for app, name in FILES if app == "DA-ESS-ContentUpdate" and f"`{name}`" not in sources] == []


def test_collections_are_declared() -> None:
    for (app, name), settings in TABLES.items():
        if "collection" in settings:
            declared = parse_conf(str(STAND_INS / app / "default" / "collections.conf"), PARSECONF_STRICT_NC)
            assert settings["collection"] in declared, name


def test_the_stand_in_has_no_searches_and_no_macros() -> None:
    kinds = {path.name for path in (STAND_INS / "DA-ESS-ContentUpdate" / "default").iterdir()}
    assert kinds == {"app.conf", "collections.conf", "transforms.conf"}


# lookup, keys of one row, what the lookup gives for them
MATCHES = [
    (
        "attacker_tools attacker_tool_names AS x OUTPUT description AS y",
        "Mimikatz_x64.exe",
        "Reads credentials from memory",
    ),
    ("attacker_tools attacker_tool_names AS x OUTPUT description AS y", "winword.exe", "false"),
    ("is_windows_system_file filename AS x OUTPUT systemFile AS y", "SVCHOST.EXE", "true"),
    ("is_windows_system_file filename AS x OUTPUT systemFile AS y", "invoice.exe", "false"),
    ("is_net_windows_file originalFileName AS x OUTPUT netFile AS y", "msbuild.exe", "true"),
    ("is_nirsoft_software filename AS x OUTPUT nirsoftFile AS y", "WebBrowserPassView.exe", "true"),
    ("remote_access_software remote_utility AS x OUTPUT isutility AS y", "AnyDesk.exe", "TRUE"),
    ("remote_access_software remote_domain AS x OUTPUT description AS y", "relay-1.net.anydesk.com", "AnyDesk"),
    ("remote_access_software remote_appid AS x OUTPUT description AS y", "unheard-of", "false"),
    ("hijacklibs library AS x OUTPUT islibrary AS y", "VERSION.dll", "TRUE"),
    ("loldrivers driver_name AS x OUTPUT is_driver AS y", r"\\??\\C:\\Temp\\RTCore64.sys", "TRUE"),
    ("ransomware_extensions_lookup Extensions AS x OUTPUT Name AS y", ".WNCRY", "WannaCry"),
    ("ransomware_notes_lookup ransomware_notes AS x OUTPUT status AS y", "@Please_Read_Me@.txt", "True"),
    ("dynamic_dns_providers_default dynamic_dns_domains AS x OUTPUT isDynDNS_default AS y", "evil.duckdns.org", "True"),
    ("dynamic_dns_providers_default dynamic_dns_domains AS x OUTPUT isDynDNS_default AS y", "example.org", None),
    ("dynamic_dns_providers_local dynamic_dns_domains AS x OUTPUT isDynDNS_local AS y", "evil.duckdns.org", None),
    ("security_services_lookup service AS x OUTPUT category AS y", "net.exe stop WinDefend", "security"),
    ("ace_access_rights_lookup access_rights_string AS x OUTPUT access_rights_value AS y", "WD", "Modify permissions"),
    ("ace_type_lookup ace_type_string AS x OUTPUT ace_type_value AS y", "D", "Access denied"),
    (
        "builtin_groups_lookup builtin_group_string AS x OUTPUT builtin_group_name AS y",
        "S-1-5-32-544",
        "Administrators",
    ),
    (
        "advanced_audit_policy_guids GUID AS x OUTPUT SubCategory AS y",
        "{0cce922b-69ae-11d9-bed3-505054503030}",
        "Process Creation",
    ),
    (
        "asr_rules ID AS x OUTPUT ASR_Rule AS y",
        "33DDEDF1-C6E0-47CB-833E-DE6133960387",
        "Block rebooting machine in Safe Mode",
    ),
    ("interesting_ports_lookup dest_port AS x OUTPUT app AS y", "4444", "metasploit"),
    ("asset_lookup_by_str asset AS x OUTPUT owner AS y", "host", None),
    ("identity_lookup_expanded identity AS x OUTPUT identity_tag AS y", "jdoe", None),
]


@pytest.fixture(scope="module")
def session() -> Session:
    return Session()


@pytest.mark.parametrize(("lookup", "value", "expected"), MATCHES, ids=[f"{a.split()[0]} {b}" for a, b, _ in MATCHES])
def test_a_table_matches_as_the_real_one(session: Session, lookup: str, value: str, expected: str | None) -> None:
    spl = f'| makeresults | eval x="{value}" | lookup {lookup} | table y'
    rows = session.engine.rows(plan_search(spl, session.context(session.home, Place())))
    assert list(rows) == [{} if expected is None else {"y": expected}]


def test_base64_is_decoded_by_the_table_of_characters() -> None:
    spl = """| makeresults | eval a=split("SGkgeW91IQ==", "") | mvexpand a
        | lookup char_conversion_matrix base64char AS a OUTPUT base64bin AS b
        | stats list(b) AS b | eval b=mvjoin(b, "")
        | rex field=b "(?<c>.{8})" max_match=0 | mvexpand c | lookup char_conversion_matrix bin AS c OUTPUT ascii AS d
        | stats list(d) AS d | eval y=replace(mvjoin(d, ""), ":SPACE:", " ") | table y"""
    assert run(spl)[0] == [{"y": "Hi you!"}]


def test_a_search_is_told_once_that_it_reads_a_stand_in() -> None:
    lookup = "lookup asr_rules ID OUTPUT ASR_Rule"
    _, warnings = run(f'| makeresults | eval ID="x" | {lookup} | {lookup}')
    assert len(warnings) == 1
    assert re.match(r"lookup `asr_rules` is a stand-in of 19 rows \(.*DA-ESS-ContentUpdate\)", warnings[0])
    assert warnings[0].endswith(": load ES Content Updates with --app for the real table")


def test_a_file_named_outright_is_no_less_a_stand_in() -> None:
    _, warnings = run("| inputlookup linux_tool_discovery_process.csv")
    assert ["linux_tool_discovery_process.csv` is a stand-in" in warning for warning in warnings] == [True]


def test_an_app_that_brings_the_table_itself_is_believed(tmp_path: Path) -> None:
    """Its id is another, so both are loaded; of two stanzas that of the search's own app is the stronger."""
    app = write_app(tmp_path / "mine", {"transforms": {"asr_rules": {"filename": "rules.csv"}}})
    write_lookup(app, "rules.csv", [{"ID": "x", "ASR_Rule": "mine"}])
    rows, warnings = run('| makeresults | eval ID="x" | lookup asr_rules ID OUTPUT ASR_Rule | table ASR_Rule', app)
    assert (rows, warnings) == ([{"ASR_Rule": "mine"}], [])


def test_the_real_app_replaces_the_stand_in(tmp_path: Path) -> None:
    real = write_app(tmp_path / "DA-ESS-ContentUpdate", {"transforms": {"asr_rules": {"filename": "asr_rules.csv"}}})
    write_lookup(real, "asr_rules.csv", [{"ID": "x", "ASR_Rule": "real"}])
    rows, warnings = run('| makeresults | eval ID="x" | lookup asr_rules ID OUTPUT ASR_Rule | table ASR_Rule', real)
    assert (rows, warnings) == ([{"ASR_Rule": "real"}], [])
