"""Alembic's operations with a way back, for what it doesn't generate itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.expressions import escaped
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.util.alembic import rendered_type

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import AlterColumnOp, ExecuteSQLOp, MigrateOperation, ModifyTableOps, RenameTableOp
    from sqlalchemy import Column
    from sqlalchemy.types import TypeEngine

MODULES = ("datetime", "uuid")
"""The modules of values that aren't written as literals."""


def rename_table(schema: str | None, old: str, new: str) -> RenameTableOp:
    """Return the operation that renames a table; reversed, it renames it back."""
    made: RenameTableOp = _kinds()["table"](old, new, schema=schema)
    return made


def rename_column(schema: str | None, table: str, column: Column[Any], new: str) -> AlterColumnOp:
    """Return the operation that renames a column; reversed, it renames it back.

    Args:
        schema: The table's schema.
        table: The table.
        column: The column as the database has it.
        new: Its new name.
    """
    # what is generated can't be restated, and a rename doesn't change it
    default = False if column.computed is not None or column.identity is not None else column.server_default
    made: AlterColumnOp = _kinds()["column"](
        table,
        str(column.name),
        schema=schema,
        modify_name=new,
        existing_type=column.type,
        existing_nullable=column.nullable,
        existing_server_default=default,
        existing_comment=column.comment,
    )
    return made


def statement(text: str, *undo: str) -> ExecuteSQLOp:
    """Return the operation that executes a statement; reversed, it executes others.

    Args:
        text: The statement; an empty one does nothing, and isn't written.
        undo: What undoes it.
    """
    made: ExecuteSQLOp = _kinds()["statement"]([text], undo)
    return made


def is_statement(operation: MigrateOperation) -> bool:
    """Return whether an operation, or a part of it in either direction, is a statement."""
    from alembic.operations.ops import ExecuteSQLOp

    if isinstance(operation, _kinds()["one way"]):
        return any(is_statement(each) for each in (*operation.ops, *operation.back))
    return isinstance(operation, ExecuteSQLOp)


def fill(
    schema: str | None, table: str, column: str, type_: TypeEngine[Any], value: Any, *, expression: bool
) -> MigrateOperation:
    """Return the operation that gives a column a value in the rows that have none; reversed, it does nothing.

    Args:
        schema: The table's schema.
        table: The table.
        column: The column.
        type_: The column's type.
        value: The value.
        expression: The value is an SQL expression, as text.
    """
    made: MigrateOperation = _kinds()["fill"](schema, table, column, type_, value, expression)
    return made


def is_fill(operation: MigrateOperation) -> bool:
    """Return whether an operation is one of `fill`."""
    return isinstance(operation, _kinds()["fill"])


def one_way(
    table: str, forth: Sequence[MigrateOperation], back: Sequence[MigrateOperation] = (), *, schema: str | None = None
) -> ModifyTableOps:
    """Return operations on a table that aren't each other's reverse, where the database does the rest by itself.

    Args:
        table: The table.
        forth: What is done.
        back: What is done in the other direction.
        schema: The table's schema.
    """
    made: ModifyTableOps = _kinds()["one way"](table, forth, back, schema)
    return made


def is_one_way(operation: MigrateOperation) -> bool:
    """Return whether an operation is one of `one_way`."""
    return type(operation) is _kinds()["one way"]


def exchange(
    table: str, forth: Sequence[MigrateOperation], back: Sequence[MigrateOperation], *, schema: str | None = None
) -> ModifyTableOps:
    """Return operations on a table that aren't each other's reverse, and belong to one batch with the others of it.

    Args:
        table: The table.
        forth: What is done.
        back: What is done in the other direction.
        schema: The table's schema.
    """
    made: ModifyTableOps = _kinds()["exchange"](table, forth, back, schema)
    return made


