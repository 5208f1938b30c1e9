"""The kind of a database, as provided by plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ellar_db.dialects.base import Dialect
from ellar_db.plugins.record import BUILT_IN, Plugin, leaving_out
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from ellar_db.databases.database import Database
    from ellar_db.plugins.manager import PluginManager

HOOK = "ellar_db_dialects"


def dialect_of(manager: PluginManager, database: Database) -> Dialect:
    """Return the dialect of a database.

    Args:
        manager: The plugins.
        database: The database.

    Raises:
        DbError: Two plugins provide the kind.
        PluginError: A plugin returns something else, or fails.
    """
    return dialect_named(manager, database.sync_engine.dialect.name)


def dialect_named(manager: PluginManager, name: str) -> Dialect:
    """Return the dialect of a kind of database; for an unknown one, a `Dialect` with the defaults.

    Args:
        manager: The plugins.
        name: SQLAlchemy's name of the dialect.

    Raises:
        DbError: Two plugins provide the kind.
        PluginError: A plugin returns something else, or fails.
    """
    return manager.once(HOOK, _known).get(name) or Dialect()


def details(manager: PluginManager, error: BaseException | None) -> list[str]:
    """Return what any kind of database has to say of a driver's exception besides its message.

    Args:
        manager: The plugins.
        error: The exception.
    """
    dialects = dict.fromkeys(manager.once(HOOK, _known).values())
    return [] if error is None else [line for dialect in dialects for line in dialect.details(error)]


def _known(manager: PluginManager) -> dict[str, Dialect]:
    """Return all kinds by name; a plugin's overrides a built-in one."""
    known: dict[str, tuple[Plugin, Dialect]] = {}
    for plugin, answer in manager.answers(HOOK):
        for dialect in plugin.listed(HOOK, answer):
            if not isinstance(dialect, Dialect) or not dialect.names or isinstance(dialect.names, str):
                what = f"it gave {dialect!r}, which is no ellar_db.dialects.base.Dialect with a list of names"
                raise plugin.failure(HOOK, TypeError(what))
            for name in dialect.names:
                other = known.setdefault(name, (plugin, dialect))[0]
                # plugins are called before built-ins
                if other is not plugin and plugin.kind != BUILT_IN:
                    raise DbError(
                        f"the kind of database {name!r} is brought by {other.title} and by {plugin.title}; leave one "
                        f"out with {leaving_out(plugin.distribution)}"
                    )
    return {name: dialect for name, (_, dialect) in known.items()}
