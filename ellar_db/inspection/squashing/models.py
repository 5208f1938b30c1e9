"""The tables of a database as models: what a revision must make, for a comparison with what comes before it."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.expressions import escaped
from ellar_db.dialects.base import Dialect

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import MetaData, Table
    from sqlalchemy.types import TypeEngine


def read_models(context: MigrationContext, dialect: Dialect, leave_out: Collection[str]) -> MetaData:
    """Return the tables of a database, with types that other kinds of databases have too, where that is the same.

    Args:
        context: Alembic's context.
        dialect: The database's kind.
        leave_out: Tables that aren't the application's, with the schema's name unless it is the default schema.
    """
    from sqlalchemy import MetaData, event, inspect

    connection: Any = context.connection
    inspector = inspect(connection)
    metadata = MetaData()

    def leave_numbering(inspector: Any, table: Any, column: Any) -> None:
        impl: Any = context.impl
        impl.autogen_column_reflect(inspector, table, column)

    with warnings.catch_warnings():
        # of types that SQLAlchemy doesn't know
        warnings.simplefilter("ignore")
        event.listen(metadata, "column_reflect", leave_numbering)
        for schema in dialect.schemas(inspector):
            metadata.reflect(connection, schema=schema)
        others = dialect.tables_of_extensions(connection) | dialect.partitions(connection)
    for table in list(metadata.tables.values()):
        if table.key in leave_out or (table.schema, table.name) in others:
            metadata.remove(table)
        else:
            _restate(table, dialect)
            _generalize(table, connection.dialect, marks=not dialect.enums or dialect.enums not in sys.modules)
    return metadata


def _restate(table: Table, dialect: Dialect) -> None:
    """Write conditions so that the server makes the same of them as of those of the old revisions."""
    from sqlalchemy import CheckConstraint, text

    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            constraint.sqltext = text(escaped(dialect.written_condition(str(constraint.sqltext))))
    for index in table.indexes:
        for options in index.dialect_options.values():
            condition = options.get("where")
            if condition is not None:
                options["where"] = text(escaped(dialect.written_condition(str(condition))))


def _generalize(table: Table, dialect: Any, *, marks: bool) -> None:
    for column in table.columns:
        own: Any = column.type
        for type_ in _parts(own):
            if marks and hasattr(type_, "create_type"):
                # a statement of the revision makes it; the package for enums would say so once more
                type_.create_type = False
        with suppress(Exception):  # a type that has no such counterpart, or none that can be compiled, raises anything
            general = own.as_generic(allow_nulltype=False)
            if not hasattr(own, "create_type") and general.compile(dialect) == own.compile(dialect):
                column.type = general


def _parts(type_: TypeEngine[Any]) -> Iterator[Any]:
    yield type_
    item = getattr(type_, "item_type", None)
    if item is not None:
        yield item