@cache
def _kinds() -> dict[str, Any]:
    """Return the classes of these operations, which Alembic can render from now on."""
    from alembic.autogenerate import renderers
    from alembic.operations.ops import AlterColumnOp, ExecuteSQLOp, MigrateOperation, ModifyTableOps, RenameTableOp

    class RenameTable(RenameTableOp):
        def reverse(self) -> RenameTable:
            return RenameTable(self.new_table_name, self.table_name, schema=self.schema)

        def to_diff_tuple(self) -> tuple[Any, ...]:
            return ("rename_table", self.schema, self.table_name, self.new_table_name)

    class RenameColumn(AlterColumnOp):
        def has_changes(self) -> bool:
            return True

        def reverse(self) -> RenameColumn:
            return RenameColumn(
                self.table_name,
                str(self.modify_name),
                schema=self.schema,
                modify_name=self.column_name,
                existing_type=self.existing_type,
                existing_nullable=self.existing_nullable,
                existing_server_default=self.existing_server_default,
                existing_comment=self.existing_comment,
            )

        def to_diff_tuple(self) -> Any:
            return ("rename_column", self.schema, self.table_name, self.column_name, self.modify_name)

    class Statement(ExecuteSQLOp):
        def __init__(self, statements: Sequence[str], undo: Sequence[str]) -> None:
            super().__init__("; ".join(statements))
            self.statements, self.undo = statements, undo

        def reverse(self) -> Statement:
            return Statement(self.undo, self.statements)

        def to_diff_tuple(self) -> tuple[Any, ...]:
            return ("execute", self.sqltext)

    class Fill(MigrateOperation):
        def __init__(
            self, schema: str | None, table: str, column: str, type_: TypeEngine[Any], value: Any, expression: bool
        ) -> None:
            self.schema, self.table_name, self.column_name = schema, table, column
            self.type_, self.value, self.expression = type_, value, expression

        def reverse(self) -> ModifyTableOps:
            return ModifyTableOps(self.table_name, [], schema=self.schema)

        def to_diff_tuple(self) -> tuple[Any, ...]:
            return ("fill_column", self.schema, self.table_name, self.column_name)

    class OneWay(ModifyTableOps):
        def __init__(
            self, table: str, forth: Sequence[MigrateOperation], back: Sequence[MigrateOperation], schema: str | None
        ) -> None:
            super().__init__(table, forth, schema=schema)
            self.back = back

        def reverse(self) -> OneWay:
            return type(self)(self.table_name, self.back, self.ops, self.schema)

    class Exchange(OneWay):
        """One that is rendered where it is."""

    alter_column = renderers.dispatch(AlterColumnOp)

    def column_renamed(context: AutogenContext, operation: RenameColumn) -> Any:
        if context.dialect is not None and dialect_named(get_plugin_manager(), context.dialect.name).restates_columns:
            old, new = quoted(context, operation.column_name), quoted(context, str(operation.modify_name))
            table = qualified(context, operation.schema, operation.table_name)
            text = f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}"
            return f"{_prefix(context)}execute({escaped(text)!r})"
        return alter_column(context, operation)

    renderers.dispatch_for(RenameColumn)(column_renamed)
    renderers.dispatch_for(RenameTable)(_table_renamed)
    renderers.dispatch_for(Statement)(_executed)
    renderers.dispatch_for(Fill)(_filled)
    renderers.dispatch_for(Exchange)(_in_turn)
    return {
        "table": RenameTable,
        "column": RenameColumn,
        "statement": Statement,
        "fill": Fill,
        "one way": OneWay,
        "exchange": Exchange,
    }


def quoted(context: AutogenContext, name: str) -> str:
    """Return a name as it is written in a statement for `op.execute`, quoted where the database needs it."""
    assert context.dialect is not None
    quote = context.dialect.identifier_preparer.quote
    found = str(quote(name))
    # for some drivers SQLAlchemy doubles percent signs, and once more in the statement
    return found.replace("%%", "%") if "%%" in quote("a%") else found


def qualified(context: AutogenContext, schema: str | None, name: str) -> str:
    """Return a name with its schema, both quoted where the database needs it."""
    return f"{quoted(context, schema)}.{quoted(context, name)}" if schema else quoted(context, name)


def _prefix(context: AutogenContext) -> str:
    return str(context.opts["alembic_module_prefix"] or "")


def _executed(context: AutogenContext, operation: Any) -> list[str]:
    return [f"{_prefix(context)}execute({escaped(text)!r})" for text in operation.statements if text]


def _in_turn(context: AutogenContext, operation: ModifyTableOps) -> list[str]:
    """Render operations where they are, in a batch or not."""
    from alembic.autogenerate import renderers

    rendered = (renderers.dispatch(each)(context, each) for each in operation.ops)
    return [line for text in rendered for line in ([text] if isinstance(text, str) else text)]


def _table_renamed(context: AutogenContext, operation: RenameTableOp) -> str:
    schema = f", schema={str(operation.schema)!r}" if operation.schema else ""
    old, new = str(operation.table_name), str(operation.new_table_name)
    return f"{_prefix(context)}rename_table({old!r}, {new!r}{schema})"


def _filled(context: AutogenContext, operation: Any) -> str:
    sa = context.opts["sqlalchemy_module_prefix"] or ""
    column = str(operation.column_name)
    schema = f", schema={str(operation.schema)!r}" if operation.schema else ""
    type_ = rendered_type(operation.type_, context)
    if operation.expression:
        value = f"{sa}literal_column({operation.value!r})"
    else:
        value = repr(operation.value)
        module = type(operation.value).__module__
        if module in MODULES:
            context.imports.add(f"import {module}")
            value = value if value.startswith(f"{module}.") else f"{module}.{value}"
    return (
        f"{_prefix(context)}execute(\n"
        f"    {sa}update({sa}table({str(operation.table_name)!r}, {sa}column({column!r}, {type_}){schema}))\n"
        f"    .where({sa}column({column!r}).is_(None))\n"
        f"    .values({{{column!r}: {value}}})\n)"
    )
