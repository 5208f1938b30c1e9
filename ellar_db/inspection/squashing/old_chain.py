"""What the revisions of a range do, when they are run on scratch databases."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from ellar_db.config.invocation import DATABASES, invocation_of
from ellar_db.config.reports.refusals import reported
from ellar_db.databases.connections import connected, in_event_loop
from ellar_db.databases.database import Database, Databases
from ellar_db.guards.entry import NAME as JOURNAL
from ellar_db.inspection.drift import replaying
from ellar_db.inspection.squashing.models import read_models
from ellar_db.inspection.squashing.observer import Observer, Statement
from ellar_db.inspection.trials.migrations import Migrations, State
from ellar_db.inspection.trials.rows import Rows, Tables
from ellar_db.plugins.dialects import dialect_named, dialect_of
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.revisions.replay import on_scratch, silent
from ellar_db.runtime.packages import with_packages
from ellar_db.util.errors import DbError, UnavailableError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import Script, ScriptDirectory
    from sqlalchemy import MetaData

    from ellar_db.revisions.squashing.ranges import Range


T = TypeVar("T")

log = logging.getLogger("ellar_db")


@dataclass(frozen=True)
class Ground:
    """Where revisions are tried: scratch databases in place of those of the application.

    Args:
        config: The command's configuration.
        databases: The application's databases, one of each kind.
        urls: Where scratch databases are made.
    """

    config: Config
    databases: Databases
    urls: Sequence[str] = ()

    @contextmanager
    def below(self, found: Range, observer: Observer | None = None) -> Iterator[Migrations]:
        """Make scratch databases that have all before a range, and those of packages.

        Args:
            found: The range.
            observer: Notes what runs.

        Raises:
            UnavailableError: What comes before the range can't be run.
        """
        script = found.history()
        with on_scratch(self.config, script, self.databases, self.urls) as made:
            migrations = Migrations(self.opened, script, made)
            with replaying():
                migrations.upgrade_packages()
                for each in found.below:
                    self.apply(migrations, script.get_revision(each.revision), observer)
            yield migrations

    @contextmanager
    def opened(self) -> Iterator[Config]:
        """Open the configuration for a run on scratch databases."""
        with reported(), silent():
            yield self.config

    def apply(self, migrations: Migrations, revision: Script, observer: Observer | None = None) -> None:
        """Run a revision.

        Args:
            migrations: The scratch databases.
            revision: The revision.
            observer: Notes what runs.
        """
        if observer is None:
            migrations.apply(revision)
            return
        observer.revision = revision.revision
        with observer.watching(migrations.databases):
            migrations.apply(revision)

    @property
    def version_tables(self) -> set[str]:
        """The tables that record what was run, of the application and of packages."""
        parts = with_packages(self.config)
        return {each.version_table for part in parts for each in part.attributes[DATABASES].values()} | {JOURNAL}

    def rows(self, migrations: Migrations, name: str, work: Callable[[Tables], T]) -> T:
        """Return what a function finds in the tables of a scratch database.

        Args:
            migrations: The scratch databases.
            name: The database's name.
            work: The function.
        """
        database = migrations.databases[name]
        dialect = dialect_of(invocation_of(self.config).manager, database)
        own = self.version_tables

        def read(databases: Sequence[Database]) -> T:
            from sqlalchemy import inspect

            with connected(databases[0]) as connection:
                return work(Tables(connection, dialect, dialect.schemas(inspect(connection)), own))

        return in_event_loop([database], read)

    def models(self, migrations: Migrations) -> dict[str, MetaData]:
        """Return the tables of each scratch database."""
        own = self.version_tables

        def read(context: MigrationContext) -> MetaData:
            assert context.connection is not None
            return read_models(context, dialect_named(get_plugin_manager(), context.connection.dialect.name), own)

        return migrations.ask(read)


@dataclass(frozen=True)
class OldChain:
    """What the revisions of a range did.

    Args:
        before: The databases before them.
        after: The databases afterwards.
        models: The tables afterwards.
        rows: The rows afterwards, by database and table; None if there were none in the tables.
        below: The statements before the range, of each database.
        statements: The statements of the range, of each database.
        renames: What was renamed.
    """

    before: Mapping[str, State]
    after: Mapping[str, State]
    models: Mapping[str, MetaData]
    rows: Mapping[str, Mapping[str, Rows]] | None
    below: Mapping[str, Sequence[Statement]]
    statements: Mapping[str, Sequence[Statement]]
    renames: Sequence[tuple[str, str | None, str]] = field(default_factory=list)


def plant(ground: Ground, migrations: Migrations, leave_out: Collection[str] = ()) -> None:
    """Put rows into the tables of scratch databases, the same ones each time.

    Args:
        ground: Where these are.
        migrations: The scratch databases.
        leave_out: Tables that stay empty, and those that refer to them, by their names in lower case.
    """

    def put(tables: Tables) -> None:
        tables.plant(leave_out=tables.referring(leave_out))

    for name in migrations.databases:
        ground.rows(migrations, name, put)


def _rows_of(tables: Tables) -> dict[str, Rows]:
    return {key: tables.read(key) for key in tables.all}


def old_chain(ground: Ground, found: Range, script: ScriptDirectory) -> OldChain:
    """Run the revisions of a range on scratch databases.

    Rows are in the tables that are there before it; if the revisions fail with these, they are run without.

    Args:
        ground: Where.
        found: The range.
        script: The folder.

    Raises:
        UnavailableError: They can't be run.
    """
    if found.base is not None:
        try:
            return _run(ground, found, script, rows=True)
        except UnavailableError:
            raise
        except DbError as error:
            log.warning("rows are not compared, since the old revisions fail where there are some: %s", error.message)
    with replaying():
        return _run(ground, found, script, rows=False)


def _run(ground: Ground, found: Range, script: ScriptDirectory, *, rows: bool) -> OldChain:
    below, inside = Observer(ground.version_tables), Observer(ground.version_tables)
    with ground.below(found, below) as migrations:
        before = migrations.look()
        if rows:
            plant(ground, migrations)
        whole = Migrations(ground.opened, script, migrations.databases)
        for each in found.members:
            ground.apply(whole, each, inside)
        return OldChain(
            before,
            whole.look(),
            ground.models(whole),
            {name: ground.rows(whole, name, _rows_of) for name in whole.databases} if rows else None,
            below.statements,
            inside.statements,
            inside.renames,
        )
