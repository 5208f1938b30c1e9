"""The hooks: what a plugin may answer, when it is asked, and what it may return.

A plugin is a module (or an instance) with functions marked by `hookimpl`, named by an entry point in the group
`ellar_db`. A function takes only those of a hook's parameters that it needs. Hooks are asked in this order: the
project's own plugin modules, installed plugins, built-ins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click
    from alembic.config import Config
    from alembic.operations.ops import MigrationScript
    from alembic.runtime.migration import MigrationContext, MigrationInfo
    from sqlalchemy import Connection
    from sqlalchemy.schema import SchemaItem

    from ellar_db.databases.database import Database
    from ellar_db.databases.limits import Limits
    from ellar_db.dialects.base import Dialect
    from ellar_db.hooktypes import Lock, PackageMigrations, RevisionRequest


PROJECT = "ellar_db"
API = "1.1"
"""The version of the hooks, which a plugin may name as `ELLAR_DB_API`.

The second number grows with each hook and each parameter that is added, the first where one goes away.
"""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def ellar_db_register_commands() -> Iterable[click.Command]:
    """Give commands that become `ellar db <name>`.

    Called once, when the group first needs its commands. A command with the name of a built-in one replaces it.
    Keep alembic, sqlalchemy and ellar out of the module's top level: `--help` imports it.

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

    Called for each command but `plugins` when it is shown or run. What was given comes back, in whatever hook, by
    `ellar_db.plugin_option(name)`; the command itself doesn't see it.

    Args:
        command: The command, of which `name` says which.

    Returns:
        click options, or None. One whose spelling is taken is left out, with a warning, and so are all of a plugin that
        fails.

    Example:
        @hookimpl
        def ellar_db_command_options(command):
            if command.name == "upgrade":
                yield click.Option(["--ticket"], help="The change request.")

        @hookimpl
        def ellar_db_after_run(database, steps):
            log.info("%s: %s", plugin_option("ticket"), len(steps))
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def ellar_db_invoke(ctx: click.Context, command: click.Command) -> Any:
    """Wrap each `db` command but `plugins`, which shows what is the matter whatever that is.

    It must be a wrapper, which yields once: there the command runs.

    Called for each command, its arguments parsed (`ctx.params`), before its body runs. Raise a
    `click.ClickException` to refuse.

    Args:
        ctx: The command's own context.
        command: The command.

    Returns:
        What the command returned, which is what the `yield` gave.

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
def ellar_db_databases() -> Iterable[Database]:
    """Supply databases.

    Called when a command needs the databases, inside the application's context where there is an application.
    A name that two plugins supply is an error that names both.

    Returns:
        `Database` objects; none is a fine answer.

    Example:
        @hookimpl
        def ellar_db_databases():
            yield Database("audit", create_engine(os.environ["AUDIT_URL"]), audit_metadata)
    """
    raise NotImplementedError


@hookspec
def ellar_db_migrations() -> Iterable[PackageMigrations]:
    """Bring migrations along, of tables that are the package's own.

    Called by each command that reads or writes revisions. `upgrade` runs them before the application's, each package
    after those that it names; they are recorded in a version table of their own, and `--package NAME` addresses them.

    Returns:
        `PackageMigrations` objects. The folder must be part of what is installed.

    Example:
        @hookimpl
        def ellar_db_migrations():
            from shop_audit.tables import metadata

            yield PackageMigrations("audit", Path(__file__).with_name("versions"), metadata=metadata)
    """
    raise NotImplementedError


@hookspec(firstresult=True)
def ellar_db_directory() -> Path | str | None:
    """Name the migrations folder, where the command line doesn't (`-d`).

    Called by each command. The first answer wins; plugins are asked before EllarDBModule, ellar-sql and
    `[tool.ellar-db]`.

    Returns:
        A path, taken from the working directory where it is relative, or None.

    Example:
        @hookimpl
        def ellar_db_directory():
            return Path(__file__).with_name("migrations")
    """


@hookspec
def ellar_db_templates() -> Iterable[Path]:
    """Give folders of templates for `init -t NAME`.

    Called by `init` and `list-templates`. Each folder holds a folder a template, as Alembic's own do: README (its
    first line is the synopsis), alembic.ini.mako, env.py, script.py.mako.

    Returns:
        Folders that hold templates.

    Example:
        @hookimpl
        def ellar_db_templates():
            yield Path(__file__).with_name("templates")
    """
    raise NotImplementedError


@hookspec
def ellar_db_configure(config: Config) -> None:
    """Change Alembic's `Config` before a command uses it.

    Called by each command that reads the migrations folder, after ellar_db has filled the configuration in.

    Args:
        config: Alembic's configuration. Percent signs of a value that you set must be doubled.

    Example:
        @hookimpl
        def ellar_db_configure(config):
            config.set_main_option("timezone", "UTC")
    """


@hookspec
def ellar_db_context_options(database: Database) -> Mapping[str, Any] | None:
    """Add keyword arguments of Alembic's `context.configure`.

    Called for each database of a run. They go over the defaults and over what the application set; where two
    plugins set one key, the one asked first wins. `include_object`, `include_name`, `render_item`,
    `process_revision_directives` and `on_version_apply` are added to the others', they replace nothing. Names that
    Alembic doesn't know are kept, for what else reads its context; of one that looks like an option there is a warning.

    Args:
        database: The database of which the run is.

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
    """Say whether autogenerate looks at an object. One False leaves it out.

    Called for each table, column, index and constraint that `migrate` and `check` compare.

    Args:
        database: The database compared.
        object: The SQLAlchemy object.
        name: Its name.
        type_: "schema", "table", "column", "index", "unique_constraint", "foreign_key_constraint" ...
        reflected: Whether it was read from the database.
        compare_to: What it is compared with, if anything.

    Returns:
        False to leave it out, else True or None.

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
    """Say whether autogenerate reads a name of the database at all. One False leaves it out.

    Called before the object is read, so that leaving a schema out costs nothing.

    Args:
        database: The database compared.
        name: The name; None for the default schema.
        type_: "schema", "table", "column", "index", "unique_constraint" or "foreign_key_constraint".
        parent_names: `schema_name`, `table_name`, `schema_qualified_table_name`, where they apply.

    Returns:
        False to leave it out, else True or None.

    Example:
        @hookimpl
        def ellar_db_include_name(name, type_):
            return not (type_ == "table" and name == "spatial_ref_sys")
    """
    raise NotImplementedError


@hookspec
def ellar_db_process_revision_directives(
    context: MigrationContext, revision: tuple[str, ...], directives: list[MigrationScript]
) -> None:
    """Change what is about to be written to a revision file.

    Called once a database when a revision is generated through the environment, after the comparison, and after
    the application's own `process_revision_directives`.

    Args:
        context: Alembic's migration context.
        revision: The current heads of the database.
        directives: Alembic's `MigrationScript` objects, to be changed in place.

    Example:
        @hookimpl
        def ellar_db_process_revision_directives(directives):
            for script in directives:
                script.imports.add("import geoalchemy2")
    """


@hookspec(firstresult=True)
def ellar_db_revision_id(request: RevisionRequest) -> str | None:
    """Name a new revision.

    Called by `revision`, `migrate` and `merge`, and by bare Alembic's autogenerate. `--rev-id` beats it.

    Args:
        request: What is known of the revision.

    Returns:
        Letters, digits, dots and underscores, or None. The first answer wins; without one Alembic makes an id.

    Example:
        @hookimpl
        def ellar_db_revision_id(request):
            return request.create_date.strftime("%Y%m%d%H%M%S")
    """


@hookspec(firstresult=True)
def ellar_db_revision_filename(request: RevisionRequest, rev_id: str) -> str | None:
    """Name the file of a new revision.

    Called once the revision has its id.

    Args:
        request: What is known of the revision.
        rev_id: Its id.

    Returns:
        A file name without `.py`, relative to the versions folder, or None. The first answer wins; without one
        Alembic's `file_template` says. A folder in it needs `recursive_version_locations = true`.

    Example:
        @hookimpl
        def ellar_db_revision_filename(request, rev_id):
            return f"{rev_id}-{request.slug}"
    """


@hookspec
def ellar_db_dialects() -> Iterable[Dialect]:
    """Bring kinds of databases.

    Called when a command first meets a database. A kind of a plugin beats a built-in one of the same name; a name that
    two plugins bring is an error that names both.

    Returns:
        Instances of subclasses of `ellar_db.dialects.base.Dialect`, which override what is different from a database of
        which nothing is known: how it is locked, whether schema changes can be rolled back, how time-outs are set ...

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


