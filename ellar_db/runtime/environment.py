"""The migration environment: all that a folder's env.py does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ellar_db.config.collection import databases_of
from ellar_db.config.invocation import DATABASES, invocation_of
from ellar_db.databases.connections import connected, in_event_loop
from ellar_db.databases.database import DEFAULT, Database
from ellar_db.guards.locking import locked, refuse_twins
from ellar_db.guards.two_phase import TwoPhase
from ellar_db.plugins.dialects import dialect_of
from ellar_db.project.application import application_context
from ellar_db.revisions.comparison import Comparison
from ellar_db.revisions.ownership import own_tables_only
from ellar_db.runtime.context_options import ContextOptions, configuring
from ellar_db.runtime.offline import script_of
from ellar_db.runtime.run import Run, committing
from ellar_db.runtime.versions import drop_unused_version_table
from ellar_db.util.alembic import ensures_version_table, open_environment
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext, MigrationInfo
    from sqlalchemy import Connection


log = logging.getLogger("ellar_db")


def run(*, multiple: bool = False) -> None:
    """Run the current Alembic command on the project's databases.

    Works online and offline, with sync and async engines, one or several databases, and two-phase commit if the
    options enable it. With bare `alembic`, it finds the application or `[tool.ellar-db]` by itself.

    Args:
        multiple: The folder is for several databases: its revisions have `upgrade_<name>()` for each.

    Raises:
        DbError: The command was refused (in bare Alembic: `alembic.util.CommandError`).

    Example:
        from ellar_db.env import run

        run()
    """
    from alembic import context
    from alembic.util import CommandError

    config = context.config
    bare = DATABASES not in config.attributes
    if bare:
        _log_as_configured(config)
    try:
        manager = invocation_of(config).manager
        manager.require()
        with application_context(manager.settings):
            databases = _chosen(config, multiple)
            environment = Environment(config, databases, multiple, bare, _command_options())
            if context.is_offline_mode():
                environment.offline()
            else:
                in_event_loop(databases, environment.online)
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
    return [database.token for database in databases_of(config).values()]


class Environment:
    """The databases of one command, and how Alembic is configured for them.

    Args:
        config: Alembic's configuration.
        databases: The databases, in order.
        multiple: Whether the folder is for several.
        bare: Whether bare Alembic runs, so that a new revision has no name yet.
        command: The options that Alembic's command gave to the environment: its plan `fn`, `destination_rev` ...
    """

    def __init__(
        self,
        config: Config,
        databases: Sequence[Database],
        multiple: bool,
        bare: bool,
        command: Mapping[str, Any],
    ) -> None:
        self.config = config
        self.invocation = invocation_of(config)
        self.manager = self.invocation.manager
        self.databases = databases
        self.multiple = multiple
        self.command = command
        self.plan: Callable[..., Iterable[Any]] = command["fn"]
        # the commands that change a database; all others only read it
        self.moves = "destination_rev" in command
        self.writes = self.moves or ensures_version_table(self.plan)
        self.options = ContextOptions(self.manager)
        self.comparison = Comparison(config, self.manager, bare)

    def online(self, databases: Sequence[Database]) -> None:
        """Run online: all databases are committed once all have succeeded, none if one fails."""
        self.databases = databases
        limits = {database.name: self.invocation.limits_of(database) for database in databases}
        with ExitStack() as stack:
            if self.writes:
                refuse_twins(databases, self.manager)
                # before anything is read, since that must stay valid until this run changes it
                stack.enter_context(locked(databases, limits, self.manager))
            runs = [
                self._run_of(database, stack.enter_context(connected(database, limits[database.name].connect_wait)))
                for database in databases
            ]
            if self.writes:
                for each in runs:
                    stack.enter_context(each.guarded(limits[each.database.name], settling=self.invocation.settling))
            self._before(runs)
            two_phase = stack.enter_context(TwoPhase())
            for each in runs:
                if self.writes and each.database.use_two_phase and each.connection is not None:
                    two_phase.begin(each.database, each.connection, each.dialect)
                context = self._configure(each, last=each is runs[-1], connection=each.connection)
                stack.enter_context(context.begin_transaction())
                with each.failing(context, [other for other in runs if other is not each]):
                    self._run(each)
                    if self.moves:
                        drop_unused_version_table(each.database, each.connection, context)
                    self._after(each)
                told = self.invocation.settling or self.invocation.package is not None
                if self.moves and not each.steps and not told:
                    log.info("Nothing to do: the database is there already.")
            for each in runs:
                each.check()
            with committing():
                stack.close()

    def offline(self) -> None:
        """Write the SQL of all databases once it is complete."""
        script = script_of(self.config, len(self.databases))
        runs = [self._run_of(database) for database in self.databases]
        self._before(runs)
        for each in runs:
            context = self._configure(
                each,
                last=each is runs[-1],
                url=each.database.sync_engine.url,
                output_buffer=script.part(each.database),
                literal_binds=True,
                dialect_opts={"paramstyle": "named"},
            )
            with context.begin_transaction():
                self._run(each)
            self._after(each)
        script.end(self.config)

    def _configure(self, each: Run, *, last: bool, **target: Any) -> MigrationContext:
        """Configure Alembic's context for one database."""
        from alembic import context

        database = each.database
        options, composed = self.options.merged(database)
        options.setdefault("target_metadata", database.metadata)
        if "revision_context" in self.command:
            composed["include_object"].append(own_tables_only(self.manager, database))
        self.comparison.add_to(options, composed, database, last=last)
        callbacks = [each.applied, *composed["on_version_apply"]]
        if self.manager.hook.ellar_db_step_applied.get_hookimpls():
            callbacks.append(
                lambda *, step, **_: self.manager.tell("ellar_db_step_applied", database=database, step=step)
            )
        if self.multiple:
            options["upgrade_token"] = f"{database.token}_upgrades"
            options["downgrade_token"] = f"{database.token}_downgrades"
        if each.guard is not None and each.dialect.transactional_ddl is not None:
            options.setdefault("transactional_ddl", each.dialect.transactional_ddl)
        options.update(target, on_version_apply=callbacks, fn=each.watched(self.plan))
        with configuring(database):
            context.configure(**options)
        configured = context.get_context()
        self.comparison.check(configured, database)
        return configured

    def _run_of(self, database: Database, connection: Connection | None = None) -> Run:
        return Run(database, dialect_of(self.manager, database), connection)

    def _run(self, each: Run) -> None:
        from alembic import context

        name = each.database.name
        if len(self.databases) > 1:
            log.info("Database %s:", name)
            if self.invocation.labels:
                self.config.print_stdout(f"{name}:")
        if self.multiple:
            context.run_migrations(engine_name=each.database.token)
        else:
            context.run_migrations()

    def _before(self, runs: Sequence[Run]) -> None:
        """Call the plugins before the first statement on the first database."""
        if not self.writes or not self.manager.hook.ellar_db_before_run.get_hookimpls():
            return
        for each in runs:
            # a plugin's query would otherwise leave a transaction open, which Alembic wouldn't commit
            with nullcontext() if each.connection is None else each.connection.begin():
                self.manager.tell(
                    "ellar_db_before_run", database=each.database, connection=each.connection, plan=self._planned(each)
                )

    def _planned(self, each: Run) -> tuple[MigrationInfo, ...]:
        """Return the steps that the command will apply to a database, in order."""
        from alembic import context
        from alembic.runtime.migration import MigrationContext

        if "destination_rev" not in self.command:
            # calling the plan of ensure-version would already create the table
            return ()
        options, _ = self.options.merged(each.database)
        with configuring(each.database):
            planning = MigrationContext.configure(
                each.connection,
                dialect=each.database.sync_engine.dialect,
                opts={**options, **self.command, "script": context.script},
            )
        heads = () if planning.purge else planning.get_current_heads()
        return tuple(step.info for step in self.plan(heads, planning))

    def _after(self, each: Run) -> None:
        """Call the plugins after the run on a database has succeeded."""
        if self.writes:
            self.manager.tell(
                "ellar_db_after_run", database=each.database, connection=each.connection, steps=tuple(each.steps)
            )


def _chosen(config: Config, multiple: bool) -> list[Database]:
    """Return the databases on which a folder runs: all, or the default one if the folder is for one."""
    databases = databases_of(config)
    found = list(databases.values())
    # for a package these are the ones that it names
    if multiple or len(found) == 1 or invocation_of(config).package is not None:
        return found
    if DEFAULT not in databases:
        raise DbError(
            f"the folder is for one database, and of {', '.join(databases)} none is named {DEFAULT!r}; "
            "name one so, or make a folder for several with init --multi"
        )
    log.info("%s databases are configured and this folder is for one: running on 'default' alone.", len(found))
    return [databases[DEFAULT]]


def _command_options() -> Mapping[str, Any]:
    """Return the options that Alembic's command gave to the environment.

    Alembic exposes them only in a configured context, which is too late to begin a two-phase transaction.
    """
    return open_environment().context_opts


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
