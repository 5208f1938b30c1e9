"""A folder's migrations on scratch databases, step by step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ellar_db.config.collection import databases_of
from ellar_db.config.groups import representatives
from ellar_db.config.invocation import DATABASES
from ellar_db.config.reports.position import DATABASE_OPTION
from ellar_db.config.seam import alembic_config
from ellar_db.databases.database import Database, Databases
from ellar_db.guards.entry import NAME
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.project.application import application_context
from ellar_db.scratch.databases import guarded, scratch_databases
from ellar_db.scratch.schema import Schema, differences, read_schema
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import Script, ScriptDirectory


T = TypeVar("T")


@dataclass(frozen=True)
class State:
    """The state of one database.

    Args:
        heads: Its current revisions.
        schema: Its schema, without the version table.
    """

    heads: tuple[str, ...]
    schema: Schema


@contextmanager
def opened(
    directory: Path | str | None, urls: Mapping[str, str], folder: Path, prepare: Callable[[Database], object]
) -> Iterator[Migrations]:
    """Find the application and its migrations as `ellar db` does, and create scratch databases.

    The migrations of packages are applied right away, as by `ellar db upgrade`.

    Args:
        directory: The migrations folder, as by `-d`.
        urls: URLs that replace the application's, by name.
        folder: Where SQLite files are created.
        prepare: Called with each scratch database while it is empty.

    Raises:
        DbError: The folder or a database can't be used.
    """
    from alembic.script import ScriptDirectory

    def open_config() -> AbstractContextManager[Config]:
        # no other process uses these databases, so no lock is needed
        return alembic_config(directory, limits={"lock": False})

    with application_context(get_plugin_manager().settings):
        with alembic_config(directory) as config:
            script = ScriptDirectory.from_config(config)
            # reports a file that can't be imported
            script.get_heads()
            databases = representatives(config, databases_of(config))
        with scratch_databases(databases, urls, folder, get_plugin_manager()) as scratch:
            for database in scratch.values():
                prepare(database)
            migrations = Migrations(open_config, script, scratch)
            migrations.upgrade_packages()
            yield migrations


class Migrations:
    """The application's migrations, and a scratch database for each of the application's.

    Args:
        open_config: Opens Alembic's configuration for a run, which gets the scratch databases.
        script: Alembic's view of the migrations folder.
        databases: The scratch databases.
    """

    def __init__(
        self, open_config: Callable[[], AbstractContextManager[Config]], script: ScriptDirectory, databases: Databases
    ) -> None:
        self._open_config = open_config
        self.script = script
        self.databases = databases

    @property
    def revisions(self) -> list[Script]:
        """All revisions, each after those that it depends on."""
        return list(self.script.walk_revisions())[::-1]

    def upgrade(self, revision: str = "heads") -> None:
        """Upgrade, as `ellar db upgrade REVISION` does.

        Args:
            revision: The revision, by default all heads.

        Raises:
            DbError: The upgrade failed.
        """
        from alembic import command

        with self.configured() as config:
            command.upgrade(config, revision)

    def downgrade(self, revision: str = "base") -> None:
        """Downgrade, as `ellar db downgrade REVISION` does.

        Args:
            revision: The revision, by default base.

        Raises:
            DbError: The downgrade failed.
        """
        from alembic import command

        with self.configured() as config:
            command.downgrade(config, revision)

    def upgrade_packages(self) -> None:
        """Apply the migrations of packages.

        Raises:
            DbError: An upgrade failed.
        """
        from alembic import command

        from ellar_db.runtime.packages import with_packages

        with self.configured() as config:
            for part in with_packages(config)[:-1]:
                command.upgrade(part, "heads")

    def apply(self, *revisions: Script) -> None:
        """Apply these revisions, in this order, in one run, without checking their dependencies.

        Raises:
            DbError: The run failed.
        """
        self._step(revisions, up=True)

    def revert(self, *revisions: Script) -> None:
        """Undo these revisions, in this order, in one run.

        Raises:
            DbError: The run failed.
        """
        self._step(revisions, up=False)

    def look(self) -> dict[str, State]:
        """Read the current revisions and the schema of each database.

        Returns:
            The states by database name; of the default database only, if the folder is for one.

        Raises:
            DbError: A database can't be read, or env.py runs on none.
        """

        def state(context: MigrationContext) -> State:
            schema = context.version_table_schema
            version_table = f"{schema}.{context.version_table}" if schema else context.version_table
            connection: Any = context.connection
            dialect = dialect_named(get_plugin_manager(), connection.dialect.name)
            found = read_schema(connection, dialect, {version_table, NAME})
            return State(tuple(sorted(context.get_current_heads())), found)

        return self.ask(state)

    def ask(self, read: Callable[[MigrationContext], T]) -> dict[str, T]:
        """Return what a function reads from each database, by its name.

        Args:
            read: The function, called with Alembic's context.

        Raises:
            DbError: A database can't be read, or env.py runs on none.
        """
        found: dict[str, T] = {}

        def look(_: Any, context: MigrationContext) -> Iterable[Any]:
            found[context.opts[DATABASE_OPTION].name] = read(context)
            return ()

        self._run(look, dont_mutate=True)
        if not found:
            raise DbError(f"{self.script.env_py_location} runs on no database; let it call ellar_db.env.run()")
        return found

    @contextmanager
    def configured(self) -> Iterator[Config]:
        """Yield Alembic's configuration for the scratch databases, for `alembic.command`.

        Meanwhile, connections to other databases are refused.

        Raises:
            DbError: The code in the block failed.
        """
        with guarded(self.script.env_py_location), self._open_config() as config:
            config.attributes[DATABASES] = self.databases
            yield config

    def _step(self, revisions: Iterable[Script], *, up: bool) -> None:
        from alembic.runtime.migration import RevisionStep

        steps = [RevisionStep(self.script.revision_map, revision, up) for revision in revisions]

        def step(heads: Any, context: MigrationContext) -> Iterable[Any]:
            return steps

        self._run(step, destination_rev=steps[-1].revision.revision)

    def _run(self, plan: Callable[..., Iterable[Any]], **options: Any) -> None:
        from alembic.runtime.environment import EnvironmentContext

        with (
            self.configured() as config,
            # what a revision prints isn't part of an answer
            redirect_stdout(sys.stderr),
            EnvironmentContext(config, self.script, fn=plan, as_sql=False, starting_rev=None, tag=None, **options),
        ):
            self.script.run_env()


def changes(before: Mapping[str, State], after: Mapping[str, State]) -> list[str]:
    """Return the differences of the schemas, one per line, with the database's name if there are several.

    Args:
        before: The expected states.
        after: The actual states.
    """
    return [
        f"{name}: {line}" if len(after) > 1 else line
        for name in after
        for line in differences(before[name].schema, after[name].schema)
    ]
