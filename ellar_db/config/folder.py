"""The migrations folder of a command."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ellar_db.config.checks import check_settings, setting
from ellar_db.config.command_line import program
from ellar_db.options import group_options
from ellar_db.plugins.manager import PluginManager
from ellar_db.project.toml import read_toml
from ellar_db.util.errors import DbError
from ellar_db.util.masking import remember_text

if TYPE_CHECKING:
    from alembic.config import Config


DIRECTORY = "migrations"


def migrations_directory(manager: PluginManager, directory: Path | str | None = None) -> Path | None:
    """Return the folder that the command line, a variable, a plugin, the application or a file names, or None.

    Args:
        manager: The plugins.
        directory: `-d`, which takes precedence.
    """
    if directory is not None:
        return Path(directory)
    if "directory" in manager.settings.given:
        return Path(str(manager.settings.text("directory")))
    found = manager.first("ellar_db_directory")
    if found is None:
        return None
    plugin, answer = found
    if not isinstance(answer, (str, Path)) or not str(answer):
        raise plugin.failure("ellar_db_directory", TypeError(f"it gave {answer!r}, which is no path"))
    return Path(answer)


def configured(manager: PluginManager, directory: Path | str | None) -> Config:
    """Choose the ini file, the pyproject.toml and the folder, as Alembic would."""
    from alembic.config import Config

    given = group_options()
    ini, toml = given_files(given.config_files)
    if given.config_files:
        folder = None if directory is None else Path(directory)
    else:
        folder = migrations_directory(manager, directory)
        if folder is None and not _names_folder(Config(str(ini), str(toml), ini_section=given.name)):
            folder = Path(DIRECTORY)
        if folder is not None and (folder / "alembic.ini").is_file():
            ini = folder / "alembic.ini"
    if ini.is_file():
        # it may contain a URL with a password, which errors that quote the file must mask
        remember_text(ini.read_text(encoding="utf-8", errors="replace"))
    config = Config(str(ini) if ini.is_file() else None, str(toml) if toml.is_file() else None, ini_section=given.name)
    if folder is not None:
        if not (folder / "env.py").is_file():
            raise DbError(_missing(folder))
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
    elif not _names_folder(config):
        files = " and ".join(map(str, given.config_files)) or str(ini)
        raise DbError(f"no script_location is named in {files}; write it into [{given.name}], or [tool.alembic]")
    check_settings(config)
    return config


def _missing(folder: Path) -> str:
    """Return what is missing where a migrations folder should be, and what to do."""
    if folder.exists() and not folder.is_dir():
        return f"there is no migrations folder at {folder}, which is a file; name another with -d"
    if not folder.is_dir() or not any(folder.iterdir()):
        return f"there is no migrations folder at {folder}; make one with `{program()} init`, or name another with -d"
    if (folder / "versions").is_dir() or (folder / "script.py.mako").is_file():
        return (
            f"{folder} has no env.py; get it back from version control, or write one with the two lines "
            "`from ellar_db.env import run` and `run()`"
        )
    return f"{folder} is no migrations folder, since it has no env.py; name another with -d"


def given_files(files: Sequence[Path]) -> tuple[Path, Path]:
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
        # Alembic would show a traceback if it isn't TOML
        read_toml(toml)
    return ini, toml


def _names_folder(config: Config) -> bool:
    if config.config_file_name and not Path(config.config_file_name).is_file():
        config.config_file_name = None
    return setting(config, "script_location") is not None
