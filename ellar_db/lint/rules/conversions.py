"""Rules about types that PostgreSQL-like servers treat in a way of their own."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ellar_db.hooktypes import Problem, Rule
from ellar_db.lint.operations import Operations, name_of
from ellar_db.lint.statements import Statement

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


def json_column(statement: Statement, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if a column of the type json is added to a table that exists."""
    for change in statement.changes:
        if change.kind == "add column" and change.definition.type == "JSON" and change.table not in operations.made:
            message = "is json, whose values can't be compared: SELECT DISTINCT and GROUP BY of the table fail"
            yield Problem(name_of(change.table), change.column, message, "use jsonb (postgresql.JSONB)", "note")


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


RULES = (
    Rule(
        "DB401",
        "Values converted with USING",
        "PostgreSQL converts the values of some types to another only if it is told how, in `postgresql_using`. What "
        "was written there is the plain cast, which may not be what the values mean.",
        "Review the expression. A value that it doesn't take makes the upgrade fail.",
        converted_values,
        lambda dialect: bool(dialect.using),
    ),
    Rule(
        "DB402",
        "Enum without alembic-postgresql-enum",
        "An enum is a type of its own on PostgreSQL. Alembic doesn't compare its values, and doesn't drop it.",
        "Install alembic-postgresql-enum, which the extra `postgresql` brings; it takes part by being installed.",
        enum_without_package,
        lambda dialect: bool(dialect.enums),
    ),
    Rule(
        "DB403",
        "JSON without equality",
        "PostgreSQL can't compare values of json, so that SELECT DISTINCT, GROUP BY and UNION of the table fail.",
        "Use jsonb: `postgresql.JSONB`.",
        json_column,
        lambda dialect: bool(dialect.using),
        "statement",
        bad='op.add_column("orders", sa.Column("data", sa.JSON()))',
        good='op.add_column("orders", sa.Column("data", postgresql.JSONB()))',
    ),
)
"""Those about types."""
