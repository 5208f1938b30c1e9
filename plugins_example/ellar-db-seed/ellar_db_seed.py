"""`ellar db seed`: insert or update rows from YAML and JSON files, without duplicates."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ellar_db import Database, DbError, alembic_config, hookimpl, options, plugin_settings

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Table

SETTINGS = "ellar-db-seed"
SUFFIXES = (".yaml", ".yml", ".json")
DATABASE = "_database"
"""The key of a file that names its database."""


@dataclass(frozen=True)
class Settings:
    """`[tool.ellar-db-seed]`.

    Args:
        directory: The folder of the files.
    """

    directory: Path = Path("seeds")


@click.command(short_help="Load rows from YAML and JSON files.")
@options.environment
@click.option("--seeds", type=options.PATH, help='Folder of the files (default is "seeds").')
@click.option("--dry-run", is_flag=True, help="Show what would be done, and roll it back.")
@click.argument("names", metavar="[NAME]...", nargs=-1)
def seed(
    directory: Path | None, x_arg: tuple[str, ...], seeds: Path | None, dry_run: bool, names: tuple[str, ...]
) -> None:
    """Load rows from files into the databases: insert those that are missing, update those that differ.

    NAME is a file's name without its number and suffix, as in "users" for 01_users.yaml; by default all files are
    loaded, in the order of their names. Rows are matched by primary key.
    """
    folder = seeds or plugin_settings(SETTINGS, Settings).directory
    files = chosen(read_files(folder), names)
    with alembic_config(directory, x_arg=x_arg) as config:
        databases = config.attributes["databases"]
        for file in files:
            if file.database not in databases:
                raise DbError(f"{file.path}: there is no database {file.database!r}; there are {', '.join(databases)}")
        for name, database in databases.items():
            loading = Loading(database, [file for file in files if file.database == name], dry_run)
            for line in loading.run():
                click.echo(f"{name}: {line}" if len(databases) > 1 else line)
    if dry_run:
        click.echo("Nothing was written (--dry-run).")


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    """Register the command."""
    yield seed


@dataclass(frozen=True)
class SeedFile:
    """A seed file.

    Args:
        path: Its path.
        database: The name of its database.
        rows: The rows by table, in the file's order.
    """

    path: Path
    database: str
    rows: Mapping[str, Sequence[Mapping[str, Any]]]

    @property
    def names(self) -> set[str]:
        """The names that select it on the command line."""
        stem = self.path.stem
        bare = re.sub(r"^[0-9]+[_-]", "", stem)
        return {stem, bare, f"{self.database}/{stem}", f"{self.database}/{bare}"}


def read_files(folder: Path) -> list[SeedFile]:
    """Read all files of a folder, in the order of their names, and of its subfolders, named after the databases.

    Raises:
        DbError: The folder doesn't exist, or a file can't be parsed.
    """
    if not folder.is_dir():
        raise DbError(f"there is no folder {folder}; make it and put files like 01_users.yaml there, or say --seeds")
    paths = [path for path in folder.glob("*") if path.suffix in SUFFIXES]
    paths += [path for path in folder.glob("*/*") if path.suffix in SUFFIXES]
    return [read_file(path, folder) for path in sorted(paths, key=lambda path: (path.name, path))]


def read_file(path: Path, folder: Path) -> SeedFile:
    """Read one file.

    Raises:
        DbError: It isn't YAML or JSON, or isn't a table of lists of rows.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, json.JSONDecodeError, RecursionError) as error:
        raise DbError(f"{path} can't be read: {error}") from error
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise DbError(f"{path} must have tables, each with a list of rows, not a {type(content).__name__}")
    named = content.pop(DATABASE, None)
    if named is not None and path.parent != folder:
        raise DbError(f"{path} has {DATABASE}, and its folder names the database too; say it once")
    for table, rows in content.items():
        if not isinstance(table, str) or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise DbError(f"{path}: {table} must be a list of rows, each with columns and values")
    return SeedFile(path, path.parent.name if path.parent != folder else str(named or "default"), content)


def chosen(files: Sequence[SeedFile], names: Sequence[str]) -> list[SeedFile]:
    """Return the named files, or all.

    Raises:
        DbError: There is no file, or none of a given name.
    """
    if not files:
        raise DbError(f"there is no file to load; files end in {', '.join(SUFFIXES)}")
    for name in names:
        if not any(name in file.names for file in files):
            raise DbError(f"there is no file {name!r}; there are {', '.join(file.path.stem for file in files)}")
    return [file for file in files if not names or file.names & set(names)]


class _RollBack(Exception):
    """Ends the transaction of a dry run."""


