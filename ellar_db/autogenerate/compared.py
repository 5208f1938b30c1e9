"""A table that is compared: what each comparator of tables is given, and how it takes part in Alembic's comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ModifyTableOps
    from alembic.util import PriorityDispatchResult
    from sqlalchemy import Connection, Table

    from ellar_db.dialects.base import Dialect

_dialects: WeakKeyDictionary[AutogenContext, Dialect] = WeakKeyDictionary()


@dataclass(frozen=True)
class ComparedTable:
    """A table that the database and the models both have.

    Args:
        context: The comparison.
        connection: The database.
        dialect: Its kind.
        operations: The table's operations, changed in place.
        inspected: The database's table.
        declared: The models' table.
    """

    context: AutogenContext
    connection: Connection
    dialect: Dialect
    operations: ModifyTableOps
    inspected: Table
    declared: Table

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.operations.table_name)

    @property
    def schema(self) -> str | None:
        """The table's schema; None is the default one."""
        return self.operations.schema

    @property
    def place(self) -> str:
        """The table's name with its schema, for messages."""
        return ".".join(part for part in (self.schema, self.name) if part)


def dialect_compared(context: AutogenContext) -> Dialect:
    """Return the kind of the database that is compared, which is looked up once.

    Args:
        context: The comparison.
    """
    known = _dialects.get(context)
    if known is None:
        known = dialect_named(get_plugin_manager(), context.migration_context.dialect.name)
        _dialects[context] = known
    return known


def comparator(*compare: Callable[[ComparedTable], None]) -> Callable[..., PriorityDispatchResult]:
    """Return what Alembic calls for each table; it compares those that are there and stay.

    Args:
        compare: Functions that add operations to those of a table, in turn.
    """

    def compared(
        context: AutogenContext,
        operations: ModifyTableOps,
        schema: str | None,
        name: str,
        inspected: Table | None,
        declared: Table | None,
    ) -> PriorityDispatchResult:
        from alembic.util import PriorityDispatchResult

        connection = context.connection
        if inspected is not None and declared is not None and connection is not None:
            table = ComparedTable(context, connection, dialect_compared(context), operations, inspected, declared)
            for each in compare:
                each(table)
        return PriorityDispatchResult.CONTINUE

    return compared
