"""Data-model files: Splunk's own JSON in ``data/models`` of an app.

A file may list only what a dataset adds, or (when Splunk Web wrote it) repeat what it inherits, each entry
with its owner; both read the same here.

Source: Knowledge Manager Manual, "About data models". Splunk does not document the JSON; its keys are those
that ``| datamodel <model>`` prints.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from replay.errors import KnowledgeError, Place
from replay.knowledge.app import App
from replay.knowledge.datamodels import (
    DEFAULT_FIELDS,
    Calculation,
    CalculationKind,
    Constraint,
    DataModel,
    Dataset,
    DatasetField,
    RootKind,
)
from replay.knowledge.layers import Layers, not_exported

_ROOTS: Mapping[str, RootKind] = {
    "BaseEvent": "event",
    "BaseSearch": "search",
    "BaseTransaction": "transaction",
}
_CALCULATIONS: Mapping[str, CalculationKind] = {
    "eval": "Eval",
    "rex": "Rex",
    "lookup": "Lookup",
    "geoip": "GeoIP",
}
_COUNTS = frozenset({"objectCount", "childCount"})  # what Pivot counts rows by; no event has them
_TRANSACTION = ("objectsToGroup", "groupByFields", "transactionMaxPause", "transactionMaxTimeSpan")
_Json = Mapping[str, Any]


def visible_datamodels(layers: Layers, app: str) -> dict[str, tuple[Path, str]]:
    """Model name (that of its file) -> its file and the app it is from, of the models that ``app`` sees."""
    models: dict[str, tuple[Path, str]] = {}
    for owner in layers.order(app):
        for path in _model_files(owner):
            if owner.id == app or owner.exports("models", path.stem):
                models.setdefault(path.stem, (path, owner.id))
    return models


def _model_files(app: App) -> list[Path]:
    folders = (app.folder / part / "data" / "models" for part in ("local", "default"))
    return [path for folder in folders for path in sorted(folder.glob("*.json"))]


def find_datamodel(layers: Layers, app: str, name: str) -> DataModel:
    """The data model that a search in ``app`` means by ``name``: the name of its file, as in Splunk.

    Raises:
        KnowledgeError: there is none, or its file is not a data model.
    """
    models = visible_datamodels(layers, app)
    if name in models:
        return read_datamodel(*models[name])
    hidden = [owner.id for owner in layers.order(app) if name in {path.stem for path in _model_files(owner)}]
    if hidden:
        raise KnowledgeError(f"data model `{name}` {not_exported(hidden, app)}")
    known = ", ".join(f"`{one}`" for one in sorted(models)) or "none"
    raise KnowledgeError(f"data model `{name}` is not defined in any app; the loaded apps have {known}")


def read_datamodel(path: Path, app: str) -> DataModel:
    """Read one data-model file.

    Raises:
        KnowledgeError: it is not JSON, or not a data model; the place says where.
    """
    place = Place(file=str(path))
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise KnowledgeError(f"not JSON: {error.msg}", replace(place, line=error.lineno)) from error
    except UnicodeDecodeError as error:
        raise KnowledgeError("not UTF-8 text", replace(place, byte=error.start)) from error
    if not isinstance(content, dict) or not isinstance(content.get("objects"), list):
        raise KnowledgeError("not a data model: it has no list of `objects`", place)
    datasets = _datasets(content["objects"], place)
    return DataModel(path.stem, str(content.get("displayName") or path.stem), place, datasets, app)


def _datasets(objects: list[Any], place: Place) -> dict[str, Dataset]:
    """The datasets by name, parents before children."""
    waiting: dict[str, _Json] = {}
    for item in objects:
        name = str(item.get("objectName") or "") if isinstance(item, dict) else ""
        if not name or name in waiting:
            problem = f"two datasets are called `{name}`" if name else "a dataset has no `objectName`"
            raise KnowledgeError(problem, place)
        waiting[name] = item
    done: dict[str, Dataset] = {}
    while waiting:
        ready = [name for name, item in waiting.items() if _parent(item) in _ROOTS or _parent(item) in done]
        if not ready:
            name, item = next(iter(waiting.items()))
            problem = f"its parent `{_parent(item)}` is no dataset of the model, or is below it"
            raise KnowledgeError(problem, replace(place, stanza=name))
        for name in ready:
            item = waiting.pop(name)
            done[name] = _dataset(item, done.get(_parent(item)), replace(place, stanza=name))
    return done


def _parent(item: _Json) -> str:
    return str(item.get("parentName") or "")


def _dataset(item: _Json, parent: Dataset | None, place: Place) -> Dataset:
    name = str(item["objectName"])
    lineage = (*parent.lineage, name) if parent else (name,)
    inherited = parent.fields_without_outputs if parent else ()
    kind = parent.kind if parent else _ROOTS[_parent(item)]
    return Dataset(
        name=name,
        display_name=str(item.get("displayName") or name),
        parent=parent.name if parent else None,
        lineage=lineage,
        kind=kind,
        base_search=parent.base_search if parent else _base_search(item, kind, place),
        transaction=parent.transaction if parent else {key: item[key] for key in _TRANSACTION if key in item},
        constraints=(*(parent.constraints if parent else ()), *_constraints(item, lineage, place)),
        own_fields=_own_fields(item, lineage, inherited, place),
        inherited_fields=inherited,
        calculations=(*(parent.calculations if parent else ()), *_calculations(item, lineage, place)),
        place=place,
    )


def _base_search(item: _Json, kind: RootKind, place: Place) -> str | None:
    if kind != "search":
        return None
    if not item.get("baseSearch"):
        raise KnowledgeError("a search dataset needs a `baseSearch`", place)
    return str(item["baseSearch"])


def _items(item: _Json, key: str, place: Place) -> list[_Json]:
    found = item.get(key) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise KnowledgeError("must be a list of objects", replace(place, key=key))
    return found


def _owner_name(item: _Json, lineage: tuple[str, ...]) -> str:
    """Name of the dataset that an entry says it belongs to; its own dataset where it says nothing."""
    return str(item.get("owner") or lineage[-1]).rpartition(".")[2]


def _owner_lineage(item: _Json, lineage: tuple[str, ...]) -> str:
    name = _owner_name(item, lineage)
    return ".".join(lineage[: lineage.index(name) + 1] if name in lineage else lineage)


def _constraints(item: _Json, lineage: tuple[str, ...], place: Place) -> list[Constraint]:
    return [
        Constraint(str(one["search"]), ".".join(lineage), replace(place, key="constraints"))
        for one in _items(item, "constraints", place)
        if one.get("search") and _owner_name(one, lineage) not in lineage[:-1]
    ]


def _own_fields(
    item: _Json, lineage: tuple[str, ...], inherited: tuple[DatasetField, ...], place: Place
) -> tuple[DatasetField, ...]:
    """The fields that the dataset itself adds; one that a base dataset owns is its root's, once."""
    above = {field.name for field in inherited}
    own = []
    for one in _items(item, "fields", place):
        owner = _owner_name(one, lineage)
        from_base = owner in _ROOTS and one.get("fieldName") in DEFAULT_FIELDS | above
        if owner not in lineage[:-1] and not from_base and one.get("type") not in _COUNTS:
            own.append(_field(one, lineage, replace(place, key="fields")))
    return tuple(own)


