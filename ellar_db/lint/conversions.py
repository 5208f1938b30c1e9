"""Rules about types that PostgreSQL-like servers treat in a way of their own."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ellar_db.lint.findings import Problem
from ellar_db.lint.operations import Operations, name_of

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation


def converted_values(operation: MigrateOperation, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if the values of a column are converted with an expression."""
    from alembic.operations import ops

    if not isinstance(operation, ops.AlterColumnOp) or not operations.dialect.using:
        return
    expression = operation.kw.get(operations.dialect.using)
    if expression is not None:
        yield Problem(
            name_of(operations.table(operation)),
            operation.column_name,
            f"the values are converted with USING {expression}",
            f"review the expression, in {operations.dialect.using}; a value that it doesn't take makes the upgrade "
            "fail",
        )


def enum_without_package(operation: MigrateOperation, operations: Operations) -> Iterator[Problem]:
    """Yield a problem at the first enum of a revision, if the package that takes care of their types isn't there."""
    package = operations.dialect.enums
    if not package or _is_installed(package):
        return
    first = next((other for other in operations.all if _enums(other)), None)
    if first is operation:
        column, name = _enums(operation)[0]
        wanted = package.replace("_", "-")
        yield Problem(
            name_of(operations.table(operation)),
            column,
            f"without {wanted}, changed values of the enum {name} aren't seen, and its type isn't dropped with the "
            "last column that has it",
            f"install it: pip install {wanted}",
            "note",
        )


def _enums(operation: Any) -> list[tuple[str, str]]:
    """Return the columns of an operation whose type is an enum of the server's, and the names of the enums."""
    from alembic.operations import ops
    from sqlalchemy import ARRAY, Column, Enum

    columns: list[tuple[str, Any]] = []
    if isinstance(operation, ops.CreateTableOp):
        columns = [(each.name, each.type) for each in operation.columns if isinstance(each, Column)]
    elif isinstance(operation, ops.AddColumnOp):
        columns = [(operation.column.name, operation.column.type)]
    elif isinstance(operation, ops.AlterColumnOp):
        columns = [(operation.column_name, operation.modify_type)]
    plain = [(column, type_.item_type if isinstance(type_, ARRAY) else type_) for column, type_ in columns]
    return [(name, str(type_.name)) for name, type_ in plain if isinstance(type_, Enum) and type_.native_enum]


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:
        # a module that was put in its place has no spec
        return False
