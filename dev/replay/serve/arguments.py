"""Arguments of a search: those that have an effect here, those that are refused, and those whose job says that they
have none. A client gives them to ``search/jobs``; a saved search has the same ones as ``dispatch.*``.

Source: REST API Reference Manual, "Search endpoint descriptions" (search/jobs, POST; search/jobs/{search_id}/results
and /events); Admin Manual, savedsearches.conf, "dispatch search options" (names and defaults).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from replay.errors import KnowledgeError, Place
from replay.knowledge.conf import boolean
from replay.serve.errors import Refused, unsupported

Default = bool | int | str | tuple[str, ...]
DISPATCH = "dispatch."
_OF_JOBS = frozenset(
    {
        "search", "exec_mode", "earliest_time", "latest_time", "now", "timeout", "id", "namespace", "max_count",
        "max_time", "auto_cancel", "time_format",
    }
)  # fmt: skip
"""What a search follows."""
OF_RESULTS = frozenset(
    {"output_mode", "count", "offset", "f", "field_list", "search", "show_metadata", "output_time_format"}
)
"""What the results of a search follow."""
_NOTHING_TO_DO = frozenset(
    {
        "rf", "required_field_list",  # these fields are to be extracted, and every field is
        "postprocess_searches",  # what will be done with the results, of which every field is kept
        "_",  # what scripts of web pages add so that nothing is taken from a cache
        "label", "provenance", "ui_dispatch_app", "ui_dispatch_view",  # about the job, kept in its `request`
        "rt_backfill", "rt_blocking", "rt_indexfilter", "rt_maxblocksecs", "rt_maximum_span", "rt_queue_size",
        "indexedRealtime", "indexedRealtimeOffset", "indexedRealtimeMinSpan",  # of real-time searches only
    }
)  # fmt: skip
_REFUSED: Mapping[str, Default] = {
    "index_earliest": "", "index_latest": "", "sample_ratio": 1, "sample_seed": "", "search_mode": "normal",
    "replay_speed": "", "replay_et": "", "replay_lt": "",
}  # fmt: skip
"""What would give other results, with the value that does not."""
_WITHOUT_EFFECT: Mapping[str, Default] = {
    "adhoc_search_level": "verbose", "allow_partial_results": True, "auto_finalize_ec": 0, "auto_pause": 0,
    "check_risky_command": False, "custom": "", "dispatch_time_bounds": "", "enable_lookups": True,
    "force_bundle_replication": False, "max_lines": 0, "preview": False, "preview_result": "", "priority": "",
    "rate_limit_retry": False, "reduce_freq": 0, "reload_macros": True, "remote_server_list": "",
    "reuse_max_seconds_ago": 0, "search_listener": "", "segmentation": ("none", "raw"), "show_offset": "",
    "sid": "", "sort_dir": "", "sort_key": "", "spawn_process": True, "status_buckets": 0, "summarize": "",
    "summary_mode": "all", "sync_bundle_replication": "", "truncation_mode": "abstract", "workload_pool": "",
}  # fmt: skip
"""What this server does not do, with the value that asks for nothing."""
_IN_CONF = {"lookups": "enable_lookups", "buckets": "status_buckets"}
"""``dispatch.`` names -> what the REST API calls them."""
_OF_CONF: Mapping[str, Default] = {**_WITHOUT_EFFECT, "reduce_freq": 10}
_DISPATCHED = frozenset({"ttl", "earliest_time", "latest_time"}) | _OF_JOBS - {"search", "exec_mode", "id", "timeout"}


class Terms(Struct, frozen=True):
    """What a search follows beside its text and its time range.

    Attributes:
        max_count: results that are kept; 0 is all.
        max_time: seconds after which it is finalized; 0 is never.
        auto_cancel: seconds without a question after which it is cancelled while it runs; 0 is never.
        time_format: of ``earliest_time`` and ``latest_time``, or nothing.
        without_effect: sentences about arguments that this server does not follow.
    """

    max_count: int = 0
    max_time: int = 0
    auto_cancel: int = 0
    time_format: str = ""
    without_effect: tuple[str, ...] = ()


def terms_of_call(params: Iterable[tuple[str, str]]) -> Terms:
    """What a client asks of a search.

    Raises:
        Refused: an argument is unknown, malformed, or one without which the results would be others.
    """
    given = dict(params)
    for name in given:
        if name not in _OF_JOBS | OF_RESULTS and not is_known(name):
            raise unsupported(name)
    return _terms({name: (name, value) for name, value in given.items()}, _WITHOUT_EFFECT)


def terms_of_dispatch(settings: Mapping[str, str], overrides: Mapping[str, str]) -> Terms:
    """What a saved search asks for.

    Args:
        settings: of its stanza.
        overrides: ``dispatch.*`` that the client gave, which go before them.

    Raises:
        Refused: see ``terms_of_call``; of settings that are no settings, the job tells.
    """
    named: dict[str, tuple[str, str]] = {}
    strange = []
    for key, value in {**settings, **overrides}.items():
        name = key.removeprefix(DISPATCH)
        name = _IN_CONF.get(name, name)
        if not key.startswith(DISPATCH):
            continue
        if name in _DISPATCHED or is_known(name):
            named[name] = (key, value)
        elif key in overrides:
            raise unsupported(key)
        else:
            strange.append(f"`{key}` is no setting of savedsearches.conf: it has no effect")
    terms = _terms(named, _OF_CONF)
    return Terms(terms.max_count, terms.max_time, terms.auto_cancel, terms.time_format,
                 (*strange, *terms.without_effect))  # fmt: skip


def is_known(name: str) -> bool:
    """Whether it is an argument that Splunk's searches or their results take, though it may have no effect here."""
    return name in _NOTHING_TO_DO or name in _REFUSED or name in _WITHOUT_EFFECT or name.startswith("custom.")


