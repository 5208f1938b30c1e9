"""Type changes for which a server wants to be told how values are converted (PostgreSQL's USING)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.comparators.restated import NAME, temporarily
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import AlterColumnOp, MigrateOperation, UpgradeOps
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Connection
    from sqlalchemy.types import TypeEngine

    from ellar_db.dialects.base import Dialect

INDENT = " " * 11
"""Before the arguments of an operation, as Alembic writes them."""


def convert(context: AutogenContext, operations: UpgradeOps) -> None:
    """Add USING to each change of a type that the server doesn't make by itself, in both directions.

    Args:
        context: The context of the comparison.
        operations: The operations, changed in place.
    """
    assert context.dialect is not None
    dialect = dialect_named(get_plugin_manager(), context.dialect.name)
    if not dialect.conversions:
        return
    for container in _containers(operations):
        converted = (_converted(context.migration_context, dialect, each) for each in container.ops)
        container.ops = [made for each in converted for made in each]


def _containers(operations: Any) -> Iterator[Any]:
    yield operations
    for each in operations.ops:
        if hasattr(each, "ops"):
            yield from _containers(each)


def _converted(context: MigrationContext, dialect: Dialect, operation: MigrateOperation) -> Iterable[MigrateOperation]:
    from alembic.operations.ops import AlterColumnOp

    if not isinstance(operation, AlterColumnOp) or operation.modify_type is None or operation.existing_type is None:
        return [operation]
    # that of alembic-postgresql-enum has no way back
    operation.kw.pop(dialect.using, None)
    old, new = operation.existing_type, operation.modify_type
    forth, back = (_conversion(context, dialect, *pair, operation.column_name) for pair in ((old, new), (new, old)))
    if not forth and not back:
        return [operation]
    made = conversion()(
        operation.table_name,
        operation.column_name,
        schema=operation.schema,
        existing_type=old,
        modify_type=new,
        existing_nullable=operation.existing_nullable,
        modify_nullable=operation.modify_nullable,
        existing_comment=operation.existing_comment,
        modify_comment=operation.modify_comment,
        **operation.kw,
    )
    if forth:
        made.kw[dialect.using] = forth
    made.option, made.back = dialect.using, back
    before, after = operation.existing_server_default, operation.modify_server_default
    if before in (None, False) and after in (None, False):
        return [made]
    # the server converts no default: it is dropped before, and set after
    return [
        *([_default(operation, old, before, None)] if before not in (None, False) else []),
        made,
        *([_default(operation, new, None, before if after is False else after)] if after is not None else []),
    ]


def _default(operation: AlterColumnOp, type_: TypeEngine[Any], before: Any, after: Any) -> AlterColumnOp:
    from alembic.operations.ops import AlterColumnOp

    return AlterColumnOp(
        operation.table_name,
        operation.column_name,
        schema=operation.schema,
        existing_type=type_,
        existing_server_default=before,
        modify_server_default=after,
    )


def _conversion(
    context: MigrationContext, dialect: Dialect, old: TypeEngine[Any], new: TypeEngine[Any], column: str
) -> str:
    """Return the expression that converts a column, or an empty string if none is needed or known."""
    from sqlalchemy import Column
    from sqlalchemy.exc import DBAPIError

    candidates = dialect.conversions
    prepare, type_ = context.dialect.identifier_preparer.quote, new.compile(dialect=context.dialect)

    def first(connection: Connection) -> str | None:
        for candidate in ("", *candidates):
            using = candidate.format(column=prepare(column), type=type_)
            try:
                with connection.begin_nested():
                    statement = f"ALTER TABLE {NAME} ALTER {prepare(column)} TYPE {type_}"
                    connection.exec_driver_sql(f"{statement} USING {using}" if using else statement)
                return using
            except DBAPIError:
                continue
        return None

    found = temporarily(context, [Column(column, old, nullable=True, autoincrement=False)], [], first)
    # a type that doesn't exist yet, such as an enum's
    return candidates[-1].format(column=prepare(column), type=type_) if found is None else found


@cache
def conversion() -> Any:
    """Return the operation, a change of a column that knows how its values are converted in both directions."""
    from alembic.autogenerate import renderers
    from alembic.operations.ops import AlterColumnOp

    class ConvertColumnOp(AlterColumnOp):
        option = back = ""

        def reverse(self) -> ConvertColumnOp:
            made = super().reverse()
            assert isinstance(made, ConvertColumnOp)
            made.option, made.back = self.option, self.kw.get(self.option, "")
            made.kw.pop(self.option, None)
            if self.back:
                made.kw[self.option] = self.back
            return made

    @renderers.dispatch_for(ConvertColumnOp)
    def render(context: AutogenContext, operation: ConvertColumnOp) -> str:
        text: str = renderers.dispatch(AlterColumnOp)(context, operation)
        using = operation.kw.get(operation.option)
        return f"{text[:-1]},\n{INDENT}{operation.option}={using!r})" if using else text

    return ConvertColumnOp