@dataclass
class Loading:
    """The files of one database.

    Args:
        database: The database.
        files: Its files, in order.
        dry_run: Roll everything back.
    """

    database: Database
    files: Sequence[SeedFile]
    dry_run: bool
    lines: list[str] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)

    def run(self) -> list[str]:
        """Load the files in one transaction, and return a line for each table of each file.

        Raises:
            DbError: A table, a column or a value doesn't fit; nothing has been written.
        """
        if self.files:
            try:
                self.database.transaction(self._load)
            except _RollBack:
                pass
        return self.lines

    def _load(self, connection: Connection) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        grown: dict[str, Table] = {}
        for file in self.files:
            for name, rows in file.rows.items():
                table = self._table(connection, file, name)
                done: Counter[str] = Counter()
                for number, row in enumerate(rows, 1):
                    where = f"{file.path}, row {number} of {name}"
                    values = fitted(table, row, where)
                    try:
                        done[merge(connection, table, values)] += 1
                    except SQLAlchemyError as error:
                        cause = getattr(error, "orig", None) or error
                        raise DbError(f"{where}: the database refused: {_first_line(cause)}") from error
                if done["inserted"]:
                    grown[name] = table
                said = ", ".join(f"{done[kind]} {kind}" for kind in ("inserted", "updated", "unchanged") if done[kind])
                self.lines.append(f"{file.path.stem}: {name}: {said or 'no rows'}")
        if self.dry_run:
            raise _RollBack
        for table in grown.values():
            advance_sequence(connection, table)

    def _table(self, connection: Connection, file: SeedFile, name: str) -> Table:
        """Return a table of the models, or of the database if the models are unknown."""
        from sqlalchemy import MetaData, inspect

        if name in self.tables:
            return self.tables[name]
        metadata = self.database.metadata
        listed = metadata if isinstance(metadata, Sequence) else [metadata] if metadata is not None else []
        found = next((one.tables[name] for one in listed if name in one.tables), None)
        if listed and found is None:
            known = ", ".join(sorted(table for one in listed for table in one.tables)) or "none"
            raise DbError(f"{file.path}: the models have no table {name!r}; they have {known}")
        schema, _, bare = name.rpartition(".")
        if found is not None:
            schema, bare = found.schema or "", found.name
        if not inspect(connection).has_table(bare, schema=schema or None):
            raise DbError(
                f"{file.path}: the database {self.database.name!r} has no table {name!r}; bring it up to date first"
            )
        if found is None:
            from sqlalchemy import Table

            found = Table(bare, MetaData(), schema=schema or None, autoload_with=connection)
        if not found.primary_key.columns:
            raise DbError(f"{file.path}: the table {name!r} has no primary key, by which rows are matched")
        self.tables[name] = found
        return found


def fitted(table: Table, row: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return a row's values converted to the columns' types, by the columns' names.

    Raises:
        DbError: A column is unknown, the primary key is incomplete, or a value doesn't fit.
    """
    columns = {column.name: column for column in table.columns}
    unknown = [str(name) for name in row if name not in columns]
    if unknown:
        raise DbError(f"{where}: there is no column {', '.join(unknown)}; there are {', '.join(columns)}")
    missing = [column.name for column in table.primary_key.columns if row.get(column.name) is None]
    if missing:
        raise DbError(f"{where}: the primary key {', '.join(missing)} is missing, by which rows are matched")
    return {name: _value(columns[name], value, where) for name, value in row.items()}


def merge(connection: Connection, table: Table, values: Mapping[str, Any]) -> str:
    """Insert a row, or update the one that has its primary key.

    Returns:
        "inserted", "updated" or "unchanged".
    """
    from sqlalchemy import and_, insert, select, update

    columns = {column.name: column for column in table.columns}
    same = and_(*(column == values[column.name] for column in table.primary_key.columns))
    there = connection.execute(select(*(columns[name].label(name) for name in values)).where(same)).mappings().first()
    if there is None:
        connection.execute(insert(table).values({columns[name]: value for name, value in values.items()}))
        return "inserted"
    changed = {columns[name]: value for name, value in values.items() if there[name] != value}
    if not changed:
        return "unchanged"
    connection.execute(update(table).where(same).values(changed))
    return "updated"


def advance_sequence(connection: Connection, table: Table) -> None:
    """Let PostgreSQL continue numbering after the rows that were inserted with explicit numbers."""
    from sqlalchemy import func, select, text

    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None:
        return
    quoted = connection.dialect.identifier_preparer.format_table(table)
    sequence = connection.scalar(select(func.pg_get_serial_sequence(quoted, column.name)))
    if sequence is not None:
        highest = connection.scalar(select(func.max(column)))
        last = connection.scalar(text(f"SELECT last_value FROM {sequence}"))
        connection.execute(select(func.setval(sequence, max(highest, last))))


def _value(column: Column[Any], value: Any, where: str) -> Any:
    """Return a value converted to a column's type: files have no decimals, and JSON has no dates."""
    import datetime
    import decimal
    import uuid

    from sqlalchemy import Enum, TypeDecorator

    if value is None or isinstance(column.type, TypeDecorator):
        return value
    try:
        if isinstance(column.type, Enum) and column.type.enum_class is not None:
            return column.type.enum_class[value]
        wanted = column.type.python_type
        if wanted is decimal.Decimal and not isinstance(value, bool):
            return decimal.Decimal(str(value))
        if wanted is uuid.UUID:
            return uuid.UUID(str(value))
        if wanted in (datetime.datetime, datetime.date, datetime.time) and isinstance(value, str):
            # before Python 3.11 `fromisoformat` doesn't accept the Z
            return wanted.fromisoformat(re.sub("Z$", "+00:00", value))
        if wanted is datetime.datetime and type(value) is datetime.date:
            return datetime.datetime.combine(value, datetime.time())
        plain = {str: (str,), int: (int,), float: (int, float), bool: (bool,)}.get(wanted)
        if plain is not None and type(value) not in plain:
            raise ValueError(value)
    except NotImplementedError:  # a type without a Python type
        return value
    except (TypeError, ValueError, KeyError, decimal.InvalidOperation) as error:
        raise DbError(f"{where}: {value!r} doesn't fit the column {column.name} ({column.type!r})") from error
    return value


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