def without_effect(given: Mapping[str, tuple[str, str]], defaults: Mapping[str, Default]) -> tuple[str, ...]:
    """A sentence for each argument that asks for what this server does not do.

    Args:
        given: name -> (the name as it was written, value).
        defaults: the values that ask for nothing.
    """
    asked = [one for name, one in given.items() if name in defaults and not _is(*one, defaults[name])]
    return tuple(f"`{name}` has no effect on this server (it was {value[:100]})" for name, value in asked)


def about_results(params: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """What is to be said of the arguments of results: see ``without_effect``. Unknown ones are told, too: the pages of
    Splunk Web send some that no manual names.
    """
    given = {name: (name, value) for name, value in dict(params).items()}
    strange = {name: "" for name in given if name not in OF_RESULTS and not is_known(name)}
    return without_effect(given, {**_WITHOUT_EFFECT, **strange})


def _terms(given: Mapping[str, tuple[str, str]], defaults: Mapping[str, Default]) -> Terms:
    for name, default in _REFUSED.items():
        if name in given and not _is(*given[name], default):
            what = given[name][0] if default in ("", 1) else "=".join(given[name])
            raise Refused(400, f"This server does not do {what[:100]}: every search reads the events that there are")
    numbers = {name: _number(*given[name]) for name in ("max_count", "max_time", "auto_cancel") if name in given}
    time_format = given.get("time_format", ("", ""))[1]
    return Terms(**numbers, time_format=time_format, without_effect=without_effect(given, defaults))


def _is(name: str, value: str, default: Default) -> bool:
    if not value:
        return True
    if isinstance(default, bool):
        return _flag(name, value) is default
    if isinstance(default, int):
        return _number(name, value) == default
    return value in default if isinstance(default, tuple) else value == default


def _flag(name: str, value: str) -> bool:
    try:
        return boolean(value, Place())
    except KnowledgeError:
        raise Refused(400, f"Invalid value '{value[:50]}' for argument '{name}': it must be a boolean") from None


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{0,9}", value):
        raise Refused(400, f"Invalid value '{value[:50]}' for argument '{name}': it must be a whole number")
    return int(value or 0)
