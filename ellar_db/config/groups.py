"""The databases of a folder, and those of a group, each of which is migrated by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ellar_db.config.collection import databases_of
from ellar_db.config.invocation import invocation_of
from ellar_db.databases.database import DEFAULT, Database, Databases
from ellar_db.databases.selection import listed
from ellar_db.options import Selection
from ellar_db.util.errors import DbError, meant

if TYPE_CHECKING:
    from alembic.config import Config

    from ellar_db.plugins.manager import PluginManager


log = logging.getLogger("ellar_db")


def databases_for_folder(config: Config, *, multiple: bool, group: str) -> list[Database]:
    """Return the databases on which a folder runs: all, those of a group, or the default one if the folder is for one.

    Args:
        config: Alembic's configuration.
        multiple: The folder has a body for each database.
        group: The group of databases that it is for; empty if env.py names none.

    Raises:
        DbError: No database is configured, or it isn't clear for which ones the folder is.
    """
    databases = databases_of(config)
    found = [database for database in databases.values() if not group or database.group == group]
    if not found:
        there = sorted({database.group for database in databases.values() if database.group})
        raise DbError(
            f"the folder is for databases of the group {group!r}, and none of {listed(list(databases))} is in it"
            f"{meant(group, there)}"
        )
    # for a package these are the ones that it names
    if multiple or len(found) == 1 or invocation_of(config).package is not None:
        return found
    if is_group(found):
        groups = sorted({database.group for database in found})
        if len(groups) > 1:
            raise DbError(
                f"the databases are of the groups {listed(groups)}, and the folder doesn't say which it is for: name "
                "one with --group, or in env.py with run(group=...)"
            )
        return found
    if DEFAULT not in databases:
        raise DbError(
            f"the folder is for one database, and of {listed(list(databases))} none is named {DEFAULT!r}; "
            "name one so, choose one with --database, give all of them one group if they have the same tables, or make "
            "a folder for several with init --multi"
        )
    grouped = sorted({database.group for database in found if database.group})
    log.info(
        "%s databases are configured and this folder is for one: running on 'default' alone%s.",
        f"{len(found):,}",
        f" (--group, or run(group=...) in env.py, names others; there is: {listed(grouped)})" if grouped else "",
    )
    return [databases[DEFAULT]]


def is_group(databases: Sequence[Database]) -> bool:
    """Return whether each of some databases is migrated by itself, since all of them are in a group."""
    return bool(databases) and all(database.group for database in databases)


def reference(manager: PluginManager, databases: Sequence[Database], chosen: Selection | None = None) -> Database:
    """Return the database that stands for all of a group, where models are compared with a database.

    Args:
        manager: The plugins, with the project's settings.
        databases: The databases of the group that the command is for.
        chosen: What the command line says of them; the one that the settings name need not be among these.

    Raises:
        DbError: The one that the settings name isn't there.
    """
    by_name = {database.name: database for database in databases}
    if len(databases) == 1:
        return databases[0]
    named = manager.settings.text("reference")
    if named is not None and named not in by_name and not chosen:
        raise DbError(
            f"[tool.ellar-db] reference is {named!r}, and there is no such database in the group"
            f"; there is: {listed(list(by_name))}{meant(named, by_name)}"
        )
    found = by_name.get(named or DEFAULT) or by_name.get(DEFAULT, databases[0])
    log.info(
        "Comparing %r, which stands for the %s databases of its group (--database, or reference in [tool.ellar-db], "
        "names another).",
        found.name,
        f"{len(databases):,}",
    )
    return found


def representatives(manager: PluginManager, databases: Databases, chosen: Selection | None = None) -> Databases:
    """Return the database that stands for all if these are of a group, else all.

    Args:
        manager: The plugins, with the project's settings.
        databases: The databases.
        chosen: What the command line says of them.

    Raises:
        DbError: The one that the settings name isn't there.
    """
    found = list(databases.values())
    return Databases([reference(manager, found, chosen)]) if is_group(found) else databases


def one_after_the_other(databases: Sequence[Database], work: Callable[[Database], object]) -> None:
    """Run something on each database, up to the first that fails.

    Args:
        databases: The databases.
        work: Runs it on one of them.

    Raises:
        DbError: It failed on a database. Those before it stay as they are now, and those after it aren't begun.
    """
    for done, database in enumerate(databases):
        try:
            work(database)
        except Exception:  # whatever it was, the others are left where they are, and it goes on its way
            if len(databases) > 1:
                log.error(
                    "Failed on the database %r; done before: %s of %s.", database.name, done, f"{len(databases):,}"
                )
            raise