@hookspec(firstresult=True)
def ellar_db_lock(database: Database, limits: Limits) -> Lock | None:
    """Give the lock that lets one run at a time write to a database.

    Called before each run that writes (upgrade, downgrade, stamp, ensure-version, repair), before anything is read.
    Without an answer, the lock is that of the database's kind: PostgreSQL, MySQL, MariaDB and SQLite have one, and so
    may those of `ellar_db_dialects`.

    Args:
        database: The database.
        limits: `connect_wait` says how long to wait for a server that starts. The wait for the lock is not yours to
            do: `acquire` is called again until it succeeds or time is up.

    Returns:
        An object with `acquire() -> bool`, `release()` and `holder() -> str`, or None. The first answer wins; where the
        database's kind has no lock either, there is a warning and no lock.

    Example:
        @hookimpl
        def ellar_db_lock(database):
            if database.sync_engine.dialect.name == "oracle":
                return DbmsLock(database)
    """
    raise NotImplementedError


@hookspec
def ellar_db_before_run(database: Database, connection: Connection | None, plan: Sequence[MigrationInfo]) -> None:
    """Look, or act, before a run that writes: upgrade, downgrade, stamp, ensure-version, repair.

    Called once a database, connected, before the first statement. Raise a `click.ClickException` to refuse:
    nothing has been done then.

    Args:
        database: The database.
        connection: The migration's own connection, or None with `--sql`.
        plan: What will be applied, in order, as Alembic's `MigrationInfo`; empty where there is nothing to do, and
            for ensure-version.

    Example:
        @hookimpl
        def ellar_db_before_run(database, connection, plan):
            if plan and connection is not None and is_replica(connection):
                raise click.ClickException(f"{database.name} is a replica")
    """


@hookspec
def ellar_db_after_run(database: Database, connection: Connection | None, steps: Sequence[MigrationInfo]) -> None:
    """Look, or act, after a run that wrote and before it is committed.

    Called once a database where the run succeeded.

    Args:
        database: The database.
        connection: The migration's own connection, or None with `--sql`.
        steps: What was applied, in order, as Alembic's `MigrationInfo`; empty where there was nothing to do.

    Example:
        @hookimpl
        def ellar_db_after_run(database, steps):
            for step in steps:
                log.info("%s: %s", database.name, step.up_revision_id)
    """


@hookspec
def ellar_db_step_applied(database: Database, step: MigrationInfo) -> None:
    """Look at each revision as it is applied (Alembic's `on_version_apply`).

    Called after the revision's statements and its entry in the version table.

    Args:
        database: The database.
        step: What was applied: `is_upgrade`, `is_stamp`, `up_revision_ids`, `down_revision_ids` ...

    Example:
        @hookimpl
        def ellar_db_step_applied(database, step):
            statsd.increment(f"migrations.{database.name}")
    """