def _field(item: _Json, lineage: tuple[str, ...], place: Place) -> DatasetField:
    if not item.get("fieldName"):
        raise KnowledgeError("a field has no `fieldName`", place)
    return DatasetField(
        name=str(item["fieldName"]),
        owner=_owner_lineage(item, lineage),
        type=str(item.get("type") or "string"),
        required=bool(item.get("required")),
        multivalue=bool(item.get("multivalue")),
        hidden=bool(item.get("hidden")),
        column=str(item["lookupOutputFieldName"]) if item.get("lookupOutputFieldName") else None,
    )


def _calculations(item: _Json, lineage: tuple[str, ...], place: Place) -> list[Calculation]:
    here = replace(place, key="calculations")
    return [
        _calculation(one, lineage, here)
        for one in _items(item, "calculations", place)
        if _owner_name(one, lineage) not in lineage[:-1]
    ]


def _calculation(item: _Json, lineage: tuple[str, ...], place: Place) -> Calculation:
    kind = _CALCULATIONS.get(str(item.get("calculationType")).lower())
    if kind is None:
        known = ", ".join(_CALCULATIONS.values())
        raise KnowledgeError(f"`{item.get('calculationType')}` is not a calculationType; one of {known}", place)
    outputs = tuple(_field(one, lineage, place) for one in _items(item, "outputFields", place))
    if not outputs:
        raise KnowledgeError("a calculation has no `outputFields`", place)
    needs = {"Eval": "expression", "Rex": "expression", "Lookup": "lookupName", "GeoIP": "inputField"}[kind]
    if not item.get(needs):
        raise KnowledgeError(f"a calculation of type {kind} has no `{needs}`", place)
    inputs = _items(item, "lookupInputs", place) or ([item] if item.get("lookupField") else [])
    return Calculation(
        kind=kind,
        expression=str(item.get("expression") or ""),
        input_field=str(item.get("inputField") or "_raw"),
        lookup_name=str(item.get("lookupName") or ""),
        lookup_inputs=tuple((str(one.get("lookupField")), str(one.get("inputField"))) for one in inputs),
        outputs=outputs,
        owner=".".join(lineage),
        place=place,
    )
