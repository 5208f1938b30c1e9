"""Indexes that a server makes for foreign keys, and drops or leaves behind by its own rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.answers.operations import is_one_way, one_way
from ellar_db.autogenerate.foreign_keys.keys import Key, covers, keys_of
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import CreateForeignKeyOp, DropIndexOp, MigrateOperation, ModifyTableOps, UpgradeOps
    from sqlalchemy import Table


def follow_keys(context: AutogenContext, operations: UpgradeOps) -> None:
    """Let the indexes that the server makes for foreign keys come and go with these; a step of the pipeline.

    The server makes one for a key that has none, drops it once there is another, and leaves it behind when the key is
    dropped. It drops no index that a key needs, except with the whole table.

    Args:
        context: The comparison.
        operations: Its operations, changed in place.
    """
    from alembic.operations.ops import CreateIndexOp, CreateTableOp, DropIndexOp, DropTableOp, ModifyTableOps

    assert context.dialect is not None
    if not dialect_named(get_plugin_manager(), context.dialect.name).indexes_foreign_keys:
        return
    made = {(each.schema, each.table_name) for each in operations.ops if isinstance(each, CreateTableOp)}
    dropped = {(each.schema, each.table_name) for each in operations.ops if isinstance(each, DropTableOp)}
    for position, table in enumerate(operations.ops):
        if not isinstance(table, ModifyTableOps):
            continue
        place = table.schema, table.table_name
        if place not in made | dropped:
            if any(map(_concerns_keys, table.ops)):
                _Indexes(context, table).follow()
        elif all(isinstance(each, (CreateIndexOp, DropIndexOp)) for each in table.ops):
            # they go with their table
            forth = table.ops if place in made else []
            back = table.reverse().ops if place in dropped else []
            operations.ops[position] = one_way(table.table_name, forth, back, schema=table.schema)


def unfold(_: AutogenContext, operations: UpgradeOps) -> None:
    """Write operations of one direction beside those of their table, rather than among them; the last step.

    A batch operation would be empty in the other direction.

    Args:
        operations: The operations, changed in place.
    """
    from alembic.operations.ops import ModifyTableOps

    done: list[MigrateOperation] = []
    for table in operations.ops:
        if not isinstance(table, ModifyTableOps) or not any(map(is_one_way, table.ops)):
            done.append(table)
            continue
        for apart, group in groupby(table.ops, is_one_way):
            if apart:
                done += group
                continue
            part = copy(table)
            part.ops = list(group)
            done.append(part)
    operations.ops[:] = done


class _Indexes:
    """The indexes of a table, beside its foreign keys.

    Args:
        context: The comparison.
        table: The table's operations, changed in place.
    """

    def __init__(self, context: AutogenContext, table: ModifyTableOps) -> None:
        from alembic.operations import ops

        self.table = table
        name, schema = table.table_name, table.schema
        read = context.inspector.get_indexes(name, schema=schema)
        self.there = {str(index["name"]): [str(column) for column in index["column_names"]] for index in read}
        # those of the models stay, however they came to be
        kept = {str(index.name) for model in _models(context, table) for index in model.indexes}
        self.plain = {str(index["name"]) for index in read if not index["unique"]} - kept
        self.there["PRIMARY"] = list(context.inspector.get_pk_constraint(name, schema=schema)["constrained_columns"])
        drops = [each for each in table.ops if isinstance(each, (ops.DropIndexOp, ops.DropConstraintOp))]
        self.lost = {_name(each) for each in drops if not _is_key(each)}
        gone = {_name(each) for each in drops if _is_key(each)}
        self.gone = [key for key in keys_of(context, name, schema) if key.name in gone]
        self.left = [key for key in keys_of(context, name, schema) if key.name not in gone]
        creates = (ops.CreateIndexOp, ops.CreateUniqueConstraintOp)
        self.gained = [_columns(each.columns) for each in table.ops if isinstance(each, creates)]
        self.needed = [
            *(key.columns for key in self.left),
            *(each.local_cols for each in table.ops if isinstance(each, ops.CreateForeignKeyOp)),
        ]
        self.new = {each.column.name for each in table.ops if isinstance(each, ops.AddColumnOp)}

    def follow(self) -> None:
        """Change the table's operations."""
        from alembic.operations.ops import CreateForeignKeyOp

        done: list[MigrateOperation] = []
        for operation in self.table.ops:
            if isinstance(operation, CreateForeignKeyOp):
                done += self._left_by(operation)
            done.append(operation)
            if _is_key(operation):
                done += self._left_of(_name(operation))
        first: list[MigrateOperation] = []
        for key in self.left:
            for drop, add in self._release(key):
                first.append(drop)
                done.append(add)
        self.table.ops[:] = [*first, *done]

    def _own(self, key: Key) -> list[str]:
        """Return the index that the server made for a key; it has the key's name, or that of the first column."""
        return [name for name in self.plain & {str(key.name), key.columns[0]} if self.there[name] == list(key.columns)]

    def _left_by(self, added: CreateForeignKeyOp) -> Iterator[MigrateOperation]:
        """Yield what drops the index that the server makes for a new key, in the downgrade."""
        columns = added.local_cols
        others = [columns_ for name, columns_ in self.there.items() if name not in self.lost]
        if set(columns) <= self.new or any(covers(each, columns) for each in (*others, *self.gained)):
            return
        yield self._one_way([], [_drop_index(self.table, str(added.constraint_name), columns)])

    def _left_of(self, name: str) -> Iterator[MigrateOperation]:
        """Yield what drops the index that the server leaves of a key; if the downgrade adds the key, it makes it."""
        for key in (each for each in self.gone if each.name == name):
            for own in set(self._own(key)) - self.lost:
                columns = self.there[own]
                if not any(covers(columns, needed) for needed in self.needed):
                    yield self._one_way([_drop_index(self.table, own, columns)], [])

    def _release(self, key: Key) -> Iterator[tuple[MigrateOperation, MigrateOperation]]:
        """Yield what drops a key and adds it again, if an index that it needs is dropped.

        The server makes an index of its own meanwhile, and in the other direction drops it by itself.
        """
        serving = {name for name, columns in self.there.items() if covers(columns, key.columns)}
        forth = bool(serving) and serving <= self.lost
        gained = any(covers(each, key.columns) for each in self.gained)
        back = gained and serving - self.lost <= set(self._own(key))
        if forth and back:
            yield key.drop(), key.create()
        elif forth:
            yield self._one_way([key.drop()], []), self._one_way([key.create()], [])
        elif back:
            yield self._one_way([], [key.create()]), self._one_way([], [key.drop()])

    def _one_way(self, forth: list[MigrateOperation], back: list[MigrateOperation]) -> MigrateOperation:
        return one_way(self.table.table_name, forth, back, schema=self.table.schema)


