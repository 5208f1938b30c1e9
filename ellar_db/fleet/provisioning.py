"""Making databases that aren't there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ellar_db.config.groups import is_group
from ellar_db.config.invocation import DATABASES, Invocation, invocation_of
from ellar_db.databases.connections import UnreachableError
from ellar_db.databases.database import Database
from ellar_db.fleet.positions import read_each
from ellar_db.fleet.targets import run_or_name
from ellar_db.plugins.dialects import dialect_of
from ellar_db.runtime.packages import HEADS, with_packages
from ellar_db.util.errors import DbError, UnavailableError

if TYPE_CHECKING:
    from alembic.config import Config


def make(database: Database, invocation: Invocation) -> bool:
    """Make a database that isn't there, by the plugins' `ellar_db_provision`.

    Args:
        database: The database.
        invocation: The command's arguments.

    Returns:
        Whether a plugin knows how to make it, and has done so.

    Raises:
        DbError: It can't be made.
        PluginError: A plugin gave a wrong answer.
    """
    try:
        found = invocation.manager.first("ellar_db_provision", database=database)
    except UnreachableError as error:
        if not dialect_of(invocation.manager, database).absence(database, error.__cause__ or error):
            raise
        why = (
            "the database that is to have it isn't there; make that first"
            if database.schema
            else "its engine connects to it whatever it is told (creator, connect_args); make it by hand"
        )
        raise DbError(f"the database {database.name!r} ({database.url}) can't be made: {why}") from error
    if found is not None and found[1] is not True:
        raise found[0].failure("ellar_db_provision", TypeError(f"it gave {found[1]!r} instead of True or None"))
    return found is not None


def presence(databases: Iterable[Database], invocation: Invocation) -> Iterator[tuple[Database, bool]]:
    """Yield each database, and whether it is there; of a file, whether the file itself is.

    Args:
        databases: The databases.
        invocation: The command's arguments.

    Raises:
        UnavailableError: One can't be reached.
    """
    for database, found in read_each(databases, invocation, revisions=False):
        if isinstance(found, Exception):
            raise found
        files = dialect_of(invocation.manager, database).files(database)
        yield database, found.exists and (not files or files[0].exists())


def is_there(database: Database, invocation: Invocation) -> bool:
    """Return whether a database is there, as `presence` does.

    Args:
        database: The database.
        invocation: The command's arguments.

    Raises:
        UnavailableError: It can't be reached.
    """
    return any(found for _, found in presence([database], invocation))


def make_missing(databases: Iterable[Database], invocation: Invocation) -> Iterator[tuple[Database, bool]]:
    """Make the databases that aren't there.

    Args:
        databases: The databases.
        invocation: The command's arguments.

    Yields:
        Each database, and whether it was made; if not, it existed before.

    Raises:
        DbError: One can't be made.
        UnavailableError: One can't be reached.
    """
    for database, is_known in presence(databases, invocation):
        yield database, not is_known and _made(database, invocation)


def _made(database: Database, invocation: Invocation) -> bool:
    try:
        known = make(database, invocation)
    except DbError:
        # another process may have made it meanwhile
        if is_there(database, invocation):
            return False
        raise
    if not known:
        kind = database.sync_engine.dialect.name
        raise DbError(
            f"nobody knows how to make the database {database.name!r} ({database.url}) of the kind {kind}; make it "
            "by hand, or let a plugin do it (ellar_db_provision)"
        )
    return True


def make_for_upgrade(config: Config, target: str) -> Iterator[Database]:
    """Make the databases that an upgrade needs and that aren't there; those of a group are left to the run itself.

    Args:
        config: The command's configuration.
        target: The target of the upgrade; one to the newest revision runs the migrations of packages too.

    Yields:
        Each database that was made.

    Raises:
        DbError: One can't be made, or env.py chooses its databases itself.
        UnavailableError: One can't be reached.
    """
    needed: dict[str, Database] = {}
    for part in with_packages(config) if target in HEADS else [config]:
        if invocation_of(part).package is not None:
            needed.update(part.attributes[DATABASES])
            continue
        own = _of_folder(part)
        if not is_group(own):
            needed.update({database.name: database for database in own})
    for database, is_new in make_missing(needed.values(), invocation_of(config)):
        if is_new:
            yield database


def _of_folder(config: Config) -> list[Database]:
    """Return the databases of an env.py that calls ellar_db."""
    from alembic.script import ScriptDirectory

    from ellar_db.config.reports.refusals import reported

    try:
        with reported():
            own = run_or_name(config, ScriptDirectory.from_config(config), lambda heads, context: [])
    except UnavailableError:
        own = None
    if own is None:
        raise DbError(
            "this env.py chooses its databases itself, and so --create means nothing to it; leave it out, or let "
            "env.py call ellar_db.env.run()"
        )
    return own
