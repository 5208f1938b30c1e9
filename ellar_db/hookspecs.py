"""The hooks: what a plugin may implement, when it is called, and what it may return.

A plugin is a module (or an instance) with functions marked with `hookimpl`, named by an entry point in the group
`ellar_db`. A function takes only those of a hook's parameters that it needs. Plugins are called in this order: the
project's own plugin modules, installed plugins, built-ins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pluggy

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import click
    from alembic.config import Config
    from alembic.operations.ops import MigrationScript
    from alembic.runtime.migration import MigrationContext, MigrationInfo
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection
    from sqlalchemy.schema import SchemaItem

    from ellar_db.databases.database import Database
    from ellar_db.databases.limits import Limits
    from ellar_db.dialects.base import Dialect
    from ellar_db.hooktypes import Lock, PackageMigrations, RevisionRequest, Rule, Run


PROJECT = "ellar_db"
API = "1.5"
"""The version of the hooks, which a plugin may name as `ELLAR_DB_API`.

The second number increases when a hook or a parameter is added, the first when one is removed.
"""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def ellar_db_register_commands() -> Iterable[click.Command]:
    """Return commands that become `ellar db <name>`.

    Called once, when the group first needs its commands. A command with the name of a built-in one replaces it.
    Don't import alembic, sqlalchemy or ellar at the module's top level: `--help` imports the module.

    Returns:
        click commands, as a list or from a generator.

    Example:
        @click.command(short_help="Say which databases there are.")
        def databases() -> None:
            with alembic_config() as config:
                click.echo(", ".join(config.attributes["databases"]))

        @hookimpl
        def ellar_db_register_commands():
            yield databases
    """
    raise NotImplementedError


@hookspec
def ellar_db_command_options(command: click.Command) -> Iterable[click.Option] | None:
    """Add options to a command without replacing it.

    Called for each command except `plugins` when it is shown or run. Any hook gets an option's value with
    `ellar_db.plugin_option(name)`; the command itself doesn't receive it.

    Args:
        command: The command, identified by its `name`.

    Returns:
        click options, or None. An option whose spelling is taken is left out with a warning, as are all options of a
        plugin that fails.

    Example:
        @hookimpl
        def ellar_db_command_options(command):
            if command.name == "upgrade":
                yield click.Option(["--ticket"], help="The change request.")

        @hookimpl
        def ellar_db_committed(run):
            log.info("%s: %s", plugin_option("ticket"), len(run.steps))
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def ellar_db_invoke(ctx: click.Context, command: click.Command) -> object:
    """Wrap every command except `plugins` (must be a wrapper).

    The wrapper yields once; the command runs at the `yield`. `plugins` is excluded so that diagnostics work when a
    plugin is broken.

    Called for each command after its arguments are parsed (`ctx.params`) and before its body runs. Raise a
    `click.ClickException` to refuse the command.

    Args:
        ctx: The command's own context.
        command: The command.

    Returns:
        What the command returned, which is the value of the `yield`.

    Example:
        @hookimpl(wrapper=True)
        def ellar_db_invoke(ctx, command):
            started = time.perf_counter()
            result = yield
            click.echo(f"{command.name}: {time.perf_counter() - started:.1f} s", err=True)
            return result
    """
    raise NotImplementedError


