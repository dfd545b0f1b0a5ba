"""The text of a model, as the Machine Learning Toolkit writes it: JSON with the state of Python objects in it.

An object is ``{"__mlspl_type": [module, class], "dict": {attribute: value}}``, an array is ``{"__mlspl_type": ["numpy",
"ndarray"], "npy": <an .npy file in base64>}``. Splunk names the hook (ML-SPL API Guide, "Register codecs for custom
algorithms": ``SimpleObjectCodec``) and not the format, which is taken from the models in ``lookups/`` of
splunk/security_content and from copies of the toolkit that are public. That a real toolkit reads what is written here
has not been tried.

A model file is not trusted: no class that it names is imported, nothing is unpickled.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from replay.models import ModelError

_TYPE = "__mlspl_type"


class Coded(Struct, frozen=True):
    """The state of an object: data, never an instance.

    Attributes:
        module: where its class is.
        name: its class.
        state: attribute -> value (numbers, texts, lists, ``None``, arrays of numpy, ``Coded``).
    """

    module: str
    name: str
    state: Mapping[str, Any]


def encode(value: object) -> str:
    """The text of an object's state. Tuples become lists, numbers of numpy plain ones.

    Raises:
        ModelError: a name in it is the one that marks types, so that it could not be read again.
    """
    return json.dumps(_encoded(value))


def _encoded(value: Any) -> Any:
    import numpy as np

    match value:
        case Coded():
            return {_TYPE: [value.module, value.name], "dict": _encoded(value.state)}
        case np.ndarray():
            file = io.BytesIO()
            np.save(file, value.astype(str) if value.dtype.hasobject else value, allow_pickle=False)
            return {_TYPE: ["numpy", "ndarray"], "npy": base64.b64encode(file.getvalue()).decode("ascii")}
        case np.generic():
            return value.item()
        case dict():
            if _TYPE in value:
                raise ModelError(f"nothing in a model can be called `{_TYPE}`: rename the field")
            return {str(k): _encoded(v) for k, v in value.items()}
        case list() | tuple():
            return [_encoded(v) for v in value]
    return value


def decode(text: str) -> Any:
    """The state that a text holds.

    Raises:
        ModelError: it is no JSON, or holds an array that cannot be read without unpickling.
    """
    try:
        return json.loads(text, object_hook=_decoded)
    except (ValueError, RecursionError) as e:
        raise ModelError(f"its content cannot be read: {e}") from e


def _decoded(value: dict[str, Any]) -> Any:
    if _TYPE not in value:
        return value
    match value[_TYPE]:
        case [str(module), str(name)]:
            pass
        case other:
            raise ValueError(f"`{_TYPE}` is not [module, class] but {str(other)[:80]}")
    if isinstance(value.get("npy"), str):
        return _array(value["npy"])
    if "ndarray" in value and getattr(value["ndarray"], "size", 0) == 1:  # one number of numpy
        return value["ndarray"].reshape(-1)[0].item()
    state = value.get("dict")
    return Coded(module, name, state if isinstance(state, dict) else {k: v for k, v in value.items() if k != _TYPE})


def _array(text: str) -> Any:
    import numpy as np

    try:
        array = np.load(io.BytesIO(base64.b64decode(text, validate=True)), allow_pickle=False)
    except (OSError, EOFError) as e:
        raise ValueError(f"an array in it is no .npy file: {e}") from e
    if not isinstance(array, np.ndarray):
        raise ValueError("an array in it is an archive, not an .npy file")
    return array
