"""Checks of packages before a command runs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ellar_db.config.collection import collect_packages, version_tables
from ellar_db.config.command_line import program
from ellar_db.config.groups import is_group
from ellar_db.config.invocation import change_invocation, invocation_of
from ellar_db.config.packages import package_config
from ellar_db.config.squashed.history import history_for
from ellar_db.databases.database import Database
from ellar_db.hooktypes import PREFIX
from ellar_db.plugins.dialects import dialect_of
from ellar_db.runtime.versions import behind, heads_in, is_made, is_newest, of_each, read_from
from ellar_db.util.alembic import ancestors
from ellar_db.util.errors import DbError, UnavailableError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection


log = logging.getLogger("ellar_db")


def check_heads(config: Config) -> None:
    """Refuse to continue if a package isn't at its newest revision.

    Args:
        config: The package's configuration.

    Raises:
        DbError: The package isn't at its newest revision.
    """
    if behind([config]):
        raise DbError(f"not at its newest revision; run `{program()} upgrade` first")


def heads_to_join(config: Config) -> list[str]:
    """Return the heads of a folder that has several, unless each has branch labels of its own and so is meant to stay.

    Args:
        config: The configuration of the application or of a package.
    """
    from alembic.script import ScriptDirectory

    # without those that others depend on
    heads = ScriptDirectory.from_config(config).get_revisions("heads")
    labels = [label for head in heads for label in head.branch_labels]
    apart = all(head.branch_labels for head in heads) and len(labels) == len(set(labels))
    return [] if apart or len(heads) < 2 else sorted(head.revision for head in heads)


def warn_of_heads(config: Config) -> None:
    """Warn of several heads, for which `upgrade` and `migrate` are refused.

    Args:
        config: The configuration of the application or of a package.
    """
    heads = heads_to_join(config)
    package = invocation_of(config).package
    if heads:
        option = f" --package {package.name}" if package is not None else ""
        log.warning("there are the heads %s; `%s merge%s` joins them", " and ".join(heads), program(), option)


def warn_of_leftovers(config: Config) -> None:
    """Warn about version tables that belong to no installed package, and say how to undo its migrations.

    This happens once the environment runs. One that isn't ours may run on databases other than the configured ones.

    Args:
        config: The command's configuration.
    """
    if invocation_of(config).package is None:
        change_invocation(config, ahead=_warn_of_leftovers)


def _warn_of_leftovers(config: Config, databases: Sequence[Database], foreign: Connection | None) -> None:
    if foreign is not None:
        return
    manager = invocation_of(config).manager
    known = version_tables(manager)

    def read(database: Database, connection: Connection) -> list[tuple[str, str]]:
        from sqlalchemy import inspect

        named = database.options.get("version_table_schema")
        schema = None if named is None else str(named)
        own = database.options.get("version_table")
        return [
            (table, heads)
            for table in sorted(inspect(connection).get_table_names(schema=schema))
            if table.startswith(PREFIX) and table not in known and table != own
            if (heads := ", ".join(heads_in(database, connection, table)))
        ]

    there = [each for each in databases if is_made(each, dialect_of(manager, each))]
    found = {}
    # the command itself reports databases that can't be reached
    with suppress(UnavailableError):
        # of thousands with the same tables, one is looked at
        found = read_from(there[:1] if is_group(there) else there, invocation_of(config), read)
    for name, leftovers in found.items():
        for table, heads in leftovers:
            package = table.removeprefix(PREFIX)
            log.warning(
                "the database %r has the table %s (at %s), and no installed package brings these migrations; install "
                "the package again, run `%s downgrade --package %s base`, and uninstall it then",
                name,
                table,
                heads,
                program(),
                package,
            )


def refuse_needed(config: Config, target: str) -> None:
    """Refuse to undo all revisions of a package while a package that comes after it is applied.

    Args:
        config: The package's configuration.
        target: The revision to downgrade to.

    Raises:
        DbError: A package that comes after it is applied.
    """
    package = invocation_of(config).package
    if package is None:
        return
    later = [other for other in collect_packages(invocation_of(config).manager).values() if package.name in other.after]

    def read(database: Database, connection: Connection) -> list[str]:
        there = [other.name for other in later if heads_in(database, connection, other.version_table)]
        return (
            there
            if there and _goes_whole(config, target, heads_in(database, connection, package.version_table))
            else []
        )

    for name, there in of_each(config, read).items() if later else ():
        if there:
            raise DbError(
                f"the package {there[0]} comes after {package.name} and is on the database {name!r}; "
                f"run `{program()} downgrade --package {there[0]} base` first"
            )


def refuse_unready(config: Config) -> None:
    """Refuse to run a package's migrations while a package in its `after` isn't at its newest revision.

    Args:
        config: The package's configuration.

    Raises:
        DbError: A package in its `after` isn't at its newest revision.
    """
    from alembic.script import ScriptDirectory

    package = invocation_of(config).package
    if package is None:
        return
    known = collect_packages(invocation_of(config).manager)
    scripts = {name: ScriptDirectory.from_config(package_config(known[name])) for name in package.after}

    def read(database: Database, connection: Connection) -> list[str]:
        return [
            name
            for name, script in scripts.items()
            if database.name in known[name].databases
            and not is_newest(script, heads_in(database, connection, known[name].version_table))
        ]

    for name, unready in of_each(config, read).items() if scripts else ():
        if unready:
            raise DbError(
                f"the package {package.name} comes after {unready[0]}, which isn't at its newest revision on the "
                f"database {name!r}; run `{program()} upgrade --package {unready[0]}` first, or `{program()} upgrade`"
            )


def _goes_whole(config: Config, target: str, heads: tuple[str, ...]) -> bool:
    """Return whether a downgrade undoes all applied revisions, however its target is written."""
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionError
    from alembic.util import CommandError

    script = history_for(ScriptDirectory.from_config(config), heads)
    try:
        undone = {each.revision for each in script.iterate_revisions(heads, target, select_for_downgrade=True)}
        return ancestors(script, heads) <= undone
    except (CommandError, RevisionError):
        # Alembic's command reports what is wrong with the target
        return False
