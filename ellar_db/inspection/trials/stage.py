"""A scratch database on which the revisions of one of the application's databases are run, step by step."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from ellar_db.config.invocation import DATABASES, change_invocation, invocation_of
from ellar_db.config.reports.refusals import reported
from ellar_db.databases.connections import connected, in_event_loop
from ellar_db.databases.database import Database, Databases
from ellar_db.guards.entry import NAME as JOURNAL
from ellar_db.inspection.drift import replaying
from ellar_db.inspection.trials.migrations import Migrations
from ellar_db.inspection.trials.rows import Tables
from ellar_db.options import Selection
from ellar_db.plugins.dialects import dialect_of
from ellar_db.revisions.replay import on_scratch, silent
from ellar_db.runtime.packages import with_packages

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import Script, ScriptDirectory


T = TypeVar("T")

log = logging.getLogger("ellar_db")


class Stage:
    """Makes scratch databases for one of the application's databases.

    Args:
        config: The command's configuration.
        script: The folder.
        database: The application's database.
        urls: Where scratch databases are made, each `URL` or `NAME=URL`; by default where the databases are.
    """

    def __init__(self, config: Config, script: ScriptDirectory, database: Database, urls: Sequence[str] = ()) -> None:
        self.config = config
        self.script = script
        self.database = database
        self.urls = urls
        self.own: set[str] = set()
        self._told: set[str] = set()

    @contextmanager
    def opened(self) -> Iterator[Migrations]:
        """Make an empty scratch database, and run the migrations of packages on it."""
        chosen = invocation_of(self.config).chosen
        # packages on the other databases are left out
        change_invocation(self.config, chosen=Selection([self.database.name]))
        try:
            with on_scratch(self.config, self.script, Databases([self.database]), self.urls) as made:
                migrations = Migrations(lambda: _opened(self.config), self.script, made)
                parts = with_packages(self.config)
                tables = {each.version_table for part in parts for each in part.attributes[DATABASES].values()}
                self.own = {*tables, JOURNAL}
                with replaying():
                    migrations.upgrade_packages()
                yield migrations
        finally:
            change_invocation(self.config, chosen=chosen)

    def tables(self, migrations: Migrations, work: Callable[[Tables], T]) -> T:
        """Call a function with the tables of the scratch database."""
        database = migrations.databases[self.database.name]
        dialect = dialect_of(invocation_of(self.config).manager, database)

        def read(databases: Sequence[Database]) -> T:
            from sqlalchemy import inspect

            with connected(databases[0]) as connection:
                return work(Tables(connection, dialect, dialect.schemas(inspect(connection)), self.own))

        return in_event_loop([database], read)

    def tell_unplanted(self, problems: Mapping[str, str]) -> None:
        """Say once of each table that it has no rows."""
        for table, problem in problems.items():
            if table not in self._told:
                self._told.add(table)
                log.warning(
                    "no rows were put into the table %s of the database %r: %s", table, self.database.name, problem
                )


@contextmanager
def _opened(config: Config) -> Iterator[Config]:
    """Open the configuration for a run on scratch databases."""
    with reported(), silent():
        yield config


def reach(migrations: Migrations, revisions: Sequence[Script]) -> None:
    """Run revisions that are only needed by those after them.

    Raises:
        UnavailableError: One fails.
    """
    with replaying():
        if revisions:
            migrations.apply(*revisions)


def of_folder(
    config: Config, script: ScriptDirectory, databases: Databases, urls: Sequence[str] = ()
) -> list[Database]:
    """Return the databases on which a folder runs, which its env.py knows.

    Args:
        config: The command's configuration.
        script: The folder.
        databases: The application's databases.
        urls: Where scratch databases are made.
    """
    if len(databases) == 1:
        return list(databases.values())
    # without one, env.py is somebody else's, or says what to do
    with replaying(), on_scratch(config, script, databases, urls) as made:
        names = Migrations(lambda: _opened(config), script, made).look()
    return [databases[name] for name in names]
