"""Offline mode: the SQL of a run, in one stream or in a file for each database."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ellar_db.config.collection import databases_of
from ellar_db.config.invocation import invocation_of
from ellar_db.dialects.sqlite import owner_of
from ellar_db.plugins.dialects import dialect_of
from ellar_db.util.errors import DbError
from ellar_db.util.files import write_through

if TYPE_CHECKING:
    from alembic.config import Config

    from ellar_db.databases.database import Database
    from ellar_db.plugins.manager import PluginManager


def script_of(config: Config, databases: int) -> Script:
    """Return the `Script` that collects a run's SQL.

    Args:
        config: Alembic's configuration.
        databases: The number of databases in the run.
    """
    invocation = invocation_of(config)
    script: Script | None = invocation.script
    return script or Script(invocation.output, several=databases > 1)


class Script:
    """The SQL of a run. Nothing is written until it is complete.

    Args:
        output: A file, a folder (with a trailing separator, or an existing one), or None for stdout.
        several: Whether there are several databases, so that a line marks the start of each.
        packages: Whether packages take part, so that a line marks the start of each.
    """

    def __init__(self, output: Path | str | None, *, several: bool, packages: bool = False) -> None:
        self.output = None if output is None else Path(output)
        text = os.fspath(output) if output is not None else ""
        self.folder = bool(self.output) and (text.endswith(("/", os.sep)) or Path(text).is_dir())
        self.several = several
        self.packages = packages
        self.parts: list[tuple[Database, io.StringIO]] = []

    def part(self, database: Database) -> TextIO:
        """Return the stream to which Alembic writes one database's SQL."""
        stream = io.StringIO()
        self.parts.append((database, stream))
        return stream

    def end(self, config: Config) -> None:
        """Write the SQL, unless several runs share the script; then it is written after the last."""
        if invocation_of(config).script is not self:
            self.write(config)

    def write(self, config: Config) -> None:
        """Write the SQL to its output.

        Args:
            config: Alembic's configuration; its `output_buffer` or `stdout` is used if no output is named.

        Raises:
            DbError: A file can't be written.
        """
        if self.output is not None and self.folder:
            files: dict[str, str] = {}
            for database, stream in self.parts:
                text = self._of_package(database, stream.getvalue())
                files[database.name] = files.get(database.name, "") + text
            for name, text in files.items():
                write_sql(config, self.output / f"{name}.sql", text)
            return
        text = "".join(self._headed(database, stream.getvalue()) for database, stream in self.parts)
        if self.output is not None:
            write_sql(config, self.output, text)
        else:
            stdout: TextIO = getattr(config.stdout, "exact", config.stdout)
            (config.output_buffer or stdout).write(text)

    def _of_package(self, database: Database, sql: str) -> str:
        if not self.packages:
            return sql
        return f"-- {f'Package: {database.package}' if database.package else 'Application'}\n\n{sql}\n"

    def _headed(self, database: Database, sql: str) -> str:
        sql = self._of_package(database, sql)
        if not self.several:
            return sql
        return f"-- Database: {database.name} ({database.sync_engine.dialect.name})\n\n{sql}\n"


def write_sql(config: Config, path: Path, text: str) -> None:
    """Write SQL to a file, which is no database's.

    Args:
        config: Alembic's configuration.
        path: The file; its folder is made if it isn't there.
        text: The SQL.

    Raises:
        DbError: It can't be written.
    """
    invocation = invocation_of(config)
    write_output(path, text, databases_of(config).values(), invocation.manager, what="the SQL", option="-o")


def write_output(
    path: Path, text: str, databases: Iterable[Database], manager: PluginManager, *, what: str, option: str
) -> None:
    """Write what a command makes to a file that the user named, and make its folder.

    Args:
        path: The file; a link, a device or a pipe is written through.
        text: What is written.
        databases: The databases whose files are refused; those of other SQLite databases are too.
        manager: The plugins.
        what: How messages call the text.
        option: The option that named the file.

    Raises:
        DbError: The file belongs to a database, or can't be written.
    """
    try:
        _refuse_database(path, databases, manager, f"name another file for {what} with {option}")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_through(path, text)
    except OSError as error:
        raise DbError(f"{what} can't be written to {path}: {error.strerror or error}") from error


def _refuse_database(path: Path, databases: Iterable[Database], manager: PluginManager, advice: str) -> None:
    """Refuse to write over a database."""
    where = os.path.realpath(path)
    for database in databases:
        files = dialect_of(manager, database).files(database)
        if any(where == os.path.realpath(file) or _same_file(path, file) for file in files):
            raise DbError(f"{path} belongs to the database {database.name!r}; {advice}")
    owner = owner_of(path)
    if owner is not None:
        kind = "is a" if owner == Path(where) else "belongs to a"
        raise DbError(f"{path} {kind} SQLite database; {advice}")


def _same_file(one: Path, other: Path) -> bool:
    """Return whether two paths are one file, also by two names of it."""
    try:
        return one.samefile(other)
    except OSError:
        return False
