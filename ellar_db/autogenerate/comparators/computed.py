"""Comparison of computed columns, of which Alembic only says that it can't change them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.answers.operations import exchange, qualified, quoted, statement
from ellar_db.autogenerate.comparators.restated import restated_computed
from ellar_db.autogenerate.compared import ComparedTable

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import AlterColumnOp, MigrateOperation
    from alembic.util import PriorityDispatchResult
    from sqlalchemy import Column

log = logging.getLogger("alembic.autogenerate.compare")


def leave_computed(
    context: AutogenContext,
    operation: AlterColumnOp,
    schema: str | None,
    table: str,
    column: str,
    inspected: Column[Any],
    declared: Column[Any],
) -> PriorityDispatchResult:
    """Leave computed columns to `compare_computed`.

    Args:
        context: The context of the comparison.
        operation: The column's operation, changed in place.
        schema: The table's schema; None is the default one.
        table: The table.
        column: The column.
        inspected: The database's column.
        declared: The models' column.
    """
    from alembic.util import PriorityDispatchResult

    if inspected.computed is None and declared.computed is None:
        return PriorityDispatchResult.CONTINUE
    if declared.computed is None:
        # it has its default before it is changed otherwise
        operation.existing_server_default = declared.server_default
    return PriorityDispatchResult.STOP


def compare_computed(table: ComparedTable) -> None:
    """Add the operations that compute the columns of a table as the models say.

    Computed values are no data, so such a column is dropped and added again. One that is made plain keeps its values.

    Args:
        table: The table.
    """
    if table.context.opts.get("compare_server_default") is not False:
        _Columns(table).compare()


class _Columns:
    """The computed columns of a table.

    Args:
        table: The table.
    """

    def __init__(self, table: ComparedTable) -> None:
        from alembic.operations.ops import DropIndexOp

        self.context = table.context
        self.operations = table.operations
        self.inspected = table.inspected
        self.declared = table.declared
        self.dialect = table.dialect
        self.table, self.schema = table.name, table.schema
        self.dropped = {each.index_name for each in table.operations.ops if isinstance(each, DropIndexOp)}

    def compare(self) -> None:
        """Add the operations."""
        from alembic.operations.ops import AlterColumnOp

        altered = {each.column_name: each for each in self.operations.ops if isinstance(each, AlterColumnOp)}
        retyped = [name for name, each in altered.items() if each.modify_type is not None]
        for new in self.declared.columns:
            old = self.inspected.columns.get(new.name)
            if old is None or (old.computed is None and new.computed is None) or not self._is_compared(new, old):
                continue
            if new.computed is None:
                self._make_plain(old, new)
            elif old.computed is None:
                self._forget(altered.get(new.name))
                self._compute(old, new)
            elif new.name in altered or self._differs(old, new) or self._is_in_the_way(old, retyped):
                self._forget(altered.get(new.name))
                self._compute_anew(old, new)
            else:
                continue
            log.info("Detected changed computation of column '%s.%s'", self.table, new.name)

    def _is_compared(self, new: Column[Any], old: Column[Any]) -> bool:
        return self.context.run_object_filters(new, new.name, "column", False, old)

    def _differs(self, old: Column[Any], new: Column[Any]) -> bool:
        assert old.computed is not None
        restated = restated_computed(self.context.migration_context, new)
        return restated is not None and restated != (str(old.computed.sqltext), bool(old.computed.persisted))

    def _is_in_the_way(self, column: Column[Any], retyped: Iterable[str]) -> bool:
        """Return whether a column keeps the server from changing the type of another one."""
        text = str(column.computed.sqltext) if column.computed is not None and self.dialect.computed_keep_types else ""
        return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in retyped)

    def _forget(self, alter: MigrateOperation | None) -> None:
        """Remove a change of a column that is dropped and added as it shall be."""
        if alter is not None:
            self.operations.ops.remove(alter)

    def _exchange(self, forth: Sequence[MigrateOperation], back: Sequence[MigrateOperation]) -> MigrateOperation:
        return exchange(self.table, forth, back, schema=self.schema)

    def _make_plain(self, old: Column[Any], new: Column[Any]) -> None:
        drop, add = self._exchanged(new, old)
        self.operations.ops.insert(0, self._exchange(self._plain(old, new), [*drop, *add]))

    def _compute(self, old: Column[Any], new: Column[Any]) -> None:
        drop, add = self._exchanged(old, new)
        self.operations.ops.append(self._exchange([*drop, *add], self._plain(new, old)))

    def _compute_anew(self, old: Column[Any], new: Column[Any]) -> None:
        (drop, add), (drop_again, add_again) = self._exchanged(old, new), self._exchanged(new, old)
        self.operations.ops.insert(0, self._exchange(drop, add_again))
        self.operations.ops.append(self._exchange(add, drop_again))

    def _plain(self, computed: Column[Any], plain: Column[Any]) -> list[MigrateOperation]:
        """Return what makes a computed column a plain one that keeps the values."""
        from alembic.operations.ops import AlterColumnOp
        from sqlalchemy.schema import CreateColumn

        assert computed.computed is not None
        assert self.context.dialect is not None
        name, default = str(plain.name), plain.server_default
        given: Any = {"existing_type": computed.type, "modify_server_default": default}
        altered = AlterColumnOp(self.table, name, schema=self.schema, **given)
        if self.dialect.alters_computed:
            return [altered]
        place, column = qualified(self.context, self.schema, self.table), quoted(self.context, name)
        written = str(CreateColumn(plain).compile(dialect=self.context.dialect)).strip().replace("%%", "%")
        text = self.dialect.plain_column(place, column, written, stored=computed.computed.persisted is not False)
        if text:
            return [statement(text, ""), *([altered] if default is not None and written not in text else [])]
        drop, add = self._exchanged(computed, plain)
        # computed once more
        return [*drop, *add, statement(f"UPDATE {place} SET {column} = {computed.computed.sqltext}", "")]

    def _exchanged(self, old: Column[Any], new: Column[Any]) -> tuple[list[MigrateOperation], list[MigrateOperation]]:
        """Return what drops a column, and what adds another one, with the indexes that go with it."""
        from alembic.operations.ops import AddColumnOp, CreateIndexOp, DropColumnOp, DropIndexOp

        # Alembic may have read some twice
        read = {} if self.dialect.alters_computed else {each.name: each for each in self.inspected.indexes}
        there = [each for each in read.values() if each.name not in self.dropped and old.name in each.columns]
        wanted = {each.name: each for each in self.declared.indexes}
        return (
            [
                *(DropIndexOp.from_index(each) for each in there),
                DropColumnOp.from_column_and_tablename(self.schema, self.table, old),
            ],
            [
                AddColumnOp.from_column_and_tablename(self.schema, self.table, new),
                *(CreateIndexOp.from_index(wanted.get(each.name, each)) for each in there),
            ],
        )