def _models(context: AutogenContext, table: ModifyTableOps) -> list[Table]:
    """Return the table of the models."""
    default = None if context.dialect is None else context.dialect.default_schema_name
    places = {(table.schema, table.table_name), (table.schema or default, table.table_name)}
    return [each for each in context.sorted_tables if (each.schema, each.name) in places]


def _concerns_keys(operation: MigrateOperation) -> bool:
    """Return whether an operation is about an index or a constraint."""
    from alembic.operations import ops

    return isinstance(operation, (ops.AddConstraintOp, ops.DropConstraintOp, ops.CreateIndexOp, ops.DropIndexOp))


def _is_key(operation: MigrateOperation) -> bool:
    """Return whether an operation drops a foreign key."""
    from alembic.operations.ops import DropConstraintOp

    return isinstance(operation, DropConstraintOp) and operation.constraint_type == "foreignkey"


def _name(drop: Any) -> str:
    return str(getattr(drop, "constraint_name", None) or getattr(drop, "index_name", None))


def _columns(columns: Sequence[Any]) -> list[str]:
    return [str(getattr(column, "name", column)) for column in columns]


def _drop_index(table: ModifyTableOps, name: str, columns: Sequence[str]) -> DropIndexOp:
    from alembic.operations.ops import CreateIndexOp, DropIndexOp

    made = CreateIndexOp(name, table.table_name, list(columns), schema=table.schema)
    return DropIndexOp(name, table.table_name, schema=table.schema, _reverse=made)
