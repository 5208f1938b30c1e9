"""An order of the operations that runs: what others need is made before them, and dropped after them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

from ellar_db.autogenerate.answers.operations import is_statement
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import MigrateOperation, UpgradeOps

    from ellar_db.dialects.base import Dialect

TableName: TypeAlias = tuple[str | None, str]
"""A table's schema, None for the default one, and its name."""


def reorder(context: AutogenContext, operations: UpgradeOps) -> None:
    """Bring operations on tables into an order that runs; a step of the pipeline.

    Foreign keys that would keep a table from being dropped or changed go first; then come new tables, each after those
    that it refers to, changes of tables, foreign keys that need these, or that couldn't be made with their tables, and
    at last dropped tables, each before those that it refers to. The downgrade is this order reversed. Operations of
    packages stay where they are: before, after, or right behind the operation that they follow.
    """
    from alembic.operations.ops import CreateTableOp, DropTableOp, ModifyTableOps

    assert context.dialect is not None
    dialect = dialect_named(get_plugin_manager(), context.dialect.name)
    before, units, after = _units(operations.ops)
    made = {_table(unit[0]): unit for unit in units if isinstance(unit[0], CreateTableOp)}
    dropped = {_table(unit[0]): unit for unit in units if isinstance(unit[0], DropTableOp)}
    changed: list[list[MigrateOperation]] = []
    for unit in [unit for unit in units if isinstance(unit[0], ModifyTableOps)]:
        name = _table(unit[0])
        if name in made:
            made[name].extend(unit)
        elif name in dropped:
            # its indexes
            dropped[name][0:0] = unit
        else:
            changed.append(unit)
    order, late = _creation(made, changed, dialect)
    if dialect.checks_references:
        for unit in changed:
            _put_in_order(unit[0])
        late = [*_delayed(changed), *late]
    first, dropping = _dropping(dropped, dialect)
    altered = {_table(unit[0]) for unit in changed if _loses_something(unit[0])} if dialect.checks_references else set()
    early = _early(dropping, dropped, altered)
    freed = _freed(changed, altered | early)
    if dialect.checks_references:
        late += _awaiting(changed, {_table(unit[0]) for unit in changed if _gains_something(unit[0])})
    operations.ops[:] = [
        *before,
        *freed,
        *(operation for name in order for operation in made[name]),
        *first,
        *(operation for name in dropping if name in early for operation in dropped[name]),
        *(operation for unit in changed for operation in unit if not _is_empty(operation)),
        *late,
        *(operation for name in dropping if name not in early for operation in dropped[name]),
        *after,
    ]


def unbatch(_: AutogenContext, operations: UpgradeOps) -> None:
    """Take statements out of the operations on a table, of which a batch would come after them; a step of the pipeline.

    Args:
        operations: The operations, changed in place.
    """
    operations.ops[:] = [part for operation in operations.ops for part in _parts(operation)]


def _parts(operation: MigrateOperation) -> Iterator[MigrateOperation]:
    from alembic.operations.ops import ModifyTableOps

    if type(operation) is not ModifyTableOps or not any(map(is_statement, operation.ops)):
        yield operation
        return
    for apart, group in groupby(operation.ops, is_statement):
        if apart:
            yield from group
        else:
            yield ModifyTableOps(operation.table_name, list(group), schema=operation.schema)


def _early(
    dropping: Sequence[TableName], dropped: dict[TableName, list[MigrateOperation]], altered: set[TableName]
) -> set[TableName]:
    """Return the tables that must go before others are changed, since they refer to what these lose."""
    early: set[TableName] = set()
    # each table comes before those that it refers to
    for name in reversed(dropping):
        if any(target in altered | early and target != name for _, target, _ in _keys(_reversed(dropped[name]))):
            early.add(name)
    return early


def _units(
    operations: Sequence[MigrateOperation],
) -> tuple[list[MigrateOperation], list[list[MigrateOperation]], list[MigrateOperation]]:
    """Return what comes before the first operation on tables, these, each with what follows it, and the rest."""
    from alembic.operations.ops import CreateTableOp, DropTableOp, ModifyTableOps

    kinds = (CreateTableOp, DropTableOp, ModifyTableOps)
    known = [number for number, operation in enumerate(operations) if isinstance(operation, kinds)]
    if not known:
        return list(operations), [], []
    units: list[list[MigrateOperation]] = []
    for operation in operations[known[0] : known[-1] + 1]:
        if isinstance(operation, kinds):
            units.append([operation])
        else:
            units[-1].append(operation)
    return list(operations[: known[0]]), units, list(operations[known[-1] + 1 :])


def _table(operation: Any) -> TableName:
    return operation.schema, operation.table_name


