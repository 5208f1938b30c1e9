"""A database that is emptied between cells."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, create_engine, pool, text
from sqlalchemy.exc import SAWarning
from sqlalchemy.schema import CreateSchema

from benchmarks.measure.schemas import LEFT_OUT, Lines, read

Read = dict[str, list[dict[str, Any]]]


def in_order(metadata: MetaData) -> list[Table]:
    """Return the tables of models, those first to which others refer; of tables that refer to each other, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        return metadata.sorted_tables


class Target:
    """A database that is emptied between cells.

    Args:
        kind: "sqlite", "postgresql" or "mariadb".
        url: Its URL, with a sync driver and the password, if any.
        schemas: On MariaDB, other databases that the models may name, and that are dropped with it.
    """

    def __init__(self, kind: str, url: str, schemas: Sequence[str] = ()) -> None:
        self.kind = kind
        self.url = url
        self.schemas = schemas
        self.engine = create_engine(url, poolclass=pool.NullPool)

    def empty(self) -> None:
        """Drop all that is in it."""
        if self.kind == "sqlite":
            file = Path(str(self.engine.url.database))
            for left in file.parent.glob(f"{file.name}*"):
                left.unlink()
            return
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if self.kind == "postgresql":
                self._empty_postgresql(connection)
                return
            # a reference from one database into another would keep both
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
            for schema in self.schemas:
                connection.execute(text(f"DROP DATABASE IF EXISTS `{schema}`"))
            name = self.engine.url.database
            connection.execute(text(f"DROP DATABASE `{name}`"))
            connection.execute(text(f"CREATE DATABASE `{name}`"))

    def _empty_postgresql(self, connection: Connection) -> None:
        extensions = connection.execute(text("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'")).scalars()
        for extension in extensions.all():
            connection.execute(text(f'DROP EXTENSION "{extension}" CASCADE'))
        schemas = connection.execute(
            text(r"SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'")
        ).scalars()
        for schema in schemas.all():
            connection.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
        connection.execute(text("CREATE SCHEMA public"))

    def execute(self, statements: Sequence[str]) -> None:
        """Execute statements as they are."""
        if statements:
            with self.engine.begin() as connection:
                for statement in statements:
                    connection.exec_driver_sql(statement.replace("%", "%%"))

    def create(self, metadata: MetaData) -> None:
        """Make the schemas that models name, and all their tables."""
        # a concurrent index can't be made in a transaction
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for schema in sorted({table.schema for table in metadata.tables.values() if table.schema} - {"public"}):
                connection.execute(CreateSchema(schema, if_not_exists=True))
            metadata.create_all(connection)

    def read(self) -> Lines:
        """Return what the server says of the schema."""
        with self.engine.connect() as connection:
            lines = read(connection, self.schemas)
        # the names of a run's own databases aren't part of a feature
        prefix = f"{self.engine.url.database}_" if self.schemas else ""
        return [line.replace(prefix, "") for line in lines] if prefix else lines

    def insert(self, metadata: MetaData, rows: Any) -> None:
        """Insert the rows of a feature."""
        with self.engine.begin() as connection:
            for table in in_order(metadata):
                for row in rows.get(table.name, ()):
                    connection.execute(table.insert(), dict(row))

    def rows(self, metadata: MetaData) -> Read:
        """Return the rows of all tables of the models, as the driver returns them, without SQLAlchemy's types."""
        found: Read = {}
        quote = self.engine.dialect.identifier_preparer
        with self.engine.connect() as connection:
            for table in in_order(metadata):
                if table.name in LEFT_OUT:
                    continue
                names = f"SELECT * FROM {quote.format_table(table)}"
                result = connection.exec_driver_sql(names.replace("%", "%%")).mappings().all()
                found[table.name] = sorted(
                    (dict(row) for row in result), key=lambda row: str(sorted(row.items(), key=str))
                )
        return found
