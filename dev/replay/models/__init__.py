"""Models of the Machine Learning Toolkit (AI Toolkit): what their files hold, where they are, how they meet rows."""

from __future__ import annotations

import importlib
from typing import Any

from replay.errors import KnowledgeError

MLTK = "Splunk_ML_Toolkit"
"""Id of the toolkit's app."""


class ModelError(KnowledgeError):
    """A model cannot be trained on these rows, does not exist, or its file cannot be used."""


def library(module: str) -> Any:
    """A module of scikit-learn or scipy, which are an extra and slow to import: only when a model asks for it.

    Raises:
        ModelError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as e:
        raise ModelError(
            f"this needs the Python package `{module.split('.')[0]}`, which is not installed: "
            "pip install 'replay-search-head[ml]' (from a checkout: pip install '.[ml]')"
        ) from e
