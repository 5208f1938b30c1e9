"""Watch every env.py that Alembic runs with a configuration of ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from ellar_db.config.invocation import KEY
from ellar_db.util.alembic import intercept_environments

if TYPE_CHECKING:
    from alembic.runtime.environment import EnvironmentContext

    from ellar_db.runtime.watch import Watch


@cache
def guard_environments() -> None:
    """Guard every run of an env.py, from now on, if `alembic_config` made its configuration or it calls ellar_db."""
    intercept_environments("guard", _around, _configure)


def _around(environment: EnvironmentContext) -> Watch | None:
    if KEY not in environment.config.attributes:
        return None
    from ellar_db.runtime.watch import Watch

    return Watch(environment)


def _configure(environment: EnvironmentContext, original: Callable[..., None], options: dict[str, Any]) -> None:
    from ellar_db.runtime.watch import watch_of

    watch = watch_of(environment)
    if watch is None:
        original(**options)
    else:
        watch.configure(environment, original, options)
