"""Which revisions are tried, or read: those that a database lacks, those after another one, those of a branch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.config.invocation import Invocation
from ellar_db.config.reports.refusals import reported
from ellar_db.config.squashed.history import history_for
from ellar_db.databases.database import Database
from ellar_db.history.git import changed_files
from ellar_db.options import Which
from ellar_db.plugins.dialects import dialect_of
from ellar_db.runtime.versions import heads_in, read_from
from ellar_db.util.alembic import ancestors, version_folders
from ellar_db.util.errors import UnavailableError

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection


log = logging.getLogger("ellar_db")


def none_of(which: Which, name: str) -> str:
    """Return what to say where there are no revisions for a command.

    Args:
        which: What the command line says of them.
        name: The database's name.
    """
    if which.since is not None:
        return f"Nothing to do: no revision comes after {which.since}."
    if which.since_ref is not None:
        return f"Nothing to do: no revision was added or changed since {which.since_ref}."
    if which.all:
        return "Nothing to do: there are no revisions."
    return f"Nothing to do: the database {name!r} has all revisions (--all takes them)."


def revisions_of(which: Which, script: ScriptDirectory, database: Database, invocation: Invocation) -> set[str]:
    """Return the ids of the revisions for one database.

    Args:
        which: What the command line says of them.
        script: The folder.
        database: The application's database, which is only read.
        invocation: The command's arguments.

    Raises:
        CommandError: There is no such revision.
        UnavailableError: git can't say which files were changed.
    """
    every = {each.revision for each in script.walk_revisions()}
    if which.all:
        return every
    if which.since is not None:
        return every if which.since == "base" else every - ancestors(script, which.since)
    if which.since_ref is not None:
        files = {
            file.resolve()
            for folder in version_folders(script)
            if folder.is_dir()
            for file in changed_files(folder, which.since_ref)
        }
        return {each.revision for each in script.walk_revisions() if Path(each.path).resolve() in files}
    return every - _applied(script, every, database, invocation)


def _applied(script: ScriptDirectory, every: set[str], database: Database, invocation: Invocation) -> set[str]:
    """Return the revisions that a database has; none, with the reason on standard error, if it can't be asked."""
    files = dialect_of(invocation.manager, database).files(database)
    if files and not any(file.exists() for file in files):
        # a connection would make it
        log.info("All revisions are taken: the database %r isn't there yet.", database.name)
        return set()

    def read(database: Database, connection: Connection) -> Sequence[str]:
        return heads_in(database, connection, str(database.options.get("version_table", "alembic_version")))

    try:
        with reported():
            heads = read_from([database], invocation, read)[database.name]
    except UnavailableError as error:
        log.warning("all revisions are taken, since it isn't known which ones are pending: %s", error.message)
        return set()
    script = history_for(script, heads)
    unknown = sorted(set(heads) - {each.revision for each in script.walk_revisions()})
    if unknown:
        log.warning(
            "all revisions are taken, since the database %r is at %s, which this folder doesn't have",
            database.name,
            " and ".join(unknown),
        )
        return set()
    return ancestors(script, heads) if heads else set()