def _is_empty(operation: MigrateOperation) -> bool:
    from alembic.operations.ops import ModifyTableOps

    return isinstance(operation, ModifyTableOps) and operation.is_empty()


def _keys(elements: Iterable[Any]) -> Iterator[tuple[Any, TableName, set[str]]]:
    """Yield the foreign keys of a table, each with the table and the columns that it refers to."""
    from sqlalchemy import ForeignKeyConstraint

    for element in elements:
        if isinstance(element, ForeignKeyConstraint):
            *schema, table, _ = element.elements[0].target_fullname.rsplit(".", 2)
            columns = {key.target_fullname.rsplit(".", 1)[1] for key in element.elements}
            yield element, (schema[0] if schema else None, table), columns


def _creation(
    made: dict[TableName, list[MigrateOperation]], changed: list[list[MigrateOperation]], dialect: Dialect
) -> tuple[list[TableName], list[MigrateOperation]]:
    """Return the order in which tables are made, and the operations that add foreign keys afterwards."""
    found = {name: list(_keys(_elements(unit))) for name, unit in made.items()}
    new = {(name, column) for unit in changed for name, column in _new_columns(unit)}
    late = []
    if dialect.checks_references:
        for name, keys in found.items():
            # Alembic leaves out of the table what is to be added afterwards, and adds it nowhere
            waiting = [each for each in keys if each[0].use_alter or {(each[1], column) for column in each[2]} & new]
            late += [_split(name, made[name][0], key, target, dialect) for key, target, _ in waiting]
            found[name] = [each for each in keys if each not in waiting]
    while True:
        needs = {name: {target for _, target, _ in keys if target in made} - {name} for name, keys in found.items()}
        try:
            return list(TopologicalSorter(needs).static_order()), late
        except CycleError as error:
            # each needs the one before it
            needed, name = error.args[1][0], error.args[1][1]
            cut = [each for each in found[name] if each[1] == needed]
            found[name] = [each for each in found[name] if each[1] != needed]
            if dialect.checks_references:
                late += [_split(name, made[name][0], key, target, dialect) for key, target, _ in cut]


def _elements(unit: Sequence[Any]) -> list[Any]:
    return list(unit[0].columns)


def _new_columns(unit: Sequence[Any]) -> Iterator[tuple[TableName, str]]:
    """Yield the columns that a change adds to a table, makes unique, or gives another type."""
    from alembic.operations.ops import AddColumnOp, AlterColumnOp, CreateIndexOp, CreateUniqueConstraintOp

    for operation in getattr(unit[0], "ops", ()):
        if isinstance(operation, AddColumnOp):
            yield _table(unit[0]), operation.column.name
        elif isinstance(operation, AlterColumnOp) and operation.modify_type is not None:
            yield _table(unit[0]), operation.column_name
        elif isinstance(operation, (CreateUniqueConstraintOp, CreateIndexOp)):
            yield from ((_table(unit[0]), str(getattr(column, "name", column))) for column in operation.columns)


def _split(name: TableName, table: Any, key: Any, target: TableName, dialect: Dialect) -> MigrateOperation:
    """Take a foreign key out of the operation that makes a table, and return the one that adds it afterwards."""
    from alembic.operations.ops import CreateForeignKeyOp, ModifyTableOps

    table.columns = [element for element in table.columns if element is not key]
    adding = CreateForeignKeyOp.from_constraint(key)
    if adding.constraint_name is None:
        columns = [str(column) for column in key.column_keys]
        adding.constraint_name = dialect.constraint_name("foreign key", name[1], columns, target[1])
    return ModifyTableOps(name[1], [adding], schema=name[0])


def _dropping(
    dropped: dict[TableName, list[MigrateOperation]], dialect: Dialect
) -> tuple[list[MigrateOperation], list[TableName]]:
    """Return the operations that drop foreign keys beforehand, and the order in which tables are dropped."""
    from alembic.operations.ops import DropConstraintOp, ModifyTableOps

    found = {name: list(_keys(_reversed(unit))) for name, unit in dropped.items()}
    first: list[MigrateOperation] = []
    while True:
        users: dict[TableName, set[TableName]] = {name: set() for name in found}
        for name, keys in found.items():
            for _, target, _ in keys:
                if target in users and target != name:
                    users[target].add(name)
        try:
            return first, list(TopologicalSorter(users).static_order())
        except CycleError as error:
            # each is used by the one before it
            name, target = error.args[1][0], error.args[1][1]
            for key, _, _ in (each for each in found[name] if each[1] == target):
                if dialect.checks_references and key.name is not None:
                    first.append(ModifyTableOps(name[1], [DropConstraintOp.from_constraint(key)], schema=name[0]))
                    _leave_to_first(dropped[name], key)
            found[name] = [each for each in found[name] if each[1] != target]


