"""The shop's own settings of `ellar db`: `[tool.shop]` in pyproject.toml."""

from __future__ import annotations

from dataclasses import dataclass

from ellar_db import plugin_settings

ENVIRONMENTS = ("development", "production")


@dataclass(frozen=True)
class Settings:
    """What the plugins of this folder read.

    Args:
        tenants: The tenants' names.
        environment: Where this runs, one of `ENVIRONMENTS` in any case; in "production" nothing is undone.
    """

    tenants: tuple[str, ...] = ()
    environment: str = "development"


def settings() -> Settings:
    """Return the settings."""
    return plugin_settings("shop", Settings)