@hookspec
def ellar_db_databases(wanted: Sequence[str]) -> Iterable[Database]:
    """Supply databases.

    Called when a command needs the databases, inside the application's context if there is an application.
    A name that two plugins supply is an error that names both plugins. Thousands may be supplied, from a generator: one
    that is given a URL costs next to nothing until it is used.

    Args:
        wanted: The names that the command asks for, or patterns of them with `*` and `?` (`--database`); empty for all.
            Others may be supplied too, and are left out.

    Returns:
        `Database` objects, or an empty list.

    Example:
        @hookimpl
        def ellar_db_databases():
            yield Database("audit", os.environ["AUDIT_URL"], audit_metadata)
            for tenant in tenants():
                yield Database(tenant.name, SERVER, metadata, schema=tenant.name, group="tenants")
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def ellar_db_provision(database: Database) -> bool | None:
    """Make a database that isn't there yet, empty, so that its migrations can run.

    Called by `create` and `upgrade --create` for each database that isn't there: a schema, a database of a server, or a
    file. Built in is the making of schemas, of databases of PostgreSQL, MySQL and MariaDB, and of SQLite's files with
    their folders.

    Args:
        database: The database.

    Returns:
        True if it is there now, or None to leave it to others. The first answer wins.

    Example:
        @hookimpl
        def ellar_db_provision(database):
            if database.group == "tenants":
                create_role_and_schema(database.schema)
                return True
    """


@hookspec
def ellar_db_status(database: Database, connection: Connection, script: ScriptDirectory) -> Mapping[str, object] | None:
    """Say something of a database in `status`: columns of its table, and of its document.

    Called for each database that can be reached, with the application's history and with each package's. It is only to
    read: rows that it changes are rolled back.

    Args:
        database: The database; its `package` is that of the history, and empty for the application's own.
        connection: A connection to it.
        script: The history.

    Returns:
        Values by the title of their column, shown as text, or None.

    Example:
        @hookimpl
        def ellar_db_status(database, connection):
            return {"size": connection.scalar(text("SELECT pg_size_pretty(pg_database_size(current_database()))"))}
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def ellar_db_executor(jobs: int) -> Executor | None:
    """Return what runs the work on many databases at once.

    Called by a command with `--jobs` from 2 on. What is submitted is a function of ellar_db's with texts and numbers as
    arguments, which can be pickled. Each process must be able to import ellar_db and the project, find the project's
    folder at the same path, and run one of them at a time.

    Args:
        jobs: How many are to run at the same time.

    Returns:
        A `concurrent.futures.Executor`, which is shut down in the end, or None. The first answer wins; without one,
        processes of this machine run it.

    Example:
        @hookimpl
        def ellar_db_executor():
            return distributed.Client(os.environ["SCHEDULER"]).get_executor()
    """


