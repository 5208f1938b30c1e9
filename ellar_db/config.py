"""The seam: all that Alembic is given, for one command or one block of an application's code."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from ellar_db.alembic_settings import check_settings, ini_problem, setting
from ellar_db.application import application_context
from ellar_db.broken_files import broken_file, raised_in
from ellar_db.databases import Databases, collect_databases
from ellar_db.errors import FULL, DbError, UnavailableError, summary
from ellar_db.limits import LIMITS, limits_of
from ellar_db.options import group_options
from ellar_db.plugins import PluginManager, get_plugin_manager
from ellar_db.secrets import remember_text
from ellar_db.settings import read_toml

if TYPE_CHECKING:
    from alembic.config import Config
    from ellar.app import App

DATABASES = "databases"
"""Where `Config.attributes` has the databases."""

PACKAGE = "ellar_db.package"
"""Where `Config.attributes` has the package whose migrations these are, in place of the application's."""

DIRECTORY = "migrations"


@contextmanager
def alembic_config(
    directory: Path | str | None = None,
    *,
    x_arg: Sequence[str] = (),
    databases: bool = True,
    autogenerate: bool = False,
    labels: bool = False,
    output: Path | str | None = None,
    limits: Mapping[str, Any] | None = None,
    stdout: TextIO | None = None,
    app: App | None = None,
    package: str | None = None,
) -> Iterator[Config]:
    """Give Alembic's configuration for the project's databases, inside the application's context.

    Commands use it, and so may an application's start-up code and its tests, with `alembic.command`.

    Args:
        directory: The migrations folder; by default what the application, a plugin or pyproject.toml says.
        x_arg: What env.py gets as `-x`, each `name=value`.
        databases: Collect the databases. Commands that only read files leave it out.
        autogenerate: A revision is written from the models; where nothing changed, no file is.
        labels: Print the database's name before what belongs to it, where there are several.
        output: Where the SQL of offline mode goes: a file, or a folder (written with a slash at its end).
        limits: Values of `ellar_db.limits.Limits` by name, which beat those of the application and pyproject.toml;
            given, be it empty, where the block writes to the databases.
        stdout: Where Alembic prints, by default the terminal.
        app: The Ellar application, where none is open and the project doesn't name it.
        package: The package whose migrations are meant, in place of the application's (`--package`).

    Yields:
        The configuration; `attributes["databases"]` has the databases by name.

    Raises:
        DbError: Refused, by Alembic or before it.
        UnavailableError: The application can't be started, or a database can't be reached.

    Example:
        from alembic import command

        with alembic_config() as config:
            command.upgrade(config, "head")
    """
    manager = get_plugin_manager()
    manager.require()
    with ExitStack() as stack:
        stack.enter_context(reported())
        stack.enter_context(application_context(manager.settings, app))
        config = _configured(manager, directory) if package is None else _of_package(manager, package)
        # Alembic's own default is the stream that there was when Alembic was imported
        config.stdout = stdout or sys.stdout
        _fill_options(config, x_arg=x_arg, autogenerate=autogenerate)
        if databases:
            config.attributes[DATABASES] = collect_databases(manager)
        config.attributes["ellar_db.labels"] = labels
        config.attributes["ellar_db.output"] = output
        config.attributes[LIMITS] = dict(limits or {})
        manager.tell("ellar_db_configure", config=config)
        if package is not None and databases:
            _narrow(config)
        if limits is not None and not getattr(config.cmd_opts, "sql", False) and not is_ours(config):
            stack.enter_context(_locked(config, manager))
        yield config


def databases_of(config: Config) -> Databases:
    """Give the databases of a configuration; one that bare Alembic made gets them now.

    Raises:
        DbError: There are none.
    """
    found = config.attributes.get(DATABASES)
    if found is None:
        manager = get_plugin_manager()
        with application_context(manager.settings):
            found = config.attributes[DATABASES] = collect_databases(manager)
    if not isinstance(found, Databases):
        found = config.attributes[DATABASES] = Databases(list(found.values()))
    if not found:
        raise DbError(
            "no database is configured: use EllarDBModule.setup(databases=...), ellar-sql's EllarSQLModule, "
            "or [tool.ellar-db.databases] in pyproject.toml"
        )
    return found