def _reversed(unit: Sequence[Any]) -> list[Any]:
    """Return the elements of a table that is dropped."""
    from alembic.operations.ops import DropTableOp

    return [each for operation in unit if isinstance(operation, DropTableOp) for each in operation.reverse().columns]


def _leave_to_first(unit: list[MigrateOperation], key: Any) -> None:
    """Keep the downgrade from making a foreign key with its table, as it is added again afterwards."""
    from alembic.operations.ops import DropTableOp

    for position, operation in enumerate(unit):
        if isinstance(operation, DropTableOp):
            made = operation.reverse()
            made.columns = [element for element in made.columns if getattr(element, "name", None) != key.name]
            unit[position] = DropTableOp.from_table(made.to_table())


def _put_in_order(operations: Any) -> None:
    """Let the foreign keys that a change of a table drops come first, and those that it adds last."""
    from alembic.operations.ops import CreateForeignKeyOp, DropConstraintOp

    def rank(operation: MigrateOperation) -> int:
        if isinstance(operation, DropConstraintOp) and operation.constraint_type == "foreignkey":
            return 0
        return 2 if isinstance(operation, CreateForeignKeyOp) else 1

    operations.ops = sorted(operations.ops, key=rank)


def _delayed(changed: list[list[MigrateOperation]]) -> list[MigrateOperation]:
    """Take new foreign keys to what other changes add or alter out of the changes of tables, and return them."""
    from alembic.operations.ops import CreateForeignKeyOp, ModifyTableOps

    new = {place for unit in changed for place in _new_columns(unit)}
    late: list[MigrateOperation] = []
    for unit in changed:
        operations: Any = unit[0]
        moved = []
        for operation in operations.ops:
            if isinstance(operation, CreateForeignKeyOp):
                target = operation.kw.get("referent_schema"), operation.referent_table
                if target != _table(operations) and {(target, str(name)) for name in operation.remote_cols} & new:
                    moved.append(operation)
        if moved:
            operations.ops = [operation for operation in operations.ops if operation not in moved]
            late.append(ModifyTableOps(operations.table_name, moved, schema=operations.schema))
    return late


def _freed(changed: list[list[MigrateOperation]], waiting: set[TableName]) -> list[MigrateOperation]:
    """Take the drops of foreign keys to tables that wait for them out of the changes of tables, and return them."""
    from alembic.operations.ops import DropConstraintOp

    def target(operation: MigrateOperation) -> TableName | None:
        if not isinstance(operation, DropConstraintOp) or operation.constraint_type != "foreignkey":
            return None
        return _target(operation.reverse())

    return _moved(changed, waiting, target)


def _awaiting(changed: list[list[MigrateOperation]], gaining: set[TableName]) -> list[MigrateOperation]:
    """Take new foreign keys to tables that may get what they need out of the changes of tables, and return them."""
    return _moved(changed, gaining, _target)


def _moved(
    changed: list[list[MigrateOperation]],
    targets: set[TableName],
    target_of: Callable[[MigrateOperation], TableName | None],
) -> list[MigrateOperation]:
    """Take operations on foreign keys to other tables out of the changes of tables, and return them."""
    from alembic.operations.ops import ModifyTableOps

    moved: list[MigrateOperation] = []
    for unit in changed:
        table: Any = unit[0]
        own = [each for each in getattr(table, "ops", ()) if target_of(each) in targets - {_table(table)}]
        if own:
            table.ops = [each for each in table.ops if each not in own]
            moved.append(ModifyTableOps(table.table_name, own, schema=table.schema))
    return moved


def _target(operation: MigrateOperation) -> TableName | None:
    """Return the table to which an operation makes a foreign key, or None."""
    from alembic.operations.ops import CreateForeignKeyOp

    if not isinstance(operation, CreateForeignKeyOp):
        return None
    return operation.kw.get("referent_schema"), operation.referent_table


def _gains_something(operations: Any) -> bool:
    """Return whether a change adds what foreign keys of other tables may need."""
    from alembic.operations.ops import AddColumnOp, AddConstraintOp, CreateIndexOp, ExecuteSQLOp

    kinds = (AddColumnOp, AddConstraintOp, CreateIndexOp, ExecuteSQLOp)
    return any(isinstance(operation, kinds) for operation in getattr(operations, "ops", ()))


def _loses_something(operations: Any) -> bool:
    """Return whether a change drops or alters what foreign keys of other tables may refer to."""
    from alembic.operations.ops import AlterColumnOp, DropColumnOp, DropConstraintOp, DropIndexOp

    kinds = (DropColumnOp, DropIndexOp, DropConstraintOp, AlterColumnOp)
    return any(isinstance(operation, kinds) for operation in getattr(operations, "ops", ()))
