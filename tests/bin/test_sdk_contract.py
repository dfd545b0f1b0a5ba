"""What the command relies on inside splunk-sdk, because it replaces the coding of results
(``_execute_chunk_v2``).

When one of these fails after an upgrade of the SDK, read ``SearchCommand._execute_chunk_v2`` and
``RecordWriterV2`` anew: without this, results could be lost in silence.
"""

from __future__ import annotations

import inspect
import io

from splunklib.searchcommands import StreamingCommand
from splunklib.searchcommands.internals import RecordWriterV2
from splunklib.searchcommands.search_command import SearchCommand


def test_a_chunk_is_handed_over_as_metadata_and_body() -> None:
    assert list(inspect.signature(SearchCommand._execute_chunk_v2).parameters) == ["self", "process", "chunk"]
    assert "self._execute_chunk_v2(process, result)" in inspect.getsource(SearchCommand._execute_v2)
    assert "metadata, body = chunk" in inspect.getsource(SearchCommand._execute_chunk_v2)


def test_the_streaming_command_hands_over_its_own_stream() -> None:
    assert "SearchCommand._execute(self, ifile, self.stream)" in inspect.getsource(StreamingCommand._execute)


def test_rows_given_to_the_writer_are_the_body_of_the_next_chunk_only() -> None:
    out = io.BytesIO()
    writer = RecordWriterV2(out)
    writer._writer.writerows([["a", "__mv_a"], ["1", ""]])
    writer.write_message("WARN", "{}", "said")
    writer.write_chunk(finished=False)
    writer.write_chunk(finished=True)
    said = b'{"inspector":{"messages":[["WARN","said"]]},"finished":false}'
    rows = b"a,__mv_a\r\n1,\r\n"
    first = b"chunked 1.0,%d,%d\n%b%b" % (len(said), len(rows), said, rows)
    assert out.getvalue() == first + b'chunked 1.0,17,0\n{"finished":true}'


def test_messages_are_formatted_even_without_arguments() -> None:
    """Why the command escapes braces: once the SDK does not format, they would appear twice."""
    writer = RecordWriterV2(io.BytesIO())
    writer.write_message("WARN", "{{x}}")
    assert writer._inspector["messages"] == [("WARN", "{x}")]