def migrations_directory(manager: PluginManager, directory: Path | str | None = None) -> Path | None:
    """Give the folder that the command line, a plugin, the application or pyproject.toml names, or None.

    Args:
        manager: The plugins.
        directory: `-d`, which beats the rest.
    """
    if directory is None:
        for plugin, answer in manager.answers("ellar_db_directory"):
            if not isinstance(answer, (str, Path)) or not str(answer):
                raise plugin.failure("ellar_db_directory", TypeError(f"it gave {answer!r}, which is no path"))
            return Path(answer)
    return None if directory is None else Path(directory)


def program() -> str:
    """Give what was typed to get here, as `ellar db` or `ellar-db`, for messages that say what to do next."""
    ctx = click.get_current_context(silent=True)
    if ctx is None or ctx.parent is None:
        return "ellar db" if get_plugin_manager().settings.ellar else "ellar-db"
    root = ctx.find_root().info_name or ""
    # manage.py, as `ellar new --plain` makes it, gives its program a name that can't be typed
    typed = f"python {Path(sys.argv[0]).name}" if " " in root else root
    return ctx.parent.command_path.replace(root, typed, 1)


def _configured(manager: PluginManager, directory: Path | str | None) -> Config:
    """Choose the ini file, the pyproject.toml and the folder, as Alembic would."""
    from alembic.config import Config

    given = group_options()
    ini, toml = _given_files(given.config_files)
    if given.config_files:
        folder = None if directory is None else Path(directory)
    else:
        folder = migrations_directory(manager, directory)
        if folder is None and not _names_folder(Config(str(ini), str(toml), ini_section=given.name)):
            folder = Path(DIRECTORY)
        if folder is not None and (folder / "alembic.ini").is_file():
            ini = folder / "alembic.ini"
    if ini.is_file():
        # it may have a URL, and errors quote what they stumble over
        remember_text(ini.read_text(encoding="utf-8", errors="replace"))
    config = Config(str(ini) if ini.is_file() else None, str(toml) if toml.is_file() else None, ini_section=given.name)
    if folder is not None:
        if not (folder / "env.py").is_file():
            raise DbError(
                f"there is no migrations folder at {folder}; make one with `{program()} init`, or name another with -d"
            )
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
    elif not _names_folder(config):
        files = " and ".join(map(str, given.config_files)) or str(ini)
        raise DbError(f"no script_location is named in {files}; write it into [{given.name}], or [tool.alembic]")
    check_settings(config)
    return config


def _of_package(manager: PluginManager, name: str) -> Config:
    from ellar_db.package_runs import package_config
    from ellar_db.packages import find_package

    return package_config(find_package(manager, name))


def _narrow(config: Config) -> None:
    """Leave the databases on which a package runs."""
    from ellar_db.package_runs import databases_for

    config.attributes[DATABASES] = databases_for(config.attributes[PACKAGE], config.attributes[DATABASES])


def _given_files(files: Sequence[Path]) -> tuple[Path, Path]:
    environment = Path(os.environ.get("ALEMBIC_CONFIG") or "alembic.ini")
    ini, toml = Path("alembic.ini"), Path("pyproject.toml")
    for file in files or [environment]:
        if files and not file.is_file():
            raise click.BadParameter(f"{file} isn't there", param_hint="'-c' / '--config'")
        if file.name == "pyproject.toml":
            toml = file
        else:
            ini = file
    if len(files) > len({file.name == "pyproject.toml" for file in files}):
        raise click.BadParameter("give one ini file and one pyproject.toml at most", param_hint="'-c' / '--config'")
    if toml.is_file():
        # Alembic would show a traceback where it isn't TOML
        read_toml(toml)
    return ini, toml


def _names_folder(config: Config) -> bool:
    if config.config_file_name and not Path(config.config_file_name).is_file():
        config.config_file_name = None
    return setting(config, "script_location") is not None


def _fill_options(config: Config, *, x_arg: Sequence[str], autogenerate: bool) -> None:
    """Say what env.py files look for in `config.cmd_opts`, as if Alembic's own parser had run."""
    ctx = click.get_current_context(silent=True)
    given = group_options()
    params: dict[str, Any] = dict(ctx.params) if ctx else {}
    params.update(
        x=list(x_arg) or None,
        quiet=given.quiet,
        raiseerr=given.traceback,
        name=given.name,
        config=[str(file) for file in given.config_files] or None,
        autogenerate=autogenerate,
    )
    config.cmd_opts = Namespace(**params)


