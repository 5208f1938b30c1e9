"""Alembic's own plugins (entry points `alembic.plugins`): a broken one breaks `import alembic`."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from traceback import walk_tb
from typing import TYPE_CHECKING

from ellar_db.util.alembic import loads_plugins, plugin_being_loaded
from ellar_db.util.errors import DbError, UnavailableError, summary

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def alembic_entry_points() -> list[EntryPoint]:
    """Return the entry points of Alembic's own plugin group, sorted."""
    from importlib.metadata import entry_points

    return sorted(entry_points(group="alembic.plugins"), key=title)


def title(entry_point: EntryPoint) -> str:
    """Return an entry point's distribution, name and value, as shown in messages."""
    distribution = entry_point.dist.name if entry_point.dist else "?"
    return f"{distribution} (entry point {entry_point.name} = {entry_point.value})"


def alembic_culprits() -> dict[str, str]:
    """Find the entry points that can't be loaded or set up.

    Returns:
        The error of each, by its title.
    """
    culprits: dict[str, str] = {}
    # Alembic first: it calls the setup() of each, and a plugin that imports Alembic must not be half imported then
    for entry_point in [None, *alembic_entry_points()]:
        try:
            with redirect_stdout(sys.stderr):
                if entry_point is None:
                    import alembic  # noqa: F401
                else:
                    entry_point.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # another package's module may raise anything
            # a plugin that imports Alembic may fail because of another one
            blamed = _loaded_by_alembic(error) or entry_point
            if blamed is not None:
                culprits.setdefault(title(blamed), summary(error))
    return culprits


def alembic_broken(error: BaseException) -> DbError | None:
    """Return the error that names the plugin that broke `import alembic`, or None for any other exception.

    Example:
        >>> alembic_broken(ValueError("something else")) is None
        True
    """
    while error.__cause__ is not None and not _passed_loader(error):
        error = error.__cause__
    if not _passed_loader(error):
        return None
    blamed = _loaded_by_alembic(error)
    culprits = {title(blamed): summary(error)} if blamed else alembic_culprits()
    named = "; ".join(f"{name}: {cause}" for name, cause in culprits.items()) or summary(error)
    return UnavailableError(
        f"Alembic can't be imported, since one of its own plugins is broken: {named}. Mend or uninstall it."
    )


def _passed_loader(error: BaseException) -> bool:
    return any(loads_plugins(frame) for frame, _ in walk_tb(error.__traceback__))


def _loaded_by_alembic(error: BaseException) -> EntryPoint | None:
    """Return the entry point that Alembic was loading when an exception was raised, or None."""
    found = (plugin_being_loaded(frame) for frame, _ in walk_tb(error.__traceback__))
    return next((entry_point for entry_point in found if entry_point is not None), None)
