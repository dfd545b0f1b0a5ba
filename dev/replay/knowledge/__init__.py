"""Splunk knowledge objects, read from apps as they are: pure data, no SQL."""

from replay.knowledge.app import App
from replay.knowledge.collections import Collection
from replay.knowledge.conf import Setting, Stanza
from replay.knowledge.datamodels import (
    DEFAULT_FIELDS,
    Calculation,
    Constraint,
    DataModel,
    Dataset,
    DatasetField,
)
from replay.knowledge.eventtypes import EventType, Tags
from replay.knowledge.externals import ExternalCommand
from replay.knowledge.knowledge import Knowledge
from replay.knowledge.lookups import Lookup
from replay.knowledge.macros import Macro
from replay.knowledge.props import AutoLookup, Calculated, Extract, Props, Report
from replay.knowledge.savedsearches import SavedSearch
from replay.knowledge.specs import Alias, LookupSpec
from replay.knowledge.transforms import Transform

__all__ = [
    "DEFAULT_FIELDS",
    "Alias",
    "App",
    "AutoLookup",
    "Calculated",
    "Calculation",
    "Collection",
    "Constraint",
    "DataModel",
    "Dataset",
    "DatasetField",
    "EventType",
    "ExternalCommand",
    "Extract",
    "Knowledge",
    "Lookup",
    "LookupSpec",
    "Macro",
    "Props",
    "Report",
    "SavedSearch",
    "Setting",
    "Stanza",
    "Tags",
    "Transform",
]