@hookspec
def ellar_db_migrations() -> Iterable[PackageMigrations]:
    """Provide migrations for the package's own tables.

    Called by each command that reads or writes revisions. `upgrade` runs them before the application's, each package
    after those that it names; they are recorded in a version table of their own, and `--package NAME` selects them.

    Returns:
        `PackageMigrations` objects. The folder must be part of the installed package.

    Example:
        @hookimpl
        def ellar_db_migrations():
            from shop_audit.tables import metadata

            yield PackageMigrations("audit", Path(__file__).with_name("versions"), metadata=metadata)
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def ellar_db_directory() -> Path | str | None:
    """Return the migrations folder, used if the command line doesn't name one (`-d`).

    Called by each command. The first answer wins; plugins are called before EllarDBModule, ellar-sql and
    `[tool.ellar-db]`.

    Returns:
        A path, or None. A relative path is resolved against the working directory.

    Example:
        @hookimpl
        def ellar_db_directory():
            return Path(__file__).with_name("migrations")
    """


@hookspec
def ellar_db_templates() -> Iterable[Path]:
    """Return folders of templates for `init -t NAME`.

    Called by `init` and `list-templates`. Each folder contains one folder per template, as Alembic's own do: README
    (its first line is the synopsis), alembic.ini.mako, env.py, script.py.mako.

    Returns:
        Folders that contain templates.

    Example:
        @hookimpl
        def ellar_db_templates():
            yield Path(__file__).with_name("templates")
    """
    raise NotImplementedError


@hookspec
def ellar_db_configure(config: Config) -> None:
    """Change Alembic's `Config` before a command uses it.

    Called by each command that reads the migrations folder, after ellar_db has filled in the configuration.

    Args:
        config: Alembic's configuration. Percent signs in a value that you set must be doubled.

    Example:
        @hookimpl
        def ellar_db_configure(config):
            config.set_main_option("timezone", "UTC")
    """


@hookspec
def ellar_db_context_options(database: Database) -> Mapping[str, object] | None:
    """Add keyword arguments of Alembic's `context.configure`.

    Called for each database of a run. They override the defaults and the application's; if two plugins set the same
    key, the one called first wins. `include_object`, `include_name`, `render_item`, `process_revision_directives` and
    `on_version_apply` are callbacks that are chained instead of overridden. Names that Alembic doesn't know are kept
    for other code that reads its context; one that looks like a misspelt option causes a warning.

    Args:
        database: The database of the run.

    Returns:
        The keyword arguments, or None.

    Example:
        @hookimpl
        def ellar_db_context_options(database):
            if database.name == "reports":
                return {"version_table_schema": "reports", "include_schemas": True}
    """
    raise NotImplementedError


@hookspec
def ellar_db_include_object(
    database: Database,
    object: SchemaItem,
    name: str | None,
    type_: str,
    reflected: bool,
    compare_to: SchemaItem | None,
) -> bool | None:
    """Return whether autogenerate compares an object. One False excludes it.

    Called for each table, column, index and constraint that `migrate` and `check` compare.

    Args:
        database: The database compared.
        object: The SQLAlchemy object.
        name: Its name.
        type_: "schema", "table", "column", "index", "unique_constraint", "foreign_key_constraint" ...
        reflected: Whether it was read from the database.
        compare_to: The object that it is compared with, if there is one.

    Returns:
        False to exclude it, else True or None.

    Example:
        @hookimpl
        def ellar_db_include_object(object, type_, reflected):
            return not (type_ == "table" and reflected and object.name.startswith("celery_"))
    """
    raise NotImplementedError


@hookspec
def ellar_db_include_name(
    database: Database, name: str | None, type_: str, parent_names: Mapping[str, str | None]
) -> bool | None:
    """Return whether autogenerate reads a named object of the database at all. One False excludes it.

    Called before the object is read, so that excluding a schema costs nothing.

    Args:
        database: The database compared.
        name: The name; None for the default schema.
        type_: "schema", "table", "column", "index", "unique_constraint" or "foreign_key_constraint".
        parent_names: `schema_name`, `table_name`, `schema_qualified_table_name`, if they apply.

    Returns:
        False to exclude it, else True or None.

    Example:
        @hookimpl
        def ellar_db_include_name(name, type_):
            return not (type_ == "table" and name == "spatial_ref_sys")
    """
    raise NotImplementedError


@hookspec
def ellar_db_process_revision_directives(
    context: MigrationContext,
    revision: tuple[str, ...],
    directives: list[MigrationScript],
    database: Database,
    purpose: Literal["check", "write"],
) -> None:
    """Change what is about to be written to a revision file.

    Called once per database when a revision is generated through the environment, after the comparison, and after
    the application's own `process_revision_directives`.

    Args:
        context: Alembic's migration context.
        revision: The current heads of the database.
        directives: Alembic's `MigrationScript` objects, to be changed in place.
        database: The database that was compared.
        purpose: "check" if the answer is only shown, "write" if a revision is written.

    Example:
        @hookimpl
        def ellar_db_process_revision_directives(directives):
            for script in directives:
                script.imports.add("import geoalchemy2")
    """


@hookspec(firstresult=True)
def ellar_db_revision_id(request: RevisionRequest) -> str | None:
    """Return the id of a new revision.

    Called by `revision`, `migrate` and `merge`, and by bare Alembic's autogenerate. `--rev-id` overrides it.

    Args:
        request: The revision that is about to be written.

    Returns:
        Letters, digits, dots and underscores, or None. The first answer wins; without one Alembic generates an id.

    Example:
        @hookimpl
        def ellar_db_revision_id(request):
            return request.create_date.strftime("%Y%m%d%H%M%S")
    """


@hookspec(firstresult=True)
def ellar_db_revision_filename(request: RevisionRequest, rev_id: str) -> str | None:
    """Return the file name of a new revision.

    Called after the id of the revision is known.

    Args:
        request: The revision that is about to be written.
        rev_id: Its id.

    Returns:
        A file name without `.py`, relative to the versions folder, or None. The first answer wins; without one
        Alembic's `file_template` is used. A folder in the name requires `recursive_version_locations = true`.

    Example:
        @hookimpl
        def ellar_db_revision_filename(request, rev_id):
            return f"{rev_id}-{request.slug}"
    """


@hookspec
def ellar_db_dialects() -> Iterable[Dialect]:
    """Add kinds of databases.

    Called when a command first uses a database. A plugin's kind overrides a built-in one of the same name; a name that
    two plugins add is an error that names both plugins.

    Returns:
        Instances of subclasses of `ellar_db.dialects.base.Dialect`, which override what differs from an unknown kind:
        how it is locked, whether schema changes can be rolled back, how time-outs are set ...

    Example:
        from ellar_db.dialects.base import Dialect

        class Oracle(Dialect):
            names = ("oracle",)

            def lock(self, database, limits):
                return DbmsLock(database)

        @hookimpl
        def ellar_db_dialects():
            yield Oracle()
    """
    raise NotImplementedError


@hookspec
def ellar_db_lint_rules() -> Iterable[Rule]:
    """Add rules about revisions.

    Called when `migrate`, `revision --autogenerate`, `plan` or `lint` first applies rules. The project may ignore them,
    and give them other severities, as it may with those that are built in.

    Returns:
        Rules, each with a code of its own: capitals and a number, such as ACME1. A code that another rule has is an
        error that names both plugins.

    Example:
        from ellar_db import Problem, Rule

        def check(statement, operations):
            for change in statement.changes:
                if change.kind == "create table" and not change.table[1].startswith("acme_"):
                    yield Problem(change.table[1], None, "has no prefix", "call it acme_...")

        @hookimpl
        def ellar_db_lint_rules():
            yield Rule("ACME1", "No prefix", "Others use it too.", "Begin with acme_.", check, about="statement")
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def ellar_db_lock(database: Database, limits: Limits) -> Lock | None:
    """Return the lock that lets only one run at a time write to a database.

    Called before each run that writes (upgrade, downgrade, stamp, ensure-version, repair), and by drop, before
    anything is read.
    Without an answer, the lock of the database's kind is used: PostgreSQL, MySQL, MariaDB and SQLite have one, and
    kinds from `ellar_db_dialects` may have one.

    Args:
        database: The database.
        limits: `connect_wait` is how long to wait for a server that is starting. Don't wait for the lock: `acquire` is
            called again until it succeeds or the wait times out.

    Returns:
        An object with `acquire() -> bool`, `release()` and `holder() -> str`, or None. The first answer wins; if the
        database's kind has no lock either, there is a warning and no lock.

    Example:
        @hookimpl
        def ellar_db_lock(database):
            if database.sync_engine.dialect.name == "oracle":
                return DbmsLock(database)
    """
    raise NotImplementedError


