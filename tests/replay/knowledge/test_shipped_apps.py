"""Everything in the apps of this repository loads: the shipped one and the stand-ins beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from replay.errors import KnowledgeError
from replay.knowledge import Knowledge
from replay.knowledge.conf import ConfFile

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = [ROOT, *sorted(path for path in (ROOT / "dev/apps").glob("*") if path.is_dir())]
APPS = [folder for folder in FOLDERS if (folder / "default").is_dir()]


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return Knowledge.load(APPS)


@pytest.mark.parametrize("folder", APPS, ids=lambda folder: folder.name)
def test_every_conf_file_reads(folder: Path) -> None:
    files = [*folder.glob("default/*.conf"), *folder.glob("metadata/*.meta")]
    assert files
    for path in files:
        assert ConfFile(path).stanzas, path


def test_every_object_loads(knowledge: Knowledge) -> None:
    for app in knowledge.apps.values():
        knowledge.eventtypes(app.id)
        for name in knowledge.datamodels(app.id):
            assert knowledge.datamodel(app.id, name).datasets
        for name in knowledge.commands(app.id):
            assert knowledge.command(app.id, name)
        assert knowledge.every_props(app.id)
    for search in knowledge.saved_searches():
        assert search.search, search.name


def test_every_macro_and_transform_loads(knowledge: Knowledge) -> None:
    for app in knowledge.apps.values():
        for path in app.folder.glob("default/macros.conf"):
            for stanza in ConfFile(path).stanzas:
                name, _, arity = stanza.rstrip(")").partition("(")
                assert knowledge.macro(app.id, name, int(arity or 0)).app == app.id
        for path in app.folder.glob("default/transforms.conf"):
            for stanza in ConfFile(path).stanzas:
                try:
                    knowledge.transform(app.id, stanza)
                except KnowledgeError:
                    assert knowledge.lookup(app.id, stanza)


def test_what_the_stand_ins_define_is_seen_by_every_app(knowledge: Knowledge) -> None:
    for app in knowledge.apps:
        assert knowledge.macro(app, "drop_dm_object_name", 1).app == "Splunk_SA_CIM"
        assert "Processes" in knowledge.datamodel(app, "Endpoint").datasets
