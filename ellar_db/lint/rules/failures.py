"""Rules about rows with which an upgrade fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ellar_db.ddl.changes import Table
from ellar_db.hooktypes import Problem, Rule
from ellar_db.lint.operations import Operations, name_of

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation
    from sqlalchemy import Column


def added_not_null(operation: MigrateOperation, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if a NOT NULL column without a default is added to a table that has rows."""
    from alembic.operations import ops

    if not isinstance(operation, ops.AddColumnOp) or not _needs_value(operation.column):
        return
    table = operations.table(operation)
    rows = operations.has_rows(table)
    if rows is False:
        return
    name = operation.column.name
    has = "has rows" if rows else "may have rows"
    filled = operations.dialect.fills_not_null
    happens = (
        "which get 0, '' or another value that the server chooses"
        if filled
        else f"with which the upgrade {'fails' if rows else 'would fail'}"
    )
    default = ", and its default in Python isn't for them" if operation.column.default is not None else ""
    yield Problem(
        name_of(table),
        name,
        f"is NOT NULL without a server_default in a table that {has}, {happens}{default}",
        f"give it a server_default, or delete the file and write it again with --fill {name_of(table)}.{name}=VALUE",
        "error" if rows and not filled else "warning",
    )


def set_not_null(operation: MigrateOperation, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if a column becomes NOT NULL while rows have no value in it."""
    from alembic.operations import ops

    if not isinstance(operation, ops.AlterColumnOp) or operation.modify_nullable is not False:
        return
    table, name = operations.table(operation), operation.column_name
    if operation.existing_nullable is False or operations.changes_rows(table):
        # it says that the column is NOT NULL already, or fills it
        return
    known, column = operations.known(table), operations.known_column(table, name)
    if known is None:
        return
    added = operations.added.get((table, name))
    if column is not None:
        nulls = operations.probes.has_nulls(known, column)
    elif added is not None and added.server_default is not None:
        nulls = False
    else:
        nulls = operations.has_rows(table)
    if nulls is False:
        return
    has, fails = ("have", "fails") if nulls else ("may have", "would fail")
    yield Problem(
        name_of(table),
        name,
        f"becomes NOT NULL while rows {has} no value in it, with which the upgrade {fails}",
        "fill it before with op.execute(), or delete the file and write it again with "
        f"--fill {name_of(table)}.{name}=VALUE",
        "error" if nulls else "warning",
    )


def possible_duplicates(operation: MigrateOperation, operations: Operations) -> Iterator[Problem]:
    """Yield a problem if something becomes unique in a table whose rows may have duplicates."""
    from alembic.operations import ops
    from sqlalchemy import Column

    if isinstance(operation, ops.CreateUniqueConstraintOp):
        columns: Sequence[Any] = operation.columns
    elif isinstance(operation, ops.CreateIndexOp) and operation.unique:
        columns = [each.name if isinstance(each, Column) else each for each in operation.columns]
    else:
        return
    table = operations.table(operation)
    known = operations.known(table)
    if known is None or operations.has_rows(table) is False:
        return
    new = [added for each in columns if (added := operations.added.get((table, str(each)))) is not None]
    if any(column.nullable and column.server_default is None for column in new):
        # NULLs aren't duplicates
        return
    names = [operations.known_column(table, each) if isinstance(each, str) else each for each in columns]
    found, query = (None, "") if new else _duplicates(operation, operations, known, names)
    if found is False:
        return
    told = ", ".join(str(each) for each in columns)
    if found:
        message, severity = f"several rows have the same ({told}), with which the upgrade fails", "error"
        fix = f"{query} shows them; change them in the database, or with op.execute() before this operation"
    else:
        message, severity = f"if several rows have the same ({told}), the upgrade fails", "warning"
        look = "delete the file and write it again with --probe-duplicates, which looks for them"
        asked = operations.duplicates or new
        fix = (f"look for them: {query}" if query else "look for them first") if asked else look
    yield Problem(name_of(table), None, message, fix, severity)  # type: ignore[arg-type]  # one of them


def _needs_value(column: Column[Any]) -> bool:
    """Return whether a row that exists already has no value for a column."""
    given = (column.server_default, column.computed, column.identity)
    return not column.nullable and all(each is None for each in given) and not _is_serial(column)


def _is_serial(column: Column[Any]) -> bool:
    """Return whether the server numbers the rows by itself, as it does in an integer that is the primary key."""
    table = getattr(column, "table", None)
    return table is not None and table.autoincrement_column is column


def _duplicates(
    operation: Any, operations: Operations, table: Table, columns: Sequence[Any]
) -> tuple[bool | None, str]:
    """Return whether there are duplicates, or None if that is unknown, and the query for them, if there is one."""
    options = {str(key).removeprefix(f"{operations.server.name}_"): value for key, value in operation.kw.items()}
    if options.get("length"):
        # it is unique by the beginnings of values
        return None, ""
    probes, where = operations.probes, options.get("where")
    try:
        shown = probes.duplicates(table, columns, where, shown=True).compile(dialect=operations.server)
    except Exception:  # the compiler of a package's expression may raise anything
        return None, ""
    found = probes.has_duplicates(probes.duplicates(table, columns, where)) if operations.duplicates else None
    return found, f"`{' '.join(str(shown).split())}`"


def not_validated(operation: MigrateOperation, _: Operations) -> Iterator[Problem]:
    """Yield a problem if a foreign key is added NOT VALID."""
    from alembic.operations import ops

    if isinstance(operation, ops.CreateForeignKeyOp) and operation.kw.get("postgresql_not_valid"):
        table, name = name_of((operation.kw.get("source_schema"), operation.source_table)), operation.constraint_name
        message = f"adds {name} NOT VALID, so that rows that are there aren't checked"
        yield Problem(table, None, message, f"validate it later: ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


RULES = (
    Rule(
        "DB201",
        "NOT NULL column without a default",
        "The rows that are there have no value for the column, so that the upgrade fails. MySQL and MariaDB give them "
        "one of their own: 0, an empty string, or the first value of an enum. `default=` of a Column is for rows that "
        "the application inserts, not for these.",
        "Give the column a `server_default`, or delete the file and write it again with `--fill table.column=VALUE`, "
        "which adds the column as nullable, fills it, and then makes it NOT NULL.",
        added_not_null,
    ),
    Rule(
        "DB202",
        "NOT NULL while there are NULLs",
        "The upgrade fails while a row has no value in the column.",
        "Fill the column before the operation, with `op.execute()` or by `--fill table.column=VALUE`.",
        set_not_null,
    ),
    Rule(
        "DB203",
        "Unique over possible duplicates",
        "The upgrade fails if several rows have the same values. That is looked for only with `--probe-duplicates`, "
        "since it reads the whole table.",
        "Look for duplicates, with the option or with the query that the finding names, and change them before.",
        possible_duplicates,
    ),
    Rule(
        "DB204",
        "Foreign key that isn't validated",
        "PostgreSQL checks a foreign key that is NOT VALID for rows that come or change, not for those that are there.",
        'Once the rows are right, write a revision with `op.execute("ALTER TABLE ... VALIDATE CONSTRAINT ...")`, which '
        "doesn't block writes.",
        not_validated,
        lambda dialect: bool(dialect.using),
    ),
)
"""Those about rows with which an upgrade fails."""