@hookspec
def ellar_db_revision_written(path: Path, request: RevisionRequest) -> None:
    """Act on a revision file after it was written.

    Called by `revision`, `migrate` and `merge`, after Alembic's post-write hooks, once the file is at its final path.

    Args:
        path: The file.
        request: What was asked for.

    Example:
        @hookimpl
        def ellar_db_revision_written(path):
            subprocess.run(["git", "add", "--", path], check=True)
    """


@hookspec
def ellar_db_before_run(
    run: Run, database: Database, connection: Connection | None, plan: Sequence[MigrationInfo]
) -> None:
    """Refuse a run that writes, before it begins: upgrade, downgrade, stamp, ensure-version, repair, drop.

    Called once per database, connected, before the first statement on any of them. Raise a `click.ClickException` to
    refuse the run; nothing has been done then. (An `env.py` that isn't ellar_db's connects to one database after the
    other; there it is called before the first statement on each.) What should happen around a run belongs in
    `ellar_db_run`.

    Args:
        run: The run.
        database: The database, as `run.database`.
        connection: The migration's own connection, or None with `--sql`.
        plan: What will be applied, in order, as Alembic's `MigrationInfo`; empty if there is nothing to do, and for
            ensure-version and drop.

    Example:
        @hookimpl
        def ellar_db_before_run(database, connection, plan):
            if plan and connection is not None and is_replica(connection):
                raise click.ClickException(f"{database.name} is a replica")
    """


