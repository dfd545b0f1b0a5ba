"""Splunk knowledge objects, read from apps as they are: pure data, no SQL."""

from replay.knowledge.app import App
from replay.knowledge.conf import Setting, Stanza
from replay.knowledge.knowledge import Knowledge
from replay.knowledge.macros import Macro
from replay.knowledge.savedsearches import SavedSearch

__all__ = ["App", "Knowledge", "Macro", "SavedSearch", "Setting", "Stanza"]
