"""How the database itself restates what the models say.

A server doesn't keep the text of a type, a default or a condition as it was written. To compare exactly, what the
models say is made in a temporary table, read back as any table is read, and then compared with what was read of the
real table. Nothing is left behind.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from ellar_db.autogenerate.expressions import escaped
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.util.errors import summary

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import CheckConstraint, Column, Computed, Connection, Dialect, Table
    from sqlalchemy.engine.interfaces import ReflectedColumn
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.schema import CreateIndex
    from sqlalchemy.types import TypeEngine

T = TypeVar("T")


NAME = "ellar_db_restated"
"""The name of the temporary table."""

TOGETHER = 50
"""The number of conditions that are restated in one temporary table, at most."""


@dataclass(frozen=True)
class Stated:
    """A condition of the models, and what its text means: the columns that it may name, with their types.

    Args:
        condition: The condition, as SQL.
        columns: Names and types.
    """

    condition: str
    columns: frozenset[tuple[str, str]]


_columns: WeakKeyDictionary[MigrationContext, dict[Hashable, ReflectedColumn | None]] = WeakKeyDictionary()
_conditions: WeakKeyDictionary[MigrationContext, dict[Stated, str]] = WeakKeyDictionary()
_texts: WeakKeyDictionary[MigrationContext, dict[CheckConstraint | Computed, str]] = WeakKeyDictionary()


def restated_column(context: MigrationContext, column: Column[Any]) -> ReflectedColumn | None:
    """Return how the database restates the type and the default of a column of the models.

    Args:
        context: The context of the comparison.
        column: The models' column.

    Returns:
        SQLAlchemy's description of it; None if the database can't say, for example for want of a permission.
    """
    from sqlalchemy import inspect

    known = _columns.setdefault(context, {})
    # most columns of a schema are alike
    key = column.type.compile(dialect=context.dialect), column.nullable, _default_of(context, column)
    if key not in known:
        known[key], made = None, _apart(column)

        def read(connection: Connection) -> ReflectedColumn:
            (found,) = inspect(connection).get_columns(NAME, **_where(context))
            if found["default"] is None and made.server_default is not None:
                found["default"] = hidden_defaults(context, None, NAME).get(NAME, {}).get(made.name)
            return found

        known[key] = temporarily(context, [made], [], read)
    return known[key]


def _default_of(context: MigrationContext, column: Column[Any]) -> tuple[str, str] | None:
    """Return the kind of default that a column has, and its text; None without one."""
    from sqlalchemy import DefaultClause, TextClause
    from sqlalchemy.schema import CreateColumn
    from sqlalchemy.sql.functions import Function

    given = column.server_default
    if not isinstance(given, DefaultClause):
        return None
    if isinstance(given.arg, str):
        return "value", given.arg
    if isinstance(given.arg, TextClause):
        return "SQL", given.arg.text
    arguments = getattr(given.arg, "clauses", None)
    if isinstance(given.arg, Function) and arguments is not None and not len(arguments):
        # it says all, and is written in a tenth of the time
        return "function", f"{type(given.arg).__qualname__} {'.'.join((*given.arg.packagenames, given.arg.name))}"
    return "column", str(CreateColumn(_apart(column)).compile(dialect=context.dialect))


def hidden_defaults(
    context: MigrationContext, schema: str | None, table: str | None = None
) -> Mapping[str, Mapping[str, str]]:
    """Return the server defaults of a schema that SQLAlchemy doesn't read, as SQL, by table and column.

    Args:
        context: The context of the comparison.
        schema: The schema; None is the default one.
        table: The only table to read, which may be a temporary one.
    """
    if context.connection is None:
        return {}
    return dialect_named(get_plugin_manager(), context.dialect.name).hidden_defaults(context.connection, schema, table)


def refused_default(context: MigrationContext, column: Column[Any]) -> str | None:
    """Return why the database refuses the default of a column of the models.

    Args:
        context: The context of the comparison.
        column: The models' column.

    Returns:
        The error in a line; None if it takes the default, or a text, or if it refuses the column without it, too.
    """
    from sqlalchemy import DefaultClause

    given = column.server_default
    if not isinstance(given, DefaultClause) or isinstance(given.arg, str):
        return None
    errors: list[SQLAlchemyError] = []
    if temporarily(context, [_apart(column)], [], bool, errors.append) is not None or not errors:
        return None
    without = temporarily(context, [_apart(column, default=False)], [], bool)
    return None if without is None else summary(errors[0])


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
    columns = list(columns)
    stated = [_stated(context, columns, condition) for condition in conditions]
    if not stated:
        return []
    if not _conditions.get(context, {}).keys() >= set(stated):
        restate_checks(context, [(columns, conditions)])
    known = _conditions[context]
    if known.keys() >= set(stated):
        return [known[each] for each in stated]
    # a column may be named in a way of its own
    names = [f"c{number}" for number in range(len(conditions))]
    found = {str(name): text for name, text in _checks(context, columns, zip(names, conditions, strict=True))}
    return [found[name] for name in names] if found.keys() >= set(names) else None


def restate_checks(context: MigrationContext, tables: Iterable[tuple[Iterable[Column[Any]], Sequence[str]]]) -> None:
    """Let the database restate conditions of many tables at once, for `restated_checks` to know.

    Tables share a temporary table as long as no two of their columns have the same name and another type.

    Args:
        context: The context of the comparison.
        tables: Columns and conditions of each table.
    """
    known = _conditions.setdefault(context, {})
    batch: list[Stated] = []
    types: dict[str, str] = {}
    made: dict[str, Column[Any]] = {}
    for columns, conditions in tables:
        by_name = {column.name: column for column in columns}
        for stated in dict.fromkeys(_stated(context, by_name.values(), condition) for condition in conditions):
            if stated in known or stated in batch:
                continue
            if len(batch) == TOGETHER or any(types.get(name, type_) != type_ for name, type_ in stated.columns):
                known.update(_restated(context, batch, made))
                batch, types, made = [], {}, {}
            batch.append(stated)
            types.update(stated.columns)
            made.update((name, by_name[name]) for name, _ in stated.columns)
    known.update(_restated(context, batch, made))


def _restated(
    context: MigrationContext, batch: Sequence[Stated], columns: Mapping[str, Column[Any]]
) -> Iterator[tuple[Stated, str]]:
    """Yield what the database restates; of conditions that it doesn't take, the others are tried without them."""
    if not batch:
        return
    checks = [(f"c{number}", each.condition) for number, each in enumerate(batch)]
    found = {str(name): text for name, text in _checks(context, columns.values(), checks)}
    if found.keys() >= {name for name, _ in checks}:
        yield from ((each, found[f"c{number}"]) for number, each in enumerate(batch))
    elif len(batch) > 1:
        for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
            named = {name for each in half for name, _ in each.columns}
            yield from _restated(context, half, {name: columns[name] for name in columns if name in named})


