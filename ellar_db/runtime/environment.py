"""The migration environment: all that a folder's env.py does."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ellar_db.config.collection import databases_of
from ellar_db.config.command_line import provision
from ellar_db.config.groups import databases_for_folder, is_group, of_several, one_after_the_other, reference
from ellar_db.config.invocation import Way, Work
from ellar_db.config.revision_files import checked_revisions
from ellar_db.databases.connections import briefly, connected, in_event_loop
from ellar_db.databases.database import Database
from ellar_db.guards.locking import refuse_twins
from ellar_db.guards.two_phase import TwoPhase
from ellar_db.project.application import application_context
from ellar_db.revisions.ownership import own_tables_only
from ellar_db.runtime.context_options import ContextOptions, configuring
from ellar_db.runtime.interception import guard_environments
from ellar_db.runtime.offline import script_of
from ellar_db.runtime.run import RunState, committing
from ellar_db.runtime.watch import Watch, watch_of
from ellar_db.util.alembic import open_environment
from ellar_db.util.errors import DbError, UnavailableError
from ellar_db.util.garbage import leave_what_is_there, sweep
from ellar_db.util.termination import cancelled_by

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext, MigrationInfo
    from sqlalchemy import Connection


def run(*, multiple: bool = False, group: str = "") -> None:
    """Run the current Alembic command on the project's databases.

    Works online and offline, with sync and async engines, one or several databases, and two-phase commit if the
    options enable it. With bare `alembic`, it finds the application or `[tool.ellar-db]` by itself.

    Args:
        multiple: The folder is for several databases, those in no group if there are such: its revisions have
            `upgrade_<name>()` for each.
        group: The folder is for the databases of this group, each of which it migrates by itself. Without it, a folder
            for one database does so too if all databases are of one group.

    Raises:
        DbError: The command was refused (in bare Alembic: `alembic.util.CommandError`).

    Example:
        from ellar_db.env import run

        run()
    """
    from alembic import context
    from alembic.util import CommandError

    guard_environments()
    environment = open_environment()
    watch = watch_of(environment)
    bare = watch is None
    if watch is None:
        _log_as_configured(environment.config)
        watch = Watch(environment)
    watch.leave_to_env()
    try:
        # before the watch, which reads the revisions
        with checked_revisions(), watch if bare else nullcontext(), application_context(watch.manager.settings):
            databases = databases_for_folder(watch.config, multiple=multiple, group=group)
            each = watch.invocation.each
            single = multiple or not is_group(databases)
            if single and each is not None and each.asked:
                raise DbError(
                    f"{each.asked} is for databases of a group, each of which is migrated by itself, and those of this "
                    "folder are migrated together; leave it out, or give databases with the same tables a group"
                )
            if each is not None and each.asked and context.is_offline_mode():
                raise DbError(f"{each.asked} is for a run, and --sql only writes what it would do; leave it out")
            if not single and "revision_context" in watch.command:
                single, databases = True, [reference(watch.manager, databases, watch.invocation.chosen)]
            if ahead := watch.invocation.ahead:
                ahead(watch.config, databases, None)
            if context.is_offline_mode():
                Environment(watch, databases, multiple).offline()
            elif single:
                in_event_loop(databases, Environment(watch, databases, multiple).online)
            else:
                _run_on_each(watch, databases)
    except click.ClickException as error:
        # a plugin may refuse with any of click's exceptions, which mean nothing to bare Alembic
        if bare:
            raise CommandError(" ".join(error.message.split())) from error
        raise


def database_names(config: Config) -> list[str]:
    """Return the names of the databases as used in the functions of a folder for several databases.

    Args:
        config: Alembic's configuration, as passed to the template of a revision.

    Example:
        >>> database_names(config)  # doctest: +SKIP
        ['default', 'reports']
    """
    return [database.token for database in of_several(databases_of(config).values())]


def _run_on_each(watch: Watch, databases: Sequence[Database]) -> None:
    """Run the command on each database of a group, by itself: no connection stays open until the next one."""

    if watch.excludes:
        refuse_twins(databases, watch.manager)
    # before there are thousands of objects that aren't needed for long
    leave_what_is_there()

    def work(database: Database, way: Way | None = None) -> Sequence[MigrationInfo]:
        with watch.another(way) as own:
            own.leave_to_env()
            running = Environment(own, [database], multiple=False, named=len(databases) > 1)
            in_event_loop([database], running.online)
        # thousands of engines would take more memory than all the rest
        database.forget()
        sweep()
        return [step for state in own.states for step in state.run.steps]

    each = watch.invocation.each
    # a plan of upgrade, downgrade and stamp doesn't look at the database
    plan = (lambda heads: list(watch.plan(heads, None))) if watch.moves and not watch.invocation.settling else None
    # the thread that waits for SIGTERM goes on from one database to the next
    with cancelled_by(bool):
        if each is None:
            one_after_the_other(databases, work)
        else:
            each(watch.config, databases, Work(watch.name, watch.command, watch.script, work, plan))


class Environment:
    """The databases of one command, and how Alembic is configured for them.

    Args:
        watch: The watch over this execution of env.py, which guards the databases.
        databases: The databases, in order.
        multiple: Whether the folder is for several.
        named: Whether output is headed by the name of its database; by default if there are several.
    """

    def __init__(
        self, watch: Watch, databases: Sequence[Database], multiple: bool, *, named: bool | None = None
    ) -> None:
        self.named = len(databases) > 1 if named is None else named
        self.watch = watch
        self.config = watch.config
        self.invocation = watch.invocation
        self.manager = watch.manager
        self.databases = databases
        self.multiple = multiple
        self.options = ContextOptions(self.manager)

    def online(self, databases: Sequence[Database]) -> None:
        """Run online: all databases are committed once all have succeeded, none if one fails."""
        self.databases = databases
        limits = {database.name: self.invocation.limits_of(database) for database in databases}
        writes = self.watch.writes
        if self.watch.excludes:
            refuse_twins(databases, self.manager)
            self.watch.lock(databases)
        with ExitStack() as stack:
            states = []
            for database in databases:
                connection = stack.enter_context(connected(database, limits[database.name].connect_wait))
                _refuse_missing_schema(database, connection)
                states.append(self.watch.state_of(database, connection, self.options.of(database), named=self.named))
                stack.callback(states[-1].release)
            self.watch.before(states)
            two_phase = stack.enter_context(TwoPhase())
            for each in states:
                if writes and each.database.use_two_phase and each.connection is not None and not each.rehearses:
                    two_phase.begin(each.database, each.connection, each.dialect)
                context = self._configure(each, connection=each.connection)
                stack.enter_context(context.begin_transaction())
                self._run(each)
            for each in states:
                each.check()
            with committing(states):
                if len(states) > 1:
                    for each in states:
                        each.check_before_commit()
                stack.close()

    def offline(self) -> None:
        """Write the SQL of all databases once it is complete."""
        script = script_of(self.config, len(self.databases))
        states = [self.watch.state_of(each, None, self.options.of(each)) for each in self.databases]
        self.watch.before(states)
        for each in states:
            context = self._configure(
                each,
                url=each.database.sync_engine.url,
                output_buffer=script.part(each.database),
                literal_binds=True,
                dialect_opts={"paramstyle": "named"},
            )
            if each.database.schema:
                for statement in each.dialect.enter_schema(context.dialect, each.database.schema):
                    context.impl.static_output(f"{statement};")
            with context.begin_transaction():
                self._run(each)
        script.end(self.config)

    def _configure(self, each: RunState, **target: Any) -> MigrationContext:
        """Configure Alembic's context for one database."""
        from alembic import context

        database = each.database
        options, composed = self.options.merged(database)
        options.setdefault("target_metadata", database.metadata)
        if "revision_context" in self.watch.command:
            composed["include_object"].append(own_tables_only(self.manager, database))
        self.watch.comparison.add_to(options, composed, database)
        if self.multiple:
            options["upgrade_token"] = f"{database.token}_upgrades"
            options["downgrade_token"] = f"{database.token}_downgrades"
        options.update(target, on_version_apply=composed["on_version_apply"])
        self.watch.expect(each)
        with configuring(database):
            context.configure(**options)
        configured = context.get_context()
        self.watch.comparison.check(configured, database)
        return configured

    def _run(self, each: RunState) -> None:
        from alembic import context

        if self.named and self.invocation.labels and not self.invocation.settling and not self.invocation.looks:
            self.config.print_stdout(f"{each.database.name}:")
        if self.multiple:
            context.run_migrations(engine_name=each.database.token)
        else:
            context.run_migrations()


def _log_as_configured(config: Config) -> None:
    """Configure logging from the ini file, for bare Alembic, unless the program has configured it already."""
    from logging.config import fileConfig

    if logging.root.handlers:
        return
    if (
        config.config_file_name
        and Path(config.config_file_name).is_file()
        and config.file_config.has_section("loggers")
    ):
        fileConfig(config.config_file_name, disable_existing_loggers=False, encoding="utf-8")


def _refuse_missing_schema(database: Database, connection: Connection) -> None:
    """Raise if the schema that is a database isn't there, in which PostgreSQL would let a session be nevertheless."""
    from sqlalchemy import inspect

    if not database.schema:
        return
    with briefly(connection):
        there = inspect(connection).has_schema(database.schema)
    if not there:
        raise UnavailableError(
            f"the schema {database.schema!r} of the database {database.name!r} ({database.url}) isn't there; "
            f"{provision(database)}"
        )
