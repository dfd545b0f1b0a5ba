"""The limits of the Machine Learning Toolkit: mlspl.conf of the loaded apps, else the defaults of mlspl.conf.spec."""

from __future__ import annotations

from replay.context import Context
from replay.models import ModelError

_DEFAULTS = {
    "max_distinct_cat_values": 100,
    "max_distinct_cat_values_for_classifiers": 100,
    "max_fields_in_by_clause": 5,
    "max_groups": 1024,
    "max_kde_parameter_size": 10_000,
    "max_threshold_num": 5,
    "min_data_size_to_fit": 50,
}


def limit(key: str, algorithm: str, ctx: Context) -> int:
    """A limit: of the algorithm's stanza in mlspl.conf, else of ``[default]`` there, else the documented one.

    Raises:
        ModelError: the setting is no whole number.
    """
    for stanza in (algorithm, "default"):
        setting = ctx.knowledge.setting(ctx.app, "mlspl", stanza, key)
        if setting is not None:
            if not setting.value.isdigit():
                raise ModelError(f"`{key}` must be a whole number, not `{setting.value}`", setting.place)
            return int(setting.value)
    return _DEFAULTS[key]
