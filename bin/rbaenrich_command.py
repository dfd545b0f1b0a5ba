"""The search command ``rbaenrich``: options and dispatch; the enrichment itself is in ``rba``.

... | rbaenrich detection="<saved search>" [output=annotate|events] [prefix=<string>]
"""

from __future__ import annotations

import csv
import os
import re
from itertools import islice

from deferred import import_sdk
from rba import ANNOTATE, EVENTS
from rba.detection import Detection, read_detection
from rba.errors import RbaError

TYPE_CHECKING = False  # what is not needed before the first reply is imported where it is used
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from rba.attack import Technique
    from rba.enrich import Enricher
    from rba.found import Found
    from rba.rest import Fetch
    from splunklib.searchcommands import Configuration, Option, StreamingCommand, dispatch
else:
    sdk = import_sdk()
    Configuration, Option, StreamingCommand = sdk.Configuration, sdk.Option, sdk.StreamingCommand
    dispatch = sdk.dispatch

__all__ = ["RbaEnrichCommand", "dispatch"]

APP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TECHNIQUES = os.path.join(APP, "lookups", "mitre_attack_techniques.csv")
TIMEOUT = 30  # seconds to wait for splunkd
PIECES = 64  # of text that are encoded at once
PREFIX = re.compile(r"(?:[A-Za-z][A-Za-z0-9_.:-]*)?")

csv.field_size_limit(2**31 - 1)  # the SDK's limit of 10 MB would end the search at a larger value


@Configuration(distributed=False)
class RbaEnrichCommand(StreamingCommand):  # type: ignore[misc]  # the SDK has no types
    """Adds a correlation search's risk score, message, threat objects and annotations to its results.

    It runs on the search head (the SDK says ``stateful`` for that), where the saved searches are.
    """

    detection = Option(
        doc="""**Syntax:** **detection=***<saved search>*
        **Description:** Full name of the correlation search whose risk is added."""
    )
    output = Option(
        doc="""**Syntax:** **output=***annotate|events*
        **Description:** annotate (default) adds the risk to each result; events makes a risk event for each
        risk object of each result.""",
        default=ANNOTATE,
    )
    prefix = Option(
        doc="""**Syntax:** **prefix=***<string>*
        **Description:** Put before the name of every field that is added.""",
        default="",
    )

    _risk: Detection
    _enricher: Enricher
    _enrich_body: Callable[[Enricher, str], Iterator[str]]

    def prepare(self) -> None:
        """Checks the options and loads the detection; what is wrong ends the search before any result."""
        try:
            self._check_options()
            found = self._find()
            self._risk = read_detection(self.detection, found.settings)
        except RbaError as error:
            self.error_exit(error, str(error))
        for text in (*found.warnings, *self._risk.warnings):
            self.write_warning(text)

    def stream(self, records: str) -> Iterator[str]:
        """The results of one chunk: CSV text, in and out."""
        return self._enrich_body(self._enricher, records)

    def _execute(self, ifile: Any, process: Any) -> None:
        """Makes ready, once the SDK has said what the command is: the commands before it are still at work then."""
        from rba.body import enrich_body
        from rba.enrich import Enricher

        self._enrich_body = enrich_body
        self._enricher = Enricher(self._risk, self._techniques(), self.output, self.prefix)
        super()._execute(ifile, process)

    def _execute_chunk_v2(self, process: Any, chunk: tuple[Any, str]) -> None:
        """Replaces the SDK's coding of results, which loses fields.

        The SDK turns each row into a dictionary, takes the fields of the first for all, drops multivalues
        that it cannot decode, and back. Here text stays text: what came in goes out untouched. All else is
        the SDK's.
        """
        self._record_writer._buffer = _Body(process(chunk[1]))
        for text in self._enricher.take_warnings():
            self.write_warning(text)

    def write_error(self, message: str, *args: Any) -> None:
        """The SDK's, but for braces in a message without arguments, which the SDK takes for format fields."""
        super().write_error(message if args else _verbatim(message), *args)

    def write_warning(self, message: str, *args: Any) -> None:
        """As ``write_error``."""
        super().write_warning(message if args else _verbatim(message), *args)

    def _check_options(self) -> None:
        if self.fieldnames:
            raise RbaError(
                f"rbaenrich does not understand {' '.join(self.fieldnames)}: it takes detection=, output= "
                'and prefix=. Quote a name that has blanks: detection="<saved search>".'
            )
        if not self.detection:
            raise RbaError('rbaenrich needs a correlation search: detection="<saved search>".')
        if self.output not in (ANNOTATE, EVENTS):
            raise RbaError(f"output={self.output} is unknown: use output={ANNOTATE} or output={EVENTS}.")
        if not PREFIX.fullmatch(self.prefix):
            raise RbaError(
                f"prefix={self.prefix} is no beginning of a field name: use a letter, then letters, digits, _ . : or -."
            )

    def _find(self) -> Found:
        info = self.metadata.searchinfo
        app = getattr(info, "app", None) or ""
        if getattr(info, "session_key", None) and getattr(info, "splunkd_uri", None):
            from rba.rest import find_by_rest

            return find_by_rest(
                self.detection, app, os.path.basename(APP), _splunkd(info.splunkd_uri, info.session_key)
            )
        from rba.files import app_folders, find_in_files

        return find_in_files(self.detection, app, app_folders(APP, os.environ))

    def _techniques(self) -> Mapping[str, Technique]:
        from rba.attack import read_techniques

        ids = self._risk.annotations.get("mitre_attack", ())
        try:
            techniques = read_techniques(TECHNIQUES, ids)
        except RbaError as error:
            self.write_warning(f"ATT&CK techniques stay without names: {error}")
            return {}
        missing = [i for i in ids if i not in techniques]
        if missing:
            self.write_warning(f"Not in the lookup mitre_attack_techniques, shown by id only: {', '.join(missing)}.")
        return techniques


class _Body(bytearray):
    """The text of one chunk, in place of the SDK's StringIO, which takes four bytes for a character.

    It is encoded piece by piece: the whole text and its bytes side by side would be twice the memory.
    """

    def __init__(self, pieces: Iterator[str]) -> None:
        super().__init__()
        while some := list(islice(pieces, PIECES)):
            self += "".join(some).encode()

    def getvalue(self) -> _Body:
        """The SDK takes this for text, and has it encoded."""
        return self

    def encode(self, encoding: str) -> _Body:
        """It is."""
        return self

    def seek(self, position: int) -> None:
        """The SDK empties its buffer by this and ``truncate``."""

    def truncate(self) -> None:
        self.clear()


def _verbatim(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _splunkd(uri: str, session_key: str) -> Fetch:
    """Asks the splunkd that runs the search, as the user who runs it."""
    from http.client import HTTPException
    from urllib.parse import urlsplit

    from splunklib import binding

    parts = urlsplit(uri)
    # splunkd's certificate is its own by default, and the address is the one that splunkd itself gave.
    context = binding.Context(
        handler=binding.handler(timeout=TIMEOUT),
        scheme=parts.scheme,
        host=parts.hostname,
        port=parts.port,
        token=session_key,
    )

    def fetch(path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        try:
            response = context.get(binding.UrlEncoded(path, skip_encode=True), **query)
            return response.status, response.body.read()
        except binding.HTTPError as error:
            return error.status, error.body
        except (OSError, HTTPException) as error:
            raise RbaError(
                f"splunkd does not answer at {uri}: {error}. Is it up, and its management port open?"
            ) from error

    return fetch
