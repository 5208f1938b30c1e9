"""Values for the rows that are there, in columns that become NOT NULL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.answers.operations import fill, one_way
from ellar_db.autogenerate.answers.questions import may_ask, value_for
from ellar_db.autogenerate.answers.renames import answers_of
from ellar_db.autogenerate.answers.values import Value, kind_of, parsed
from ellar_db.config.invocation import Answers
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import AddColumnOp, AlterColumnOp, MigrateOperation, ModifyTableOps, UpgradeOps
    from sqlalchemy import Column
    from sqlalchemy.types import TypeEngine


def fill_columns(context: AutogenContext, operations: UpgradeOps) -> None:
    """Give columns that become NOT NULL a value first, where someone said which.

    A column is added as nullable, filled, and made NOT NULL.

    Args:
        context: The comparison.
        operations: Its operations, changed in place.

    Raises:
        DbError: A value doesn't fit its column, there are two for one, or a question wasn't answered.
    """
    from alembic.operations.ops import ModifyTableOps

    answers = answers_of(context)
    if answers is None:
        return
    done: list[MigrateOperation] = []
    for operation in operations.ops:
        done += _filled(context, answers, operation) if isinstance(operation, ModifyTableOps) else [operation]
    operations.ops[:] = done


def _filled(context: AutogenContext, answers: Answers, table: ModifyTableOps) -> Iterator[MigrateOperation]:
    """Yield a table's operations, with the values and what makes the columns NOT NULL."""
    from alembic.operations.ops import AddColumnOp, AlterColumnOp, ModifyTableOps

    first: list[MigrateOperation] = []
    fills: list[MigrateOperation] = []
    added: list[AlterColumnOp] = []
    changed: list[AlterColumnOp] = []
    for each in table.ops:
        if isinstance(each, AddColumnOp) and _needs_value(each.column):
            value = _answer(context, answers, table, each.column.name, each.column.type)
            if value is not None:
                fills.append(_fill(table, each.column.name, value))
                added.append(_as_not_null(each))
                each = AddColumnOp(table.table_name, _nullable(each.column), schema=table.schema)
        elif isinstance(each, AlterColumnOp) and each.modify_nullable is False:
            type_ = _type_of(context, each)
            value = None if type_ is None else _answer(context, answers, table, each.column_name, type_)
            if value is not None:
                fills.append(_fill(table, each.column_name, value))
                each, last = _split(each)
                changed.append(last)
                if not each.has_changes():
                    continue
        first.append(each)
    table.ops[:] = first
    if first:
        yield table
    yield from fills
    if added:
        # dropped with their columns by the downgrade
        yield one_way(added[0].table_name, added, schema=added[0].schema)
    if changed:
        yield ModifyTableOps(table.table_name, changed, schema=table.schema)


def _needs_value(column: Column[Any]) -> bool:
    """Return whether rows that are there would have no value in an added column that is NOT NULL."""
    generated = column.computed is not None or column.identity is not None
    counted = column.primary_key and column.autoincrement is not False
    return not (column.nullable or column.server_default is not None or generated or counted)


def _type_of(context: AutogenContext, alter: AlterColumnOp) -> TypeEngine[Any] | None:
    """Return the type that the models give to a column; the database's may say less, as with booleans."""
    default = context.dialect.default_schema_name if context.dialect is not None else None
    for table in context.sorted_tables:
        if table.name == alter.table_name and table.schema in (alter.schema, alter.schema or default):
            found = next((column for column in table.columns if column.name == alter.column_name), None)
            if found is not None:
                return found.type
    return alter.modify_type if alter.modify_type is not None else alter.existing_type


def _answer(
    context: AutogenContext, answers: Answers, table: ModifyTableOps, name: str, type_: TypeEngine[Any]
) -> Value | None:
    """Return the value for a column: that of `--fill`, or what someone answers; None leaves the column as it is."""
    spelled = [f"{table.table_name}.{name}"]
    if table.schema:
        spelled = [f"{table.schema}.{spelled[0]}"]
    elif context.dialect is not None and context.dialect.default_schema_name:
        spelled.append(f"{context.dialect.default_schema_name}.{spelled[0]}")
    shown = spelled[0]
    answers.fillable.add(shown)
    given = list(dict.fromkeys(option for option in answers.fills if option.partition("=")[0] in spelled))
    answers.used.update(given)
    if len(given) > 1:
        raise DbError(f"--fill {given[0]} and --fill {given[1]} contradict each other; a column gets one value")
    if given:
        try:
            return parsed(given[0].partition("=")[2], type_, context)
        except ValueError as error:
            raise DbError(f"--fill {given[0]}: {error}") from None
    if not may_ask(answers):
        return None
    found: Value | None = value_for(shown, kind_of(type_, context), lambda text: parsed(text, type_, context))
    return found


def _fill(table: ModifyTableOps, name: str, value: Value) -> MigrateOperation:
    return fill(table.schema, table.table_name, name, value.type_, value.value, expression=value.expression)


def _nullable(column: Column[Any]) -> Column[Any]:
    """Return a column as it is, but nullable; that of the models must not change."""
    from sqlalchemy import Column

    return Column(
        column.name, column.type, nullable=True, comment=column.comment, info=column.info, **column.dialect_kwargs
    )


def _as_not_null(added: AddColumnOp) -> AlterColumnOp:
    from alembic.operations.ops import AlterColumnOp

    return AlterColumnOp(
        added.table_name,
        added.column.name,
        schema=added.schema,
        existing_type=added.column.type,
        existing_nullable=True,
        existing_comment=added.column.comment,
        modify_nullable=False,
    )


def _split(alter: AlterColumnOp) -> tuple[AlterColumnOp, AlterColumnOp]:
    """Return all other changes to a column, and what makes it NOT NULL after them."""
    from copy import copy

    from alembic.operations.ops import AlterColumnOp

    rest = copy(alter)
    rest.modify_nullable = None
    default = alter.modify_server_default if alter.modify_server_default is not False else alter.existing_server_default
    last = AlterColumnOp(
        alter.table_name,
        alter.column_name,
        schema=alter.schema,
        existing_type=alter.modify_type if alter.modify_type is not None else alter.existing_type,
        existing_nullable=alter.existing_nullable,
        existing_comment=alter.modify_comment or alter.existing_comment,
        existing_server_default=default,
        modify_nullable=False,
    )
    return rest, last
