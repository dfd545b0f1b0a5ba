"""What a file of detection tests says.

The words are those of contentctl (splunk/contentctl, ``detection_abstract.py``, ``unit_test.py`` and
``test_attack_data.py``): ``name``, ``tests``, ``attack_data`` with ``data``, ``source``, ``sourcetype``,
``custom_index`` and ``host``, ``earliest_time``, ``latest_time``. Beside them stand ours: ``search``, ``expected``,
``not_expected``, ``macros`` and ``optional_data``. ``docs/testing.md`` describes each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from replay.errors import KnowledgeError, Place
from replay.testing.document import Item, read_document


class AttackData(Struct, frozen=True):
    """A log that a test runs on.

    Attributes:
        path: the log; ``data`` in the file, which counts from the folder of the file.
        source, sourcetype, host: what its events are given; None for what they say themselves.
        index: the index that they belong to.
        place: where the file names it.
    """

    path: Path
    place: Place
    source: str | None = None
    sourcetype: str | None = None
    host: str | None = None
    index: str = "main"


class Row(Struct, frozen=True):
    """Fields of a result: name -> value as text; a list for a multivalue, None for a field that is not there."""

    fields: Mapping[str, str | tuple[str, ...] | None]
    place: Place


class Expected(Struct, frozen=True):
    """What must be found.

    Attributes:
        count: exactly so many rows; None for at least one, or one for each of ``rows``.
        rows: each is found in a row of its own.
        every: fields that every row has (``risk_score``, ``risk_message``).
        malformed: problems that reading the logs must report.
    """

    count: int | None = None
    rows: Sequence[Row] = ()
    every: Row | None = None
    malformed: int = 0


class DetectionTest(Struct, frozen=True):
    """One test.

    Attributes:
        name: its name, unique in its file.
        suite: the name of its file's tests.
        search: name of the saved search.
        searched: where the file names the search.
        data: the logs.
        expected: what must be found.
        forbidden: what no row may be.
        earliest, latest: time range, as Splunk writes times; None is open.
        macros: definitions that replace those of the apps.
        skipped: why it is not to be run; nothing if it is.
        place: where it begins.
    """

    name: str
    suite: str
    search: str
    searched: Place
    data: Sequence[AttackData]
    expected: Expected
    place: Place
    forbidden: Sequence[Row] = ()
    earliest: str | None = None
    latest: str | None = None
    macros: Mapping[str, str] = field(default_factory=dict)
    skipped: str = ""


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The files of tests: those named, and every ``*.yml`` and ``*.yaml`` below the folders named.

    Raises:
        KnowledgeError: a path does not exist, or a folder holds no test.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = sorted(p for p in path.rglob("*") if p.suffix in (".yml", ".yaml") and p.is_file())
            if not below:
                raise KnowledgeError("no tests (*.yml) in this folder", Place(file=str(path)))
            found += below
        elif path.is_file():
            found.append(path)
        else:
            raise KnowledgeError("no such file or folder of tests", Place(file=str(path)))
    return list(dict.fromkeys(found))


def read_tests(path: Path) -> list[DetectionTest]:
    """The tests of one file, in its order.

    Raises:
        KnowledgeError: with file and line: it is no YAML, a key is unknown, missing or of the wrong kind, a name
            stands twice, or a log does not exist (unless ``optional_data`` says that it may).
    """
    document = read_document(path)
    top = document.mapping({"name", "description", "search", "tests"})
    suite = top["name"].text() if "name" in top else path.stem
    tests = [_test(item, suite, top.get("search"), path) for item in document.key("tests").sequence()]
    if not tests:
        raise document.key("tests").error("no test: a file without tests proves nothing")
    for number, test in enumerate(tests):
        if test.name in {earlier.name for earlier in tests[:number]}:
            raise KnowledgeError(f"a test called `{test.name}` is above: each has a name of its own", test.place)
    return tests


_KEYS = {
    *("name", "description", "search", "attack_data", "earliest_time", "latest_time"),
    *("expected", "not_expected", "macros", "optional_data"),
}


def _test(item: Item, suite: str, search: Item | None, file: Path) -> DetectionTest:
    keys = item.mapping(_KEYS)
    search = keys.get("search", search)
    if search is None:
        raise item.error("`search` is missing: the name of the saved search, here or for the whole file")
    data = [_attack_data(one, file) for one in item.key("attack_data").sequence()]
    if not data:
        raise item.key("attack_data").error("no log: a search without events finds nothing, whatever it is")
    missing = [one for one in data if not one.path.exists()]
    if missing and "optional_data" not in keys:
        raise KnowledgeError(f"no such log: {missing[0].path}", missing[0].place)
    why = f"{missing[0].path} is not here: {keys['optional_data'].text()}" if missing else ""
    return DetectionTest(
        item.key("name").text(), suite, search.text(), search.place, data,
        _expected(keys["expected"]) if "expected" in keys else Expected(), item.place,
        forbidden=[_row(row) for row in keys["not_expected"].sequence()] if "not_expected" in keys else (),
        earliest=keys["earliest_time"].text() if "earliest_time" in keys else None,
        latest=keys["latest_time"].text() if "latest_time" in keys else None,
        macros={n: v.text() for n, v in keys["macros"].mapping().items()} if "macros" in keys else {},
        skipped=why,
    )  # fmt: skip


def _attack_data(item: Item, file: Path) -> AttackData:
    keys = item.mapping({"data", "source", "sourcetype", "custom_index", "host"})
    data = item.key("data")
    if "://" in data.text():
        raise data.error("nothing is downloaded here: name a file that is on this disk")
    said = {name: keys[name].text() for name in ("source", "sourcetype", "host") if name in keys}
    index = keys["custom_index"].text() if "custom_index" in keys else "main"
    return AttackData(file.parent / data.text(), data.place, index=index, **said)


def _expected(item: Item) -> Expected:
    keys = item.mapping({"count", "rows", "risk_score", "risk_message", "malformed"})
    rows = [_row(row) for row in keys["rows"].sequence()] if "rows" in keys else []
    count = keys["count"].number() if "count" in keys else None
    if count is not None and count < len(rows):
        raise keys["count"].error(f"{count} rows cannot hold the {len(rows)} that `rows` names")
    every: dict[str, str | tuple[str, ...] | None]
    every = {name: keys[name].text() for name in ("risk_score", "risk_message") if name in keys}
    if every and count == 0:
        raise item.error("of no row at all, risk_score and risk_message say nothing")
    malformed = keys["malformed"].number() if "malformed" in keys else 0
    return Expected(count, rows, Row(every, item.place) if every else None, malformed)


def _row(item: Item) -> Row:
    fields = {name: value.value() for name, value in item.mapping().items()}
    if not fields:
        raise item.error("a row without a field is in every result, and in none: name what tells it apart")
    return Row(fields, item.place)
