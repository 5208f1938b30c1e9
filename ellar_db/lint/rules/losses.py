"""Rules about what an upgrade loses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ellar_db.hooktypes import Problem, Rule
from ellar_db.lint.operations import Operations, name_of
from ellar_db.lint.rules.narrowing import narrowing
from ellar_db.lint.statements import Statement

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation
    from sqlalchemy.types import TypeEngine

    from ellar_db.dialects.enum_types import Place

KEEP = "make sure that nothing needs it, and keep a copy of what is in it"

RENAMED = "if it was renamed, delete the file and write it again with --rename; else "

ROWS = {True: "", False: "; here it has no rows", None: "; whether it has rows is unknown"}
"""What is known of a table's rows, after a message that assumes some."""


def dropped_table(operation: MigrateOperation, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if a table is dropped."""
    from alembic.operations import ops

    if isinstance(operation, ops.DropTableOp):
        table = operations.table(operation)
        may_be_renamed = any(isinstance(other, ops.CreateTableOp) for other in operations.all)
        message = f"drops the table with all its rows{ROWS[operations.has_rows(table)]}"
        yield Problem(name_of(table), None, message, f"{RENAMED if may_be_renamed else ''}{KEEP}")


def dropped_column(operation: MigrateOperation, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if a column is dropped."""
    from alembic.operations import ops

    # what is computed can be computed again
    if isinstance(operation, ops.DropColumnOp) and operation.to_column().computed is None:
        table = operations.table(operation)
        added = [other for other in operations.all if isinstance(other, ops.AddColumnOp)]
        may_be_renamed = any(operations.table(other) == table for other in added)
        message = f"drops the column with all its values{_of_table(operations.has_rows(table))}"
        yield Problem(name_of(table), operation.column_name, message, f"{RENAMED if may_be_renamed else ''}{KEEP}")


def emptied(statement: Statement, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if all rows of a table are removed."""
    for change in statement.changes:
        removes = change.kind == "truncate" or (change.kind == "delete" and not change.facts & {"where", "limit"})
        rows = operations.has_rows(change.table) if removes and change.table not in operations.made else False
        if rows is not False:
            yield Problem(name_of(change.table), None, f"removes all rows{ROWS[rows]}", KEEP)


def narrower_type(operation: MigrateOperation, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if the new type of a column doesn't have room for all values of the former one."""
    from alembic.operations import ops

    places = getattr(operation, "places", None)
    if places is not None:
        yield from _lost_labels(operation, places, operations)
    if not isinstance(operation, ops.AlterColumnOp) or operation.modify_type is None or operation.existing_type is None:
        return
    old, new = _instance(operation.existing_type), _instance(operation.modify_type)
    found = narrowing(old, new, operations.server)
    if not found or (found == "size" and not operations.dialect.enforces_sizes):
        return
    table = operations.table(operation)
    names = [type_.compile(dialect=operations.server) for type_ in (old, new)]
    message = f"{names[0]} becomes {names[1]}: values that don't fit are changed, or make the upgrade fail"
    yield Problem(
        name_of(table),
        operation.column_name,
        f"{message}{_of_table(operations.has_rows(table))}",
        "look for such values, and change them with op.execute() before this operation",
    )


def _lost_labels(operation: Any, places: Iterable[Place], operations: Operations) -> Iterator[Problem]:
    """Yield a problem for each column whose enum loses labels."""
    lost = ", ".join(repr(label) for label in operation.old_values if label not in operation.new_values)
    for schema, table, column in places if lost else ():
        yield Problem(
            name_of((schema, table)),
            column,
            f"the enum {operation.name} loses {lost}: the upgrade fails while a row has it"
            f"{_of_table(operations.has_rows((schema, table)))}",
            "give such rows another label with op.execute() before this operation, or rename the label in its place, "
            "with ALTER TYPE ... RENAME VALUE",
        )


def _of_table(rows: bool | None) -> str:
    return ROWS[rows].replace("it has", "the table has")


def _instance(type_: Any) -> TypeEngine[Any]:
    from sqlalchemy.types import to_instance

    found: TypeEngine[Any] = to_instance(type_)
    return found


RULES = (
    Rule(
        "DB101",
        "Table dropped",
        "The rows are lost. A downgrade makes the table again, without them. A table that was renamed in the models "
        "looks like one that was dropped and another one that was created.",
        "If it was renamed, delete the file and write it again with `--rename`. Else make sure that nothing needs the "
        "table, the former release of the application included, and keep a copy.",
        dropped_table,
    ),
    Rule(
        "DB102",
        "Column dropped",
        "The values are lost. A downgrade makes the column again, without them. A column that was renamed in the "
        "models looks like one that was dropped and another one that was added.",
        "If it was renamed, delete the file and write it again with `--rename`. Else make sure that nothing needs the "
        "column, the former release of the application included, and keep a copy.",
        dropped_column,
    ),
    Rule(
        "DB103",
        "Narrower type",
        "Values that don't fit into the new type are rounded or cut, or the upgrade fails; which of these depends on "
        "the database and the types. SQLite doesn't enforce lengths, so there only a change to another kind of values "
        "counts, such as from DateTime to Date. A label that an enum loses counts too.",
        "Look for such values, and change them with `op.execute()` before the operation.",
        narrower_type,
    ),
    Rule(
        "DB104",
        "Table emptied",
        "TRUNCATE, or DELETE without a condition, removes all rows of a table that is there before the revision. A "
        "downgrade doesn't bring them back.",
        "Keep a copy, and delete what is meant. TRUNCATE also keeps everybody else waiting until the transaction ends.",
        emptied,
        about="statement",
        bad='op.execute("TRUNCATE orders")',
        good="op.execute(\"DELETE FROM orders WHERE state = 'test'\")",
    ),
)
"""Those about losses."""