def is_ours(config: Config) -> bool:
    """Tell whether the folder's env.py calls ellar_db, which then takes the locks itself."""
    from alembic.script import ScriptDirectory

    try:
        # bytes, of which Python itself finds the encoding
        return b"ellar_db.env" in Path(ScriptDirectory.from_config(config).env_py_location).read_bytes()
    except OSError:
        # Alembic says what is the matter with the folder
        return True


@contextmanager
def _locked(config: Config, manager: PluginManager) -> Iterator[None]:
    """Hold the locks of the databases that are known, for an env.py that doesn't know of locks."""
    from ellar_db.locking import locked

    databases = list(config.attributes[DATABASES].values())
    given = config.attributes[LIMITS]
    limits = {database.name: limits_of(database, manager.settings, given) for database in databases}
    # a lock has a thread of its own where the engine is async, so that none is needed here
    with locked(databases, limits, manager):
        yield


@contextmanager
def reported() -> Iterator[None]:
    """Turn what the world outside does wrong into one line: Alembic's refusals, files, databases."""
    from configparser import Error as IniError

    from alembic.script.revision import RevisionError
    from alembic.util import CommandError
    from mako.exceptions import MakoException
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except (CommandError, RevisionError) as error:
        raise DbError(_next_step(_said(error))) from error
    except IniError as error:
        raise DbError(ini_problem(error)) from error
    except DBAPIError as error:
        # what a revision does wrong has been told by the run, so that this is the database itself
        broken = broken_file(error, environment=False)
        raise broken or UnavailableError(f"the database can't be used: {summary(error)}") from error
    except SQLAlchemyError as error:
        raise broken_file(error) or DbError(f"SQLAlchemy refused: {summary(error)}") from error
    except SyntaxError as error:
        raise broken_file(error) or DbError(f"{error.filename} can't be imported: {summary(error)}") from error
    except MakoException as error:
        raise DbError(f"the template script.py.mako can't be rendered: {summary(error)}") from error
    except (PermissionError, FileNotFoundError, NotADirectoryError, IsADirectoryError, UnicodeError) as error:
        raise broken_file(error) or DbError(f"a file can't be read or written: {error}") from error
    except OSError as error:
        if error.errno in FULL:
            raise DbError(f"{error.filename or 'the output'} can't be written: {error.strerror}") from error
        if error.filename is not None:
            raise broken_file(error) or DbError(f"a file can't be read or written: {error}") from error
        broken = broken_file(error, environment=False)
        raise broken or UnavailableError(f"the database can't be reached: {summary(error)}") from error
    except (AssertionError, ImportError) as error:
        broken = broken_file(error)
        if broken is None and not raised_in("alembic", error):
            raise
        # how Alembic says that there is no env.py, and what it does where a revision's name leads nowhere
        missing = str(error) if isinstance(error, ImportError) else "there is no such revision"
        raise broken or DbError(f"{missing}; `{program()} history` lists the revisions") from error
    except (Exception, SystemExit) as error:  # env.py and the revisions are the project's own: they may raise anything
        broken = broken_file(error)
        if broken is None:
            raise
        raise broken from error


def _said(error: Exception) -> str:
    """Give what Alembic says, or, of a revision that isn't one, what the refusal behind it says better."""
    cause = str(error.__cause__ or "")
    return cause if cause.startswith("Multiple revisions") or "at least four characters" in cause else str(error)


def _next_step(message: str) -> str:
    """Add to a refusal of Alembic's what to do next, where it doesn't say."""
    if message.startswith("Target database is not up to date"):
        return f"{message.rstrip('.')}; run `{program()} upgrade` first"
    if message.startswith(("Can't locate revision", "Multiple revisions", "No such revision")):
        return f"{message}; `{program()} history` lists them"
    if message.startswith("Multiple head revisions are present") or message.startswith("Multiple heads"):
        return f"{message.rstrip('.')}; `{program()} heads` lists them, `{program()} merge` joins them"
    if message.startswith("Ambiguous walk"):
        return f"{message}: several revisions come before; name the one to go to, `{program()} history` lists them"
    if message.startswith("Relative revision"):
        return f"{message}; `{program()} history` lists the revisions"
    return message
