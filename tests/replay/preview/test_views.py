"""Dashboards are read from the XML that apps ship; what is not one, or is broken, is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from replay.errors import KnowledgeError
from replay.knowledge import Knowledge
from replay.preview.views import find, read, views
from support import write_app

GOOD = (
    '<dashboard version="2" theme="dark"><label>A &amp; B</label>'
    '<definition><![CDATA[\n{"title": "x"}]]></definition></dashboard>'
)


def app_with(tmp_path: Path, **files: str) -> Path:
    app = write_app(tmp_path / "my_app", {})
    for layer in ("default", "local"):
        (app / layer / "data/ui/views").mkdir(parents=True)
    for name, text in files.items():
        layer, _, view = name.partition("__")
        (app / layer / "data/ui/views" / f"{view}.xml").write_text(text, encoding="utf-8")
    return app


def test_views_of_dashboard_studio_and_no_others(tmp_path: Path) -> None:
    simple = '<dashboard version="1.1"><label>Old</label></dashboard>'
    knowledge = Knowledge.load([app_with(tmp_path, default__good=GOOD, default__old=simple, default__form="<form/>")])
    (found,) = views(knowledge)
    assert (found.app, found.name, found.label, found.theme) == ("my_app", "good", "A & B", "dark")
    assert found.definition == {"title": "x"}


def test_local_lies_over_default(tmp_path: Path) -> None:
    app = app_with(tmp_path, default__good=GOOD, local__good=GOOD.replace('"x"', '"mine"'))
    found = find(Knowledge.load([app]), "my_app", "good")
    assert found is not None
    assert found.definition == {"title": "mine"}


@pytest.mark.parametrize("name", ["../views/good", "good.xml", "", "a/b", "%2e%2e", "nothing"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    knowledge = Knowledge.load([app_with(tmp_path, default__good=GOOD)])
    assert find(knowledge, "my_app", name) is None
    assert find(knowledge, "../my_app", "good") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<dashboard version="2"><definition>{}</dashboard>', "no well-formed XML"),
        ('<!DOCTYPE d [<!ENTITY e "x">]><dashboard version="2"><definition>{}</definition></dashboard>', "well-formed"),
        ('<dashboard version="2"><label>x</label></dashboard>', "needs a <definition>"),
        (GOOD.replace("dark", "drak"), "theme `drak`: dark or light"),
        (GOOD.replace('{"title": "x"}', '{"title": }'), "view.xml:2: the definition is no JSON"),
        (GOOD.replace('{"title": "x"}', '{"a": 1, "a": 2}'), "`a` is given twice in one object"),
        (GOOD.replace('{"title": "x"}', "[]"), "no JSON object"),
    ],
)
def test_a_broken_view_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "view.xml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(KnowledgeError) as caught:
        read(file, "my_app")
    assert said in str(caught.value)
    assert str(file) in str(caught.value)
