"""The features of models that are measured, each with a change of it, by subject."""

from __future__ import annotations

from importlib import import_module

from sqlalchemy import MetaData

from benchmarks.corpus.feature import ALL, Feature

SUBJECTS = (
    "types",
    "dialect_types",
    "type_changes",
    "enums",
    "defaults",
    "columns",
    "constraints",
    "keys",
    "indexes",
    "tables",
    "names",
)

GROUPS: dict[str, list[Feature]] = {
    module.GROUP: module.FEATURES for module in (import_module(f"{__name__}.{name}") for name in SUBJECTS)
}
"""The features by group, in the order in which they are shown."""

FEATURES: dict[str, Feature] = {feature.key: feature for features in GROUPS.values() for feature in features}
"""The features by their keys."""

__all__ = ["ALL", "FEATURES", "GROUPS", "Feature", "build"]

if len(FEATURES) != sum(map(len, GROUPS.values())):
    raise ValueError("two features have the same key")


def build(key: str, side: str) -> MetaData:
    """Return the models of a feature, for the models module of a project.

    Args:
        key: The feature's key.
        side: "before" or "after" the change.
    """
    return FEATURES[key].metadata(side)
