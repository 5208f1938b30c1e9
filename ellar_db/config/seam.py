"""The seam to Alembic: its configuration for one command, or one block of an application's code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ellar_db.config.collection import collect_databases, find_package
from ellar_db.config.command_options import command_options
from ellar_db.config.folder import configured
from ellar_db.config.invocation import DATABASES, KEY, Answers, Each, Invocation, Ran
from ellar_db.config.packages import databases_for, home_of, package_config
from ellar_db.config.reports.broken_files import without_ini
from ellar_db.config.reports.refusals import reported
from ellar_db.config.revision_files import checked_revisions
from ellar_db.databases.connections import close_idle
from ellar_db.databases.database import Database, Databases
from ellar_db.databases.limits import refuse_unknown
from ellar_db.databases.selection import selected
from ellar_db.options import Selection
from ellar_db.plugins.manager import PluginManager, get_plugin_manager
from ellar_db.project.application import application_context
from ellar_db.project.importing import path_kept
from ellar_db.util.errors import DbError
from ellar_db.util.masking import PrintableStream

if TYPE_CHECKING:
    from alembic.config import Config
    from ellar.app import App


@contextmanager
def alembic_config(
    directory: Path | str | None = None,
    *,
    x_arg: Sequence[str] = (),
    databases: bool | Databases | Iterable[Database] = True,
    autogenerate: bool = False,
    labels: bool = False,
    output: Path | str | None = None,
    limits: Mapping[str, float | bool | None] | None = None,
    stdout: TextIO | None = None,
    app: App | None = None,
    package: str | None = None,
    decides: bool = False,
    answers: Answers | None = None,
    chosen: Selection | None = None,
    each: Each | None = None,
    ran: Callable[[Ran], object] | None = None,
    rehearses: bool = False,
) -> Iterator[Config]:
    """Yield Alembic's configuration for the project's databases, inside the application's context.

    Used by commands, and with `alembic.command` by an application's start-up code and tests.

    Args:
        directory: The migrations folder; by default the one that the application, a plugin or pyproject.toml names.
        x_arg: Values of `-x` for env.py, each `name=value`.
        databases: Collect the databases; False for commands that only read files. Or the databases themselves, in
            place of those that the project has.
        autogenerate: A revision is generated from the models; if nothing changed, no file is written.
        labels: Print each database's name before its output, if there are several.
        output: Where the SQL of offline mode goes: a file, or a folder (with a trailing slash).
        limits: Values of `Limits` by name, which override those of the application and pyproject.toml.
        stdout: Where Alembic prints, by default standard output.
        app: The Ellar application, if none is open and the project doesn't name one.
        package: The package to use instead of the application's own migrations (`--package`).
        decides: The block writes files, or its result decides about something, as that of `check` does: refuse to
            begin without a plugin that may restrain it. `limits` and `autogenerate` imply it.
        answers: What is renamed, and values for columns that become NOT NULL; by default neither asked nor hinted at.
        chosen: The databases that the block is for (`--database`, `--group`); by default all.
        each: Runs what a folder does on each database of a group, by default one after the other.
        ran: Called with what was done on each database, once a run has succeeded.
        rehearses: Roll back what the command does on the databases (`--dry-run`).

    Yields:
        The configuration; `attributes["databases"]` has the databases by name.

    Raises:
        DbError: Alembic or ellar_db refused to continue.
        UnavailableError: The application can't be started, or a database can't be reached.

    Example:
        from alembic import command

        with alembic_config() as config:
            command.upgrade(config, "head")
    """
    manager = get_plugin_manager()
    refuse_unknown(limits or {}, "limits")
    manager.require(strict=decides or autogenerate or limits is not None)
    if databases is not False:
        manager.remind()
    with ExitStack() as stack:
        stack.enter_context(path_kept())
        stack.enter_context(reported())
        stack.enter_context(checked_revisions())
        is_made = stack.enter_context(application_context(manager.settings, app))
        brought = None if package is None else find_package(manager, package)
        home = None if brought is None else _home(manager, directory)
        config = configured(manager, directory) if brought is None else package_config(brought)
        stack.enter_context(without_ini(config))
        # Alembic's own default is the sys.stdout of the time when Alembic was imported
        config.stdout = PrintableStream(stdout or sys.stdout)  # type: ignore[assignment]  # a TextIO in all but its class
        config.cmd_opts = command_options(x_arg=x_arg, autogenerate=autogenerate)
        if databases is not False:
            found = collect_databases(manager, chosen.names if chosen else (), _given(databases))
            if is_made and _given(databases) is None:
                stack.callback(_close, found.values())
            config.attributes[DATABASES] = Databases(selected(chosen, found.values())) if chosen else found
        config.attributes[KEY] = Invocation(
            manager,
            brought,
            labels,
            output,
            dict(limits or {}),
            answers=answers,
            chosen=chosen,
            each=each,
            ran=ran,
            rehearses=rehearses,
            home=home,
        )
        manager.tell("ellar_db_configure", config=config)
        if brought is not None and databases is not False:
            config.attributes[DATABASES] = databases_for(brought, config.attributes[DATABASES], chosen)
        yield config


def _close(databases: Iterable[Database]) -> None:
    """Close what the engines of an application keep open, which nobody uses any more."""
    for database in databases:
        for each in database.made:
            close_idle(each)


def _home(manager: PluginManager, directory: Path | str | None) -> Path:
    """Return where the runs of a package are recorded."""
    # without a folder of the application's, a package runs all the same
    with suppress(DbError):
        return home_of(configured(manager, directory))
    return Path()


def _given(databases: bool | Databases | Iterable[Database]) -> Iterable[Database] | None:
    if isinstance(databases, bool):
        return None
    return databases.values() if isinstance(databases, Databases) else databases
