"""The databases of a folder, and those of a group, each of which is migrated by itself."""

from __future__ import annotations

import ast
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
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
    """Return the databases on which a folder runs: several, those of a group, or the default one.

    Args:
        config: Alembic's configuration.
        multiple: The folder has a body for each database.
        group: The group of databases that it is for; empty if env.py names none.

    Raises:
        DbError: No database is configured, or it isn't clear for which ones the folder is.
    """
    databases = databases_of(config)
    if multiple and not group:
        return of_several(databases.values())
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


def of_several(databases: Iterable[Database]) -> list[Database]:
    """Return those for which a folder has a body each: the ones in no group, since a group has a folder of its own.

    Args:
        databases: All that the command has. If each of them is in a group, the folder is for all.
    """
    found = list(databases)
    return [database for database in found if not database.group] or found


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


def representatives(config: Config, databases: Databases, chosen: Selection | None = None) -> Databases:
    """Return the databases for which a folder is, or the one that stands for all if these are of a group.

    Args:
        config: Alembic's configuration, with the folder.
        databases: The databases.
        chosen: What the command line says of them.

    Raises:
        DbError: The one that the settings name isn't there.
    """
    found = _of_folder(config, list(databases.values()))
    return Databases([reference(invocation_of(config).manager, found, chosen)] if is_group(found) else found)


def _of_folder(config: Config, databases: list[Database]) -> list[Database]:
    """Return the databases for which a folder is, as far as the text of its env.py says so; otherwise all."""
    if invocation_of(config).package is not None:
        return databases
    from alembic.script import ScriptDirectory

    try:
        tree = ast.parse(Path(ScriptDirectory.from_config(config).env_py_location).read_bytes())
    except (OSError, SyntaxError, ValueError):
        # which whoever runs it reports
        return databases
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "run":
            given = {each.arg: each.value.value for each in call.keywords if isinstance(each.value, ast.Constant)}
            group = given.get("group")
            if group:
                return [database for database in databases if database.group == group] or databases
            if given.get("multiple"):
                return of_several(databases)
    return databases


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
