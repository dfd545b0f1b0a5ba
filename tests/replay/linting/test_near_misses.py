"""What looks like a fault and is none, and the fault beside it: mostly what real detections taught the rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from replay.linting.linter import lint
from replay.session import Session
from support import write_app

from .conftest import Linted

PROCESSES = "| tstats count from datamodel=Endpoint.Processes where"
BY = "by Processes.dest"
FILL = "| tstats fillnull_value=null count from datamodel=Endpoint.Processes where"

# rule, search, whether it is found
SEARCHES = [
    # RL201: what the where clause demands, or the model computes from a field that it fills, is there
    ("RL201", "| tstats count from datamodel=Web by Web.url Web.url_length", False),
    ("RL201", "| tstats count from datamodel=Web by Web.url Web.dest_port", True),
    ("RL201", f"{PROCESSES} Processes.process_path=x by Processes.process_path", False),
    ("RL201", f"{PROCESSES} (Processes.process_path=x OR Processes.user=y) by Processes.process_path", True),
    ("RL201", f"{PROCESSES} NOT Processes.process_path=x by Processes.process_path", True),
    ("RL201", "| tstats count where index=* by sourcetype", False),
    ("RL201", f"| makeresults | append [{PROCESSES} Processes.user=x by Processes.process_path]", True),
    # RL203: only an OR that stands beside something
    ("RL203", f"{PROCESSES} Processes.user=a OR Processes.user=b {BY}", False),
    ("RL203", f"{PROCESSES} (Processes.user=a OR Processes.user=b) {BY}", False),
    ("RL203", f"{PROCESSES} Processes.user IN (a, b) Processes.dest=c {BY}", False),
    ("RL203", f"{PROCESSES} (Processes.user=a OR Processes.process=*Get()*) {BY}", False),
    ("RL203", f"{PROCESSES} (Processes.user=a Processes.dest=b) OR (Processes.user=b) {BY}", False),
    ("RL203", f"{PROCESSES} Processes.dest=b (Processes.user=a) OR (Processes.user=b) {BY}", True),
    ("RL203", f"{PROCESSES} (Processes.dest=b AND Processes.user=a OR Processes.user=b) {BY}", True),
    ("RL203", "index=a user=b OR user=c dest=d", False),
    # RL204: not where the field is demanded, filled, grouped by, counted alone, or surely there
    ("RL204", f"{FILL} Processes.process_path!=x by Processes.process_path", True),
    ("RL204", f"{PROCESSES} Processes.process_path!=x by Processes.process_path", False),
    ("RL204", f"{PROCESSES} Processes.process_path=a* Processes.process_path!=x {BY}", False),
    ("RL204", f"{PROCESSES} Processes.user!=x {BY}", False),
    ("RL204", f"{PROCESSES} Processes.process_guid!=null {BY}", False),
    ("RL204", f"{PROCESSES} NOT (Processes.process_path!=x) {BY}", False),
    ("RL204", "| tstats count from datamodel=Network_Traffic where All_Traffic.dest_port!=0 by host", False),
    ("RL204", "index=win user!=system", True),
    ("RL204", "audit user!=system", True),
    ("RL204", "index=win host!=a sourcetype!=b", False),
    ("RL204", "index=win EventCode=4768 user!=system", False),
    ("RL204", "index=win user!=system | stats count by user", False),
    ("RL204", "index=win user!=system | rename user as who | stats count by who", False),
    ("RL204", "index=win user!=system | eval user=lower(user) | stats count by user", True),
    ("RL204", "index=win user!=system | fillnull | stats count by user", True),
    ("RL204", "index=win user!=system | stats dc(user) by dest", False),
    ("RL204", "index=win user!=system | stats dc(user) count by dest", True),
    ("RL204", "index=win | stats count by user | search user!=system", False),
    # RL205: in a search of events, field=* asks for the field
    ("RL205", f"{PROCESSES} Processes.process_path=* {BY}", True),
    ("RL205", f"{PROCESSES} Processes.process_path=* Processes.process_path=x* {BY}", False),
    ("RL205", f"{PROCESSES} Processes.process_name=* {BY}", False),
    ("RL205", "index=win user=*", False),
    # RL206: one term that can be looked up is enough, under an OR one on each side
    ("RL206", f'{PROCESSES} Processes.process="*a*" {BY}', True),
    ("RL206", f'{PROCESSES} Processes.process="*a*" Processes.process_name=b.exe {BY}', False),
    ("RL206", f'{PROCESSES} (Processes.process="*a*" OR Processes.process_name=b.exe) {BY}', True),
    ("RL206", f'{PROCESSES} (Processes.process=a* OR Processes.process_name=b.exe) Processes.user=*c {BY}', False),
    ("RL206", f'{PROCESSES} NOT Processes.process="*a*" {BY}', False),
    ("RL206", f"{PROCESSES} Processes.process=* {BY}", False),
    ("RL206", "index=win sourcetype=x user=*admin*", True),
    ("RL206", "index=win *mimikatz*", True),
    ("RL206", 'index=win message="*Device Paired*"', False),
    ("RL206", "index=win EventCode=1 CommandLine=*mimikatz*", False),
    ("RL206", "index=win", False),
    # RL207: unprefixed names, names of other datasets, but not what every event has
    ("RL207", f"{PROCESSES} Processes.user=a by Processes.dest _time sourcetype host", False),
    ("RL207", f"{PROCESSES} Processes.user=a by dest", True),
    ("RL207", f"{PROCESSES} processes.user=a {BY}", True),
    ("RL207", "| tstats count from datamodel=Endpoint by Processes.dest Services.service", False),
    ("RL207", "| tstats count from datamodel=Endpoint.Processes by Services.service", True),
    ("RL207", "| tstats count from datamodel=Endpoint.Process by Process.dest", True),
    ("RL207", "| tstats count from datamodel=Endpont.Processes by Processes.dest", True),
    ("RL207", "| tstats latest(user) from datamodel=Endpoint.Processes by Processes.dest", True),
    # RL208
    ("RL208", f"{PROCESSES} Processes.process_name=cmd.exe {BY}", True),
    ("RL208", f"{PROCESSES} Processes.process_name IN (cmd, cmd.exe) {BY}", False),
    ("RL208", f"{PROCESSES} Processes.process_name=cmd* Processes.process_name=cmd.exe {BY}", False),
    ("RL208", f"{PROCESSES} Processes.process_name=*.exe {BY}", False),
    ("RL208", f"{PROCESSES} NOT Processes.process_name=cmd.exe {BY}", False),
    # RL202: the value of a macro is not hard-coded, and neither is a comment
    ("RL202", "| tstats summariesonly=t count from datamodel=Web by Web.url", True),
    ("RL202", "| tstats ```summariesonly=t``` count from datamodel=Web by Web.url", False),
    # RL305: a file that outputlookup makes need not be there
    ("RL305", "index=a | outputlookup new.csv", False),
    ("RL305", "index=a | outputlookup new", True),
    ("RL305", "| inputlookup new.csv", True),
    ("RL305", "index=a [| inputlookup new | fields dest]", True),
    # RL001: a command that only this engine does not do is no fault of the search
    ("RL001", "index=a | apply model | sendemail to=a@example.com", False),
    ("RL001", "index=a | aply model", True),
    ("RL001", "", False),
]  # fmt: skip


@pytest.mark.parametrize(("code", "search", "found"), SEARCHES, ids=[f"{c[0]} {c[1][-60:]}" for c in SEARCHES])
def test_a_search(code: str, search: str, found: bool, linted: Linted) -> None:
    assert bool(linted(f"[S]\nsearch = {search}\n", code)) is found


FIELDS = "[S]\nsearch = index=a | stats count by dest user\n"
HOURLY = f"{FIELDS}action.notable = 1\nenableSched = 1\ncron_schedule = 7 * * * *\n"


def test_a_score_that_is_not_set_is_told_so(linted: Linted) -> None:
    entry = '{"risk_object_field": "dest", "risk_object_type": "system"}'
    (found,) = linted(f"{FIELDS}action.risk.param._risk = [{entry}]\n", "RL106")
    assert found.message == "the risk score of `dest` is not set"


# rule, text, whether it is found
SETTINGS = [
    ("RL101", f"{FIELDS}action.notable.param.rule_title = $dest$ $dest_priority$ $info_min_time$\n", False),
    ("RL101", f"{FIELDS}action.notable.param.rule_title = $src_priority$\n", True),
    ("RL101", f"{FIELDS}action.risk.param._risk_message = $info_min_time$\n", True),
    ("RL101", f"{FIELDS}action.risk.param._risk_message = it cost 5$ or $ 6\n", False),
    ("RL101", f"{FIELDS}action.email.subject = $name$ on $result.dest$\n", False),
    ("RL101", f"{FIELDS}action.email.subject = $name$ on $result.host$\n", True),
    ("RL104", f'{FIELDS}action.notable.param.drilldown_search = dest="a $dest$ b" user=$user|s$\n', False),
    ("RL104", f'{FIELDS}action.notable.param.drilldown_search = dest="a" user=$user$ "b"\n', True),
    ("RL105", f"{FIELDS}action.risk.param._risk = []\n", False),
    ("RL105", f'{FIELDS}action.risk.param._risk = ["dest"]\n', True),
    ("RL105", f'{FIELDS}action.risk.param._risk = {{"risk_object_field": "dest"}}\n', True),
    ("RL105", f'{FIELDS}action.risk.param._risk = [{{"risk_object_field": "dest"}}]\n', True),
    ("RL105", f"{FIELDS}action.risk.param._risk = {'[' * 100_000}\n", True),
    ("RL106", f'{FIELDS}action.risk.param._risk = [{{"risk_object_field": "a", "risk_score": 1{"0" * 400}}}]\n', True),
    ("RL106", f"{FIELDS}action.risk.param._risk_score = 0\n", True),
    ("RL106", f"{FIELDS}action.risk.param._risk = []\naction.risk.param._risk_score = 0\n", False),
    ("RL109", f'{FIELDS}action.correlationsearch.annotations = {{"mitre_attack": "T1055"}}\n', False),
    ("RL402", f"{HOURLY}dispatch.earliest_time = -60m@m\ndispatch.latest_time = @m\n", False),
    ("RL402", f"{HOURLY}dispatch.earliest_time = -59m@m\ndispatch.latest_time = @m\n", True),
    ("RL402", f"{HOURLY}dispatch.earliest_time = -1h@h\ndispatch.latest_time = @h\n", False),
    ("RL402", f"{HOURLY}dispatch.earliest_time = rt-5m\ndispatch.latest_time = rt\n", False),
    ("RL402", HOURLY.replace("7 * * * *", "0 6 * * 1-5") + "dispatch.earliest_time = -1d@d\n", True),
    ("RL402", HOURLY.replace("notable = 1", "notable = 0") + "dispatch.earliest_time = -5m@m\n", False),
    ("RL402", HOURLY.replace("index=a", "index=a earliest=-2h") + "dispatch.earliest_time = -5m@m\n", False),
    ("RL403", f"{HOURLY}dispatch.earliest_time = -60m@m\ndispatch.latest_time = @m\n", False),
    ("RL403", f"{HOURLY}dispatch.earliest_time = -61m@m\ndispatch.latest_time = @m\n", True),
    ("RL403", f"{HOURLY}dispatch.earliest_time = -61m@m\nalert.suppress = 1\n", False),
    ("RL401", HOURLY.replace("7 * * * *", "*/5 * * * mon-fri"), False),
    ("RL401", HOURLY.replace("7 * * * *", "0 0 31 2 *"), True),
    ("RL401", HOURLY.replace("7 * * * *", ""), True),
    ("RL401", HOURLY.replace("enableSched = 1", "enableSched = 0").replace("7 *", "99 *"), False),
    ("RL301", "# macros.conf\n[m]\ndefinition = `n`\n[n]\ndefinition = `m`\n", True),
    ("RL301", "# macros.conf\n[m]\ndefinition = nosuch(\niseval = 1\n", True),
    ("RL301", "# macros.conf\n[m]\ndefinition = nosuch(\niseval = 1\ndisabled = true\n", False),
    ("RL301", "# macros.conf\n[m(2)]\nargs = x\ndefinition = search $x$\n", True),
    ("RL301", "# macros.conf\n[m(x)]\nargs = x\ndefinition = search $x$\n", True),
    ("RL301", "# macros.conf\n[m(1)]\nargs = x\ndefinition = search $x$ `n($x$)`\n"
     "[n(1)]\nargs = y\ndefinition = $y$\nvalidation = $y$ > 0\n", False),
    ("RL405", f"{FIELDS}action.email = YES\naction.email.subject = on\nalert.suppress = f\n", False),
    ("RL405", f"{FIELDS}action.email = on\n", True),
    ("RL405", f"{FIELDS}action.correlationsearch.enabled = enabled\n", True),
    ("RL303", f"{FIELDS}# macros.conf\n[quiet_filter]\ndefinition = search dest=a\n", False),
    ("RL304", "[S]\nsearch = index=a `s_filter` | table dest\n# macros.conf\n[s_filter]\ndefinition = *\n", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "text", "found"), SETTINGS, ids=[f"{c[0]} {c[1].splitlines()[-1][:99]}" for c in SETTINGS]
)
def test_a_setting(code: str, text: str, found: bool, linted: Linted) -> None:
    assert bool(linted(text, code)) is found


def test_settings_for_a_search_of_another_app_are_no_search_without_search(tmp_path: Path) -> None:
    """As long as that app is there, and shares it."""
    theirs = write_app(
        tmp_path / "theirs", {"savedsearches": {"Shells": {"search": "index=win | stats count by dest"}}}
    )
    ours = write_app(tmp_path / "ours", {"savedsearches": {"Shells": {"cron_schedule": "5 * * * *"}}})

    def found(*apps: Path) -> list[str]:
        return [one.message for one in lint(Session(apps)) if one.rule.code == "RL003"]

    assert found(theirs, ours) == ["`Shells` has no search"]
    (theirs / "metadata/default.meta").write_text("[]\nexport = system\n", encoding="utf-8")
    assert found(theirs, ours) == []
    assert found(ours) == ["`Shells` has no search"]
