"""Where models are: lookup files ``__mlspl_<model>.mlmodel`` with the columns ``algo``, ``model``, ``options``.

As with ``outputlookup``, what ``fit`` writes lives as long as the session, and no file of a loaded app is touched; a
model that an app brings in its ``lookups/`` is read from there. ``| inputlookup __mlspl_<model>.mlmodel`` shows the
row that such a file holds.
"""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from replay.context import Context
from replay.errors import ReplayError
from replay.lookup_table import exists, lookup_rows, write_rows
from replay.models import ModelError
from replay.models.call import Call
from replay.models.codec import Coded, decode, encode
from replay.relation import Kind, assign_columns

_COLUMNS = ("algo", "model", "options")


def file_name(model: str) -> str:
    """The lookup file that holds a model."""
    return f"__mlspl_{model}.mlmodel"


def write_model(state: Coded, call: Call, ctx: Context) -> None:
    """Keep a model for the rest of the session, in the app of the search."""
    options: dict[str, Any] = {
        "args": [*call.fields, *call.features],
        "algo_name": call.algorithm,
        "model_name": call.model,
        "params": dict(call.options),
        "feature_variables": list(call.features or call.fields),
    }
    options |= {"target_variable": list(call.fields)} if call.features else {}
    options |= {"split_by": list(call.by)} if call.by else {}
    options |= {"output_name": call.output} if call.output is not None else {}
    row = {"algo": call.algorithm, "model": encode(state), "options": json.dumps(options)}
    rel = ctx.engine.load_rows([row], assign_columns(dict.fromkeys(_COLUMNS, Kind.STR)))
    write_rows(ctx.knowledge.lookup(ctx.app, file_name(call.model), must_exist=False), rel, ctx)


def read_model(call: Call, ctx: Context) -> tuple[Coded, Call]:
    """The model of a call of ``apply`` or ``summary``, and the call with what the model was trained with.

    Options and ``as`` of the call take the place of those of ``fit``, all of the options at once.

    Raises:
        ModelError: there is no such model, or its file cannot be used.
    """
    lookup = ctx.knowledge.lookup(ctx.app, file_name(call.model), must_exist=False)
    if not exists(lookup, ctx):
        raise ModelError(_missing(call.model, ctx), call.place)
    try:
        rows = list(ctx.engine.rows(lookup_rows(lookup, ctx)))
        if len(rows) != 1 or any(not isinstance(rows[0].get(name), str) for name in _COLUMNS):
            raise ModelError("its file is not one row of `algo`, `model` and `options`")
        algorithm, text, options = (str(rows[0][name]) for name in _COLUMNS)
        state, trained = decode(text), decode(options)
        if not isinstance(state, Coded) or not isinstance(trained, dict):
            raise ModelError("it holds no state of an algorithm")
        return state, _as_trained(replace(call, algorithm=algorithm), trained)
    except ReplayError as e:
        raise ModelError(f"model `{call.model}` cannot be read: {e.message}", e.place.within(lookup.place)) from e


def _as_trained(call: Call, trained: dict[str, Any]) -> Call:
    params, output = trained.get("params") or {}, trained.get("output_name")
    if not isinstance(params, dict) or not isinstance(output, str | None):
        raise ModelError("its options are not those of a `fit`")
    options = call.options or {str(k).lower(): str(v) for k, v in params.items()}
    return replace(call, options=options, output=call.output if call.output is not None else output)


def _missing(model: str, ctx: Context) -> str:
    file = file_name(model)
    hidden = [app.id for app in ctx.knowledge.apps.values() if (app.folder / "lookups" / file).is_file()]
    if hidden:
        return f"model `{model}` does not exist for app `{ctx.app}`: {', '.join(hidden)} has it and does not export it"
    return (
        f"model `{model}` does not exist: train it first, in the same session, with a search that ends in "
        f"`| fit <algorithm> … into {model}`, or load an app that has lookups/{file}"
    )
