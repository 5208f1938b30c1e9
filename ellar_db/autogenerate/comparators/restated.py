"""How the database itself restates what the models say.

A server doesn't keep the text of a type, a default or a condition as it was written. To compare exactly, what the
models say is made in a temporary table, read back as any table is read, and then compared with what was read of the
real table. Nothing is left behind.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from ellar_db.autogenerate.expressions import escaped
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import CheckConstraint, Column, Computed, Connection, Table
    from sqlalchemy.engine.interfaces import ReflectedColumn

T = TypeVar("T")

NAME = "ellar_db_restated"
"""The name of the temporary table."""

_columns: WeakKeyDictionary[MigrationContext, dict[str, ReflectedColumn | None]] = WeakKeyDictionary()


def restated_column(context: MigrationContext, column: Column[Any]) -> ReflectedColumn | None:
    """Return how the database restates the type and the default of a column of the models.

    Args:
        context: The context of the comparison.
        column: The models' column.

    Returns:
        SQLAlchemy's description of it; None if the database can't say, for example for want of a permission.
    """
    from sqlalchemy import inspect
    from sqlalchemy.schema import CreateColumn

    made = _apart(column)
    known = _columns.setdefault(context, {})
    # most columns of a schema are alike
    key = str(CreateColumn(made).compile(dialect=context.dialect))
    if key not in known:
        known[key] = None
        found = temporarily(
            context, [made], [], lambda connection: inspect(connection).get_columns(NAME, **_where(context))
        )
        if found is not None:
            (known[key],) = found
    return known[key]


def restated_computed(context: MigrationContext, column: Column[Any]) -> tuple[str, bool] | None:
    """Return how the database restates a computed column of the models.

    Args:
        context: The context of the comparison.
        column: The models' column.

    Returns:
        The expression and whether its values are stored; None if the database can't say.
    """
    from sqlalchemy import Column, Computed, inspect, text

    assert column.computed is not None
    others = [_apart(each, name=each.name, default=False) for each in column.table.columns if each is not column]
    expression = text(escaped(condition(context, column.computed)))
    computed = Column(column.name, column.type, Computed(expression, persisted=column.computed.persisted))
    columns = [*others, computed]
    found = temporarily(
        context, columns, [], lambda connection: inspect(connection).get_columns(NAME, **_where(context))
    )
    said = next((each.get("computed") for each in found or () if each["name"] == column.name), None)
    return (str(said["sqltext"]), bool(said.get("persisted"))) if said else None


def restated_checks(
    context: MigrationContext, columns: Iterable[Column[Any]], conditions: Sequence[str]
) -> list[str] | None:
    """Return how the database restates the conditions of the CHECK constraints of a table of the models.

    Args:
        context: The context of the comparison.
        columns: The table's columns.
        conditions: The conditions, as SQL.

    Returns:
        The conditions, in the same order; None if the database can't say.
    """
    names = [f"c{number}" for number in range(len(conditions))]
    found = _checks(context, columns, zip(names, conditions, strict=True))
    known = {str(name): text for name, text in found}
    return [known[name] for name in names] if known.keys() >= set(names) else None


def generated_names(
    context: MigrationContext, columns: Iterable[Column[Any]], conditions: Sequence[str], table: str
) -> dict[str, str]:
    """Return the names that the database gives to CHECK constraints without one, by their restated conditions.

    Args:
        context: The context of the comparison.
        columns: The table's columns.
        conditions: The conditions, as SQL.
        table: The table's name, of which the name of a constraint may be a part.
    """
    found = _checks(context, columns, ((None, condition) for condition in conditions))
    return {text: name.replace(NAME, table, 1) for name, text in found if name is not None}


def _checks(
    context: MigrationContext, columns: Iterable[Column[Any]], checks: Iterable[tuple[str | None, str]]
) -> list[tuple[str | None, str]]:
    from sqlalchemy import CheckConstraint, inspect

    found = temporarily(
        context,
        [_apart(column, name=column.name, default=False) for column in columns],
        [CheckConstraint(escaped(text), name=name) for name, text in checks],
        lambda connection: inspect(connection).get_check_constraints(NAME, **_where(context)),
    )
    return [(each["name"], each["sqltext"]) for each in found or ()]


def condition(context: MigrationContext, check: CheckConstraint | Computed) -> str:
    """Return the condition of a CHECK constraint of the models, or what a column is computed from, as SQL."""
    # with a percent sign as the mark of parameters, those of the text would be doubled
    plain: Any = type(context.dialect)
    options = {"literal_binds": True, "include_table": False}
    return str(check.sqltext.compile(dialect=plain(paramstyle="named"), compile_kwargs=options))


def _where(context: MigrationContext) -> dict[str, Any]:
    return {"schema": dialect_named(get_plugin_manager(), context.dialect.name).temporary_schema}


def _apart(column: Column[Any], name: str = "c", *, default: bool = True) -> Column[Any]:
    """Return a column with a type and a default, and nothing that makes it part of its table."""
    from sqlalchemy import Column, DefaultClause
    from sqlalchemy.types import SchemaType

    type_ = column.type
    if isinstance(type_, SchemaType):
        # a constraint of the type would be made with each column
        type_ = type_.copy()
        type_.create_constraint = False  # type: ignore[attr-defined]
    given = column.server_default if default else None
    return Column(
        name,
        type_,
        server_default=DefaultClause(given.arg) if isinstance(given, DefaultClause) else None,
        nullable=column.nullable,
        autoincrement=False,
    )


def temporarily(
    context: MigrationContext,
    columns: Sequence[Column[Any]],
    checks: Sequence[CheckConstraint],
    work: Callable[[Connection], T],
) -> T | None:
    """Call a function while there is a temporary table, which is called `NAME`.

    Args:
        context: The context of the comparison.
        columns: The table's columns, of no other table.
        checks: Its CHECK constraints.
        work: The function. What it does is rolled back, too.

    Returns:
        What it returns; None if the table can't be made, or the function raises an error of SQLAlchemy's.
    """
    from sqlalchemy import MetaData, Table
    from sqlalchemy.schema import CreateTable

    made = CreateTable(Table(NAME, MetaData(), *columns, *checks, prefixes=["TEMPORARY"]))

    def create(connection: Connection) -> T:
        connection.execute(made)
        return work(connection)

    return _undone(context, create)


def temporarily_like(context: MigrationContext, table: Table, work: Callable[[Connection], T]) -> T | None:
    """Call a function while there is a temporary table like one of the models, with its indexes.

    Args:
        context: The context of the comparison.
        table: The models' table.
        work: The function. What it does is rolled back, too.

    Returns:
        What it returns; None if the table can't be made, or the function raises an error of SQLAlchemy's.
    """
    from sqlalchemy import MetaData
    from sqlalchemy.schema import CreateIndex, CreateTable

    like = table.to_metadata(MetaData(), name=NAME, schema=None)  # type: ignore[arg-type]  # None is the default schema
    for constraint in [*like.foreign_key_constraints]:
        like.constraints.discard(constraint)
    for index in like.indexes:
        # not in a transaction
        index.dialect_options[context.dialect.name]["concurrently"] = False

    def create(connection: Connection) -> T:
        # as a whole, a copy can't be given a prefix
        ddl = str(CreateTable(like).compile(dialect=connection.dialect)).strip()
        connection.exec_driver_sql(ddl.replace("CREATE TABLE", "CREATE TEMPORARY TABLE", 1))
        for index in like.indexes:
            connection.execute(CreateIndex(index))
        return work(connection)

    return _undone(context, create)


def _undone(context: MigrationContext, work: Callable[[Connection], T]) -> T | None:
    """Call a function that makes the temporary table, and undo what it does."""
    from sqlalchemy.exc import SQLAlchemyError

    connection, dialect = context.connection, dialect_named(get_plugin_manager(), context.dialect.name)
    if connection is None or not dialect.has_temporary_tables:
        return None
    begun = connection.in_transaction()
    try:
        with warnings.catch_warnings():
            # SQLAlchemy warns of types that it doesn't know; the real table has had the same warning
            warnings.simplefilter("ignore")
            savepoint = connection.begin_nested()
            try:
                return work(connection)
            finally:
                savepoint.rollback()
                if dialect.commits_at_ddl:
                    # as long as it says so, it drops no other table
                    connection.exec_driver_sql(f"DROP TEMPORARY TABLE IF EXISTS {NAME}")
    except SQLAlchemyError:
        return None
    finally:
        if not begun:
            connection.rollback()
