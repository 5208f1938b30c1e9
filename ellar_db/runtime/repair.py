"""Resolve the interrupted runs that the journal has recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ellar_db.config.command_line import program
from ellar_db.config.folder import databases_of_folder
from ellar_db.config.invocation import DATABASES, change_invocation, invocation_of
from ellar_db.databases.connections import connected, in_event_loop
from ellar_db.databases.database import Database, Databases
from ellar_db.guards.entry import Entry, EntryTable
from ellar_db.guards.locking import locked
from ellar_db.runtime.packages import with_packages
from ellar_db.util.alembic import ancestors
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationStep
    from alembic.script import ScriptDirectory


@dataclass(frozen=True)
class Unfinished:
    """The journal entry of an interrupted run.

    Args:
        config: The configuration of the application or of the package that ran.
        database: The database.
        entry: The entry.
    """

    config: Config
    database: Database
    entry: Entry


def settle(config: Config, revision: str | None, applied: bool | None) -> None:
    """Record whether a revision is applied, and delete its journal entry; or show the entry.

    Args:
        config: Alembic's configuration.
        revision: The revision, or None for the one in the entry.
        applied: Whether it is applied now; None shows the entry.

    Raises:
        DbError: There is no entry, it names another revision, entries name several, or `applied` is None.
    """
    places = [(part, database) for part in with_packages(config) for database in databases_of_folder(part)]
    # the entry of a run in progress must not be mistaken for that of an interrupted one
    with _locked(config, [database for _, database in places]):
        found = list(_unfinished(places))
        if not found:
            raise DbError("there is nothing to repair: no run was cut short")
        meant = [one for one in found if revision in (None, one.entry.revision)]
        if not meant:
            there = " and ".join(f"on the database {one.database.name!r} it is {one.entry.revision}" for one in found)
            raise DbError(f"{there} that did not end, not {revision}")
        if applied is None:
            stories = " ".join(f"Database {one.database.name!r}: {one.entry.story}" for one in meant)
            raise DbError(f"{stories} Say `{program()} repair --applied` or `{program()} repair --reverted`")
        revisions = sorted({one.entry.revision for one in meant})
        if len(revisions) > 1:
            raise DbError(
                f"{', '.join(revisions)} did not end; say of each `{program()} repair REVISION --applied` or --reverted"
            )
        for one in meant:
            _record(one, applied)
            click.echo(f"{one.database.name}: {one.entry.revision} is {'applied' if applied else 'not applied'}.")


@contextmanager
def _locked(config: Config, databases: Sequence[Database]) -> Iterator[None]:
    invocation = invocation_of(config)
    with locked(databases, {each.name: invocation.limits_of(each) for each in databases}, invocation.manager):
        yield


def _unfinished(places: Sequence[tuple[Config, Database]]) -> Iterator[Unfinished]:
    """Yield the journal entries."""

    def read(databases: Sequence[Database]) -> list[Entry | None]:
        found = []
        for database in databases:
            with connected(database) as connection:
                found.append(EntryTable(connection, database.options).read())
        return found

    entries = in_event_loop([database for _, database in places], read)
    for (config, database), entry in zip(places, entries, strict=True):
        if entry is not None:
            yield Unfinished(config, database, entry)


def _record(one: Unfinished, applied: bool) -> None:
    """Change the version table as the revision would have, and delete the journal entry."""
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(one.config)
    given = one.config.attributes[DATABASES]
    # the other databases may be in another state
    one.config.attributes[DATABASES] = Databases([one.database])
    change_invocation(one.config, settling=True)

    def settling(heads: tuple[str, ...], _: Any) -> list[MigrationStep]:
        return _steps(script, one.entry.revision, heads, applied)

    with EnvironmentContext(one.config, script, fn=settling, destination_rev=one.entry.revision):
        script.run_env()
    one.config.attributes[DATABASES] = given
    change_invocation(one.config, settling=False)


def _steps(script: ScriptDirectory, revision: str, heads: tuple[str, ...], applied: bool) -> list[MigrationStep]:
    """Return the step that is missing in the version table, if any."""
    from alembic.runtime.migration import MigrationInfo, RevisionStep

    class Recorded(RevisionStep):
        """A revision's step that only changes the version table."""

        def __init__(self) -> None:
            super().__init__(script.revision_map, script.get_revision(revision), applied)
            self.migration_fn = stamp_revision

        @property
        def info(self) -> MigrationInfo:
            info = super().info
            info.is_stamp = True
            return info

    there = revision in ancestors(script, heads)
    missing = not there if applied else revision in heads
    return [Recorded()] if missing else []


def stamp_revision(**_: Any) -> None:
    """Do nothing: the revision was completed or undone by hand."""
