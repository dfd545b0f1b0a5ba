"""Commands that Splunk has and this engine does not do: each says so, and why."""

from __future__ import annotations

from typing import Any, NoReturn

from replay.commands import COMMANDS, Command
from replay.context import Context
from replay.models import MLTK
from replay.plan import Parser
from replay.relation import Relation
from replay.spl.scanner import Scanner

_MODEL = "its statistical model is not documented well enough to give the same numbers"
_SERVER = "it asks a running Splunk server, and there is none"
_METRICS = "there is no metrics store"
_SUMMARY = "there are no summary indexes"
_MAPS = "it draws maps"

REASONS = {
    "analyzefields": _MODEL,
    "anomalies": _MODEL,
    "anomalousvalue": _MODEL,
    "anomalydetection": _MODEL,
    "arules": _MODEL,
    "associate": _MODEL,
    "audit": _SERVER,
    "cluster": _MODEL,
    "cofilter": _MODEL,
    "correlate": _MODEL,
    "dbinspect": _SERVER,
    "deletemodel": "models live as long as the session: there is no file to delete",
    "dbxquery": "it asks a database by way of DB Connect",
    "erex": "it guesses a regular expression: write the one that Splunk's job inspector shows, with rex",
    "eventcount": "it reads counts from the indexes of a Splunk server: use `stats count`",
    "findtypes": _MODEL,
    "geom": _MAPS,
    "geomfilter": _MAPS,
    "geostats": _MAPS,
    "history": _SERVER,
    "inputcsv": "it reads files of the search head's var/run folder: use inputlookup",
    "iplocation": "it needs a geolocation database (MaxMind), which may not be shipped with this project",
    "kmeans": _MODEL,
    "listmodels": "models are lookup files, `__mlspl_<model>.mlmodel`: inputlookup shows one, summary what is in it",
    "loadjob": "finished jobs are not kept: use savedsearch, which runs the search now",
    "mcatalog": _METRICS,
    "mcollect": _METRICS,
    "metadata": "it reads the indexes of a Splunk server: use `stats` over the events",
    "metasearch": "it reads the indexes of a Splunk server: use `search`",
    "meventcollect": _METRICS,
    "mpreview": _METRICS,
    "msearch": _METRICS,
    "mstats": _METRICS,
    "outlier": _MODEL,
    "outputcsv": "it writes to the search head's var/run folder: use outputlookup, or export the results",
    "overlap": _SUMMARY,
    "pivot": "use tstats or datamodel on the same data model",
    "predict": _MODEL,
    "rest": _SERVER,
    "run": "it runs a script of the search head",
    "runshellscript": "it runs a script of the search head",
    "sample": "it draws at random",
    "score": "only `fit`, `apply` and `summary` of the Machine Learning Toolkit are done",
    "script": "it runs a script of the search head",
    "scrub": "it reads word lists of the search head",
    "searchtxn": _SERVER,
    "sendalert": "alert actions are not run",
    "sendemail": "no mail is sent",
    "sichart": _SUMMARY,
    "sirare": _SUMMARY,
    "sistats": _SUMMARY,
    "sitimechart": _SUMMARY,
    "sitop": _SUMMARY,
    "tscollect": "there are no tsidx files",
    "typeahead": _SERVER,
    "typelearner": _MODEL,
    "walklex": _SERVER,
    "x11": _MODEL,
}
"""Command -> why not."""
ADDONS = {"dbxquery": "splunk_app_db_connect", **dict.fromkeys(("deletemodel", "listmodels", "sample", "score"), MLTK)}
"""Those that are no commands of Splunk's own, and the app that brings each."""


def _claim(name: str, why: str) -> None:
    class Unsupported(Command, frozen=True):
        """Refuses, unless a loaded app brings a command of this name (commands.conf)."""

        @classmethod
        def parse(cls, s: Scanner, parser: Parser) -> Any:
            """Hand over to the app's command, or say why there is none."""
            from replay.external import External

            external = parser.context.knowledge.command(parser.context.app, name)
            if external is not None:
                return External.parse_call(external, s)
            at = max(s.pos - len(name), 0)
            raise s.error(f"`{name}` is a Splunk command that this engine does not do: {why}", at)

        def plan(self, rel: Relation, ctx: Context) -> NoReturn:
            """Never reached: ``parse`` makes no object of this class."""
            raise NotImplementedError(name)

    Unsupported.name, Unsupported.addon = name, ADDONS.get(name, "")
    COMMANDS.claim(name)(Unsupported)


for _name, _why in REASONS.items():
    _claim(_name, _why)