@hookspec(firstresult=True)
def ellar_db_run(run: Run) -> object:
    """Wrap the run of a command that writes on one database (must be a wrapper).

    The wrapper yields once; all steps are applied at the `yield`, and not yet committed after it. An error of a step is
    raised at the `yield`, and can't be hidden. An answer is refused; to refuse the run, raise a click.ClickException.
    Called alike under `ellar db`, `ellar-db`, bare Alembic on a folder of ellar_db's, and `alembic_config()`; for
    scratch databases and with `--sql` too (see `run.purpose`).

    Args:
        run: The run.

    Example:
        @hookimpl(wrapper=True)
        def ellar_db_run(run):
            started = time.monotonic()
            try:
                return (yield)
            finally:
                log.info("%s took %.1f s", run.database.name, time.monotonic() - started)
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def ellar_db_step(run: Run, step: MigrationInfo) -> object:
    """Wrap each step of a run (must be a wrapper).

    The wrapper yields once; the revision's `upgrade()` or `downgrade()` runs at the `yield`. Its entry in the version
    table follows after the wrapper, in the same transaction. An answer is refused, as of `ellar_db_run`.

    Args:
        run: The run.
        step: The step: `is_upgrade`, `is_stamp`, `up_revision_ids`, `down_revision_ids` ...

    Example:
        @hookimpl(wrapper=True)
        def ellar_db_step(run, step):
            with statsd.timer(f"migrations.{step.up_revision_id}"):
                return (yield)
    """
    raise NotImplementedError


@hookspec
def ellar_db_committed(run: Run) -> None:
    """Act after a run was committed.

    Called once per database after everything that the command did is committed, while the locks are still held. Not
    called for scratch databases, nor with `--sql`: what it does outside of the database is never done for a rehearsal.
    An error is shown, and can't undo the run.

    Args:
        run: The run; `run.steps` is what was applied.

    Example:
        @hookimpl
        def ellar_db_committed(run):
            for step in run.steps:
                notify(f"{run.database.name} is at {step.up_revision_id}")
    """


@hookspec
def ellar_db_failed(run: Run, error: BaseException) -> None:
    """Act after a run failed.

    Called once per database that had begun, after the rollback. Not called for scratch databases, nor with `--sql`.

    Args:
        run: The run; `run.steps` is what stays, on databases that can't roll back all of it.
        error: The error that ends the command.

    Example:
        @hookimpl
        def ellar_db_failed(run, error):
            notify(f"{run.command} of {run.database.name} failed: {error}")
    """


@hookspec(warn_on_impl=DeprecationWarning("ellar_db_after_run: use ellar_db_run, or ellar_db_committed"))
def ellar_db_after_run(database: Database, connection: Connection | None, steps: Sequence[MigrationInfo]) -> None:
    """Check or act after a run that writes, before it is committed (deprecated: use `ellar_db_run`).

    Called once per database on which the run succeeded. What should only happen once the run is committed belongs in
    `ellar_db_committed`.

    Args:
        database: The database.
        connection: The migration's own connection, or None with `--sql`.
        steps: What was applied, in order, as Alembic's `MigrationInfo`; empty if there was nothing to do.

    Example:
        @hookimpl
        def ellar_db_after_run(database, steps):
            for step in steps:
                log.info("%s: %s", database.name, step.up_revision_id)
    """


@hookspec(warn_on_impl=DeprecationWarning("ellar_db_step_applied: use ellar_db_step"))
def ellar_db_step_applied(database: Database, step: MigrationInfo) -> None:
    """Observe each revision as it is applied (deprecated: use `ellar_db_step`).

    Called after the revision's statements and its entry in the version table.

    Args:
        database: The database.
        step: What was applied: `is_upgrade`, `is_stamp`, `up_revision_ids`, `down_revision_ids` ...

    Example:
        @hookimpl
        def ellar_db_step_applied(database, step):
            statsd.increment(f"migrations.{database.name}")
    """
