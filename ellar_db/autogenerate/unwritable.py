"""What a revision can't be written with: a type without a source or a definition, a default that isn't SQL."""

from __future__ import annotations

import ast
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.comparators.restated import refused_default
from ellar_db.autogenerate.words import flattened
from ellar_db.util.alembic import rendered_type
from ellar_db.util.errors import DbError, in_one_line, summary

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import MigrateOperation, UpgradeOps
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Column
    from sqlalchemy.types import TypeEngine

    CompareType = Callable[[MigrationContext, Column[Any], Column[Any], TypeEngine[Any], TypeEngine[Any]], bool | None]

log = logging.getLogger("ellar_db")


def refuse_unwritable(context: MigrationContext, compared: Iterable[UpgradeOps]) -> None:
    """Refuse types that can't be written, or made on this database, and warn of defaults that it doesn't take.

    Args:
        context: The comparison.
        compared: The operations that will be written.

    Raises:
        DbError: A type can't be written; the message names its table and column.
    """
    from alembic.autogenerate.api import AutogenContext
    from sqlalchemy import Column

    rendering = AutogenContext(context, autogenerate=False)
    for container in compared:
        for operation in flattened(container):
            for table, name, found in _columns(operation):
                place = f"{table}.{name}"
                _refuse(rendering, place, found.type if isinstance(found, Column) else found)
                if isinstance(found, Column):
                    _warn(context, place, found)


def _columns(operation: MigrateOperation) -> Iterator[tuple[str, str, Column[Any] | TypeEngine[Any]]]:
    """Yield table and name of each column that an operation makes or changes, and the column or its new type."""
    from alembic.operations import ops
    from sqlalchemy import Column

    if isinstance(operation, ops.CreateTableOp):
        named = ".".join(part for part in (operation.schema, operation.table_name) if part)
        yield from ((named, each.name, each) for each in operation.columns if isinstance(each, Column))
    elif isinstance(operation, (ops.AddColumnOp, ops.AlterColumnOp)):
        named = ".".join(part for part in (operation.schema, operation.table_name) if part)
        if isinstance(operation, ops.AddColumnOp):
            yield named, operation.column.name, operation.column
            return
        type_ = operation.modify_type if operation.modify_type is not None else operation.existing_type
        if operation.modify_server_default not in (False, None):
            default = operation.modify_server_default
            yield named, operation.column_name, Column(operation.column_name, type_, server_default=default)
        elif operation.modify_type is not None:
            yield named, operation.column_name, operation.modify_type


def naming_columns(compare: CompareType) -> CompareType:
    """Return a `compare_type` that names table and column of a type that can't be compared.

    Args:
        compare: The `compare_type` that it calls.
    """

    def compared(
        context: MigrationContext,
        inspected_column: Column[Any],
        column: Column[Any],
        inspected_type: TypeEngine[Any],
        type_: TypeEngine[Any],
    ) -> bool | None:
        try:
            changed = compare(context, inspected_column, column, inspected_type, type_)
            if changed:
                # which Alembic logs
                repr(type_)
        except Exception:  # a type of the application's may raise anything
            place = f"{column.table.fullname}.{column.name}"
            _check_repr(place, type_)
            _check_definition(context, place, type_)
            raise
        return changed

    return compared


def _refuse(context: AutogenContext, place: str, type_: TypeEngine[Any]) -> None:
    _check_repr(place, type_)
    text = in_one_line(rendered_type(type_, context))
    try:
        ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise DbError(
            f"the type of {place} can't be written into a revision: {text} isn't Python; give {type(type_).__name__} a "
            "__repr__ that is, or let an option render_item write it"
        ) from error
    _check_definition(context.migration_context, place, type_)


def _check_repr(place: str, type_: TypeEngine[Any]) -> None:
    try:
        repr(type_)
    except Exception as error:  # the application's own code may raise anything
        raise DbError(
            f"the type of {place} can't be written into a revision: the __repr__ of {type(type_).__name__} failed with "
            f"{summary(error)}; mend it"
        ) from error


def _check_definition(context: MigrationContext, place: str, type_: TypeEngine[Any]) -> None:
    from sqlalchemy.exc import UnsupportedCompilationError

    kind = type(type_).__name__
    try:
        type_.compile(dialect=context.dialect)
    except Exception as error:  # the application's own code may raise anything
        cause = (
            f"SQLAlchemy has no {kind} for it"
            if isinstance(error, UnsupportedCompilationError)
            else f"{kind} failed with {summary(error)}"
        )
        raise DbError(
            f"the type of {place} can't be made on {context.dialect.name}: {cause}; give the column another type "
            "there, as with_variant() does"
        ) from error


def _warn(context: MigrationContext, place: str, column: Column[Any]) -> None:
    why = refused_default(context, column)
    if why is not None:
        log.warning(
            "the database doesn't take the server_default of %s: %s; mend it, or make what it needs before", place, why
        )