def _stated(context: MigrationContext, columns: Iterable[Column[Any]], condition: str) -> Stated:
    from sqlalchemy.exc import SQLAlchemyError

    text = condition.casefold()
    listed = list(columns)
    types = {}
    # a table needs a column
    for column in [each for each in listed if each.name.casefold() in text] or listed:
        try:
            types[column.name] = column.type.compile(context.dialect)
        except SQLAlchemyError:
            types[column.name] = repr(column.type)
    return Stated(condition, frozenset(types.items()))


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
    known = _texts.setdefault(context, {})
    if check not in known:
        kind: Any = type(context.dialect)
        options = {"literal_binds": True, "include_table": False}
        known[check] = str(check.sqltext.compile(dialect=_plain(kind), compile_kwargs=options))
    return known[check]


@cache
def _plain(kind: Any) -> Dialect:
    """Return a dialect with whose mark of parameters, unlike a percent sign, nothing in a text is doubled."""
    made: Dialect = kind(paramstyle="named")
    return made


def without_check(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return a type that makes no CHECK constraint of its own, as those of Enum and Boolean may do.

    Args:
        type_: The type.
    """
    from sqlalchemy.types import SchemaType

    if not isinstance(type_, SchemaType):
        return type_
    made = type_.copy()
    made.create_constraint = False  # type: ignore[attr-defined]
    return made


def _where(context: MigrationContext) -> dict[str, Any]:
    return {"schema": dialect_named(get_plugin_manager(), context.dialect.name).temporary_schema}


def _apart(column: Column[Any], name: str = "c", *, default: bool = True) -> Column[Any]:
    """Return a column with a type and a default, and nothing that makes it part of its table."""
    from sqlalchemy import Column, DefaultClause

    # a constraint of the type would be made with each column
    type_ = without_check(column.type)
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
    failed: Callable[[SQLAlchemyError], None] | None = None,
) -> T | None:
    """Call a function while there is a temporary table, which is called `NAME`.

    Args:
        context: The context of the comparison.
        columns: The table's columns, of no other table.
        checks: Its CHECK constraints.
        work: The function. What it does is rolled back, too.
        failed: Called with the error if there is one.

    Returns:
        What it returns; None if the table can't be made, or the function raises an error of SQLAlchemy's.
    """
    from sqlalchemy import MetaData, Table
    from sqlalchemy.schema import CreateTable

    made = CreateTable(Table(NAME, MetaData(), *columns, *checks, prefixes=["TEMPORARY"]))

    def create(connection: Connection) -> T:
        _make_types(context, connection, columns)
        connection.execute(made)
        return work(connection)

    return _undone(context, create, failed)


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
        _make_types(context, connection, like.columns)
        # as a whole, a copy can't be given a prefix
        ddl = str(CreateTable(like).compile(dialect=connection.dialect)).strip()
        ddl = ddl.replace("CREATE TABLE", "CREATE TEMPORARY TABLE", 1)
        indexes = [CreateIndex(index) for index in like.indexes]
        if dialect_named(get_plugin_manager(), connection.dialect.name).commits_at_ddl:
            # as statements of their own, they would commit
            head, _, rest = ddl.partition("(")
            ddl = f"{head}({''.join(f'{_inline(index, connection)}, ' for index in indexes)}{rest}"
            indexes = []
        connection.exec_driver_sql(ddl)
        for index in indexes:
            connection.execute(index)
        return work(connection)

    return _undone(context, create)


def _inline(index: CreateIndex, connection: Connection) -> str:
    """Return an index as it is stated within CREATE TABLE."""
    text = " ".join(str(index.compile(dialect=connection.dialect)).split()).removeprefix("CREATE ")
    return text.replace(f" ON {NAME} (", " (", 1)


def _make_types(context: MigrationContext, connection: Connection, columns: Iterable[Column[Any]]) -> None:
    dialect_named(get_plugin_manager(), context.dialect.name).make_types(connection, [each.type for each in columns])


def _undone(
    context: MigrationContext,
    work: Callable[[Connection], T],
    failed: Callable[[SQLAlchemyError], None] | None = None,
) -> T | None:
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
                try:
                    savepoint.rollback()
                finally:
                    if dialect.commits_at_ddl:
                        # as long as it says so, it drops no other table
                        connection.exec_driver_sql(f"DROP TEMPORARY TABLE IF EXISTS {NAME}")
    except SQLAlchemyError as error:
        if failed is not None:
            failed(error)
        return None
    finally:
        if not begun:
            connection.rollback()
