"""The project's folder, which a program finds from any folder below it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from ellar_db.project.settings import FILE, TABLE
from ellar_db.project.toml import read_toml
from ellar_db.util.errors import DbError

TABLES = (TABLE, "ellar", "alembic")
"""Tables below `[tool]` that make the folder of a pyproject.toml the project's."""


def project_folder(start: Path) -> Path:
    """Return the project's folder: the first of a folder and its parents that has settings.

    The search ends at the root of a repository, below the home directory, and at the root of the file system. The
    settings of another user are no other folder's, since the modules that it names are run.

    Args:
        start: The folder in which to begin.

    Returns:
        The project's folder, or `start` if there is none.

    Raises:
        DbError: A pyproject.toml can't be read.
    """
    return next((folder for folder in _searched(start) if _has_settings(folder) and _is_safe(folder, start)), start)


def folder_without_settings(start: Path) -> Path | None:
    """Return the nearest parent of a folder that has a pyproject.toml or an alembic.ini, or None."""
    names = ("pyproject.toml", "alembic.ini")
    return next((folder for folder in _searched(start)[1:] if any((folder / name).is_file() for name in names)), None)


def working_directory() -> Path:
    """Return the working directory.

    Raises:
        DbError: It has been removed.
    """
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise DbError("the working directory is gone; change into the project's folder") from None


@contextmanager
def in_project_folder() -> Iterator[Path]:
    """Make the project's folder the working directory while the context lasts.

    Yields:
        The folder in which the program was started.
    """
    start = working_directory()
    folder = project_folder(start)
    if folder == start:
        yield start
        return
    # models are imported from there, as if the program had been started there
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    os.chdir(folder)
    try:
        yield start
    finally:
        os.chdir(start)


def from_folder(start: Path, value: Any) -> Any:
    """Return a path, or several, relative to a folder; anything else unchanged.

    Args:
        start: The folder.
        value: A path as text or as Path, or a list or tuple of these.
    """
    if isinstance(value, Path):
        return start / value
    if isinstance(value, str):
        # a trailing slash is kept
        return os.path.join(start, value)
    if isinstance(value, (list, tuple)):
        return type(value)(from_folder(start, each) for each in value)
    return value


def _searched(start: Path) -> list[Path]:
    found = []
    for folder in (start, *start.parents):
        if folder != start and folder == _home():
            break
        found.append(folder)
        if (folder / ".git").exists():
            break
    return found


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def _has_settings(folder: Path) -> bool:
    if (folder / FILE).is_file() or ((folder / "alembic.ini").is_file() and not (folder / "env.py").is_file()):
        return True
    file = folder / "pyproject.toml"
    if not file.is_file():
        return False
    found = file.stat()
    return _has_table(file, found.st_mtime_ns, found.st_size)


@cache
def _has_table(file: Path, _changed: int, _size: int) -> bool:
    """Return whether a pyproject.toml has a table of ours; it is asked several times a command."""
    tool = read_toml(file).get("tool")
    return isinstance(tool, dict) and any(table in tool for table in TABLES)


def _is_safe(folder: Path, start: Path) -> bool:
    """Return whether a folder's settings may count in another one: not those of a third user."""
    if folder == start or not hasattr(os, "getuid"):
        return True
    trusted = (os.getuid(), 0, start.stat().st_uid)
    files = [file for file in (folder / "pyproject.toml", folder / FILE) if file.is_file()] or [folder]
    file = next((file for file in files if file.stat().st_uid not in trusted), None)
    if file is None:
        return True
    # most commands find their folder without a word
    import logging

    log = logging.getLogger("ellar_db")
    log.warning("%s belongs to another user and isn't used from here; change to its folder to use it", file)
    return False
