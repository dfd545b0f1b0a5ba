"""What the command relies on inside splunk-sdk, because it replaces the coding of results
(``_execute_chunk_v2``) and puts off loading what the SDK needs late or never (``deferred``).

When one of these fails after an upgrade of the SDK, read ``SearchCommand._execute_chunk_v2``,
``RecordWriterV2`` and the SDK's imports anew: without this, results could be lost in silence.
"""

from __future__ import annotations

import ast
import inspect
import io
import subprocess
import sys
from pathlib import Path

import pytest
import splunklib.searchcommands
from bin.chunked import ROOT
from deferred import DEFERRED, getmembers
from rbaenrich_command import _Body
from splunklib.searchcommands import Configuration, EventingCommand, Option, ReportingCommand, StreamingCommand
from splunklib.searchcommands.decorators import ConfigurationSetting
from splunklib.searchcommands.internals import RecordWriterV2
from splunklib.searchcommands.search_command import SearchCommand

SDK = Path(splunklib.searchcommands.__file__).parent


def test_a_chunk_is_handed_over_as_metadata_and_body() -> None:
    assert list(inspect.signature(SearchCommand._execute_chunk_v2).parameters) == ["self", "process", "chunk"]
    assert "self._execute_chunk_v2(process, result)" in inspect.getsource(SearchCommand._execute_v2)
    assert "metadata, body = chunk" in inspect.getsource(SearchCommand._execute_chunk_v2)


def test_the_streaming_command_hands_over_its_own_stream() -> None:
    assert "SearchCommand._execute(self, ifile, self.stream)" in inspect.getsource(StreamingCommand._execute)


def test_results_are_asked_for_once_the_reply_to_getinfo_is_written() -> None:
    source = inspect.getsource(SearchCommand._process_protocol_v2)
    assert source.count("self._execute(ifile, None)") == 1
    assert "self._record_writer.write_metadata" in source.partition("self._execute(ifile, None)")[0]


def test_the_writers_buffer_is_the_body_of_the_next_chunk_only() -> None:
    out = io.BytesIO()
    writer = RecordWriterV2(out)
    writer._buffer = _Body(iter(["a,__mv_a\r\n", "é,\r\n"] * 100))
    writer.write_message("WARN", "{}", "said")
    writer.write_chunk(finished=False)
    writer.write_chunk(finished=True)
    said = b'{"inspector":{"messages":[["WARN","said"]]},"finished":false}'
    rows = "a,__mv_a\r\né,\r\n".encode() * 100
    first = b"chunked 1.0,%d,%d\n%b%b" % (len(said), len(rows), said, rows)
    assert out.getvalue() == first + b'chunked 1.0,17,0\n{"finished":true}'


def test_messages_are_formatted_even_without_arguments() -> None:
    """Why the command escapes braces: once the SDK does not format, they would appear twice."""
    writer = RecordWriterV2(io.BytesIO())
    writer.write_message("WARN", "{{x}}")
    assert writer._inspector["messages"] == [("WARN", "{x}")]


def imports() -> dict[str, set[str]]:
    """What the SDK's search commands import: module to names taken out of it; none for ``import module``."""
    found: dict[str, set[str]] = {}
    for path in sorted(SDK.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found.setdefault(alias.name, set())
            elif isinstance(node, ast.ImportFrom):
                module = ("", "splunklib.searchcommands.", "splunklib.")[node.level] + (node.module or "")
                names = {alias.name for alias in node.names}
                found.setdefault(module, set()).update(names)
                if module == "xml.etree":
                    found.update({f"{module}.{name}": set() for name in names})
    return found


@pytest.mark.parametrize("module", [name for name in DEFERRED if name != "ipaddress"])
def test_the_sdk_takes_from_a_stand_in_only_what_it_offers(module: str) -> None:
    """A class or a constant among these could not be a function that loads the module when called."""
    assert imports()[module] == set(DEFERRED[module])


def test_the_sdk_takes_three_functions_from_inspect() -> None:
    assert imports()["inspect"] == {"getmembers", "isclass", "isfunction"}


@Configuration()
class Command(StreamingCommand):  # type: ignore[misc]
    own = Option()

    def stream(self, records: object) -> object:
        return records


@pytest.mark.parametrize("owner", [Command, StreamingCommand, EventingCommand, ReportingCommand])
@pytest.mark.parametrize("wanted", [Option, ConfigurationSetting, object])
def test_members_are_those_that_inspect_finds(owner: type, wanted: type) -> None:
    for subject in (owner, owner.ConfigurationSettings):  # type: ignore[attr-defined]
        found = getmembers(subject, lambda value: isinstance(value, wanted))
        assert found == [
            (name, value)
            for name, value in inspect.getmembers(subject, lambda value: isinstance(value, wanted))
            if name != "__abstractmethods__"
        ]


PROBE = f"""
import sys
sys.path.insert(0, {str(ROOT / "bin")!r})
from deferred import DEFERRED, StandIn, import_sdk
sdk = import_sdk()
late = [*DEFERRED, "inspect", "dataclasses", "ssl", "http.client"]
assert not [name for name in late if name in sys.modules], sorted(sys.modules)
from splunklib.searchcommands import decorators, internals, search_command
import logging, tempfile, traceback, inspect
from xml.etree import ElementTree
real = [tempfile, traceback, inspect, ElementTree]
assert not [module for module in real if isinstance(module, StandIn)]
assert search_command.tempfile.gettempdir() == tempfile.gettempdir()
assert logging.traceback.print_exception is traceback.print_exception
assert search_command.ElementTree.fromstring("<a/>").tag == "a"
assert internals.gzip.compress(b"")
service = search_command.Service(host="h", port=1, token="t")
from splunklib.client import Service
assert type(service) is Service
assert not [name for name, module in sys.modules.items() if isinstance(module, StandIn)]
print("done")
"""


def test_what_was_put_off_is_loaded_when_used(python: str, sdk: Path) -> None:
    done = subprocess.run(
        [python, "-B", "-c", PROBE], env={"PYTHONPATH": str(sdk)}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_nothing_is_put_off_that_is_loaded_already() -> None:
    code = PROBE.partition("sdk = ")[0].replace("import sys\n", "import sys, shutil, inspect\n")
    code += "import_sdk()\nassert sys.modules['shutil'] is shutil and sys.modules['inspect'] is inspect"
    subprocess.run([sys.executable, "-B", "-c", code], check=True)
