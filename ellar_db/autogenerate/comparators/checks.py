"""Comparison of CHECK constraints, in tables and in columns, with names and without."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary, WeakSet

from ellar_db.autogenerate.comparators.restated import (
    condition,
    generated_names,
    restate_checks,
    restated_checks,
    without_check,
)
from ellar_db.autogenerate.compared import ComparedTable
from ellar_db.autogenerate.expressions import escaped
from ellar_db.autogenerate.uncompared import BY_NAME
from ellar_db.dialects.comparing import name_in_database
from ellar_db.util.errors import in_one_line
from ellar_db.util.sqlalchemy import is_created, is_type_bound

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ModifyTableOps
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import CheckConstraint, Table

    from ellar_db.dialects.base import Dialect

_of_columns: WeakKeyDictionary[AutogenContext, dict[str | None, Mapping[str, Sequence[str]] | None]] = (
    WeakKeyDictionary()
)
_prepared: WeakSet[AutogenContext] = WeakSet()

log = logging.getLogger("alembic.autogenerate.compare")
told = logging.getLogger("ellar_db")

KIND: Final = "check_constraint"
"""What the filters of names and objects are given as the kind."""


def compare_checks(table: ComparedTable) -> None:
    """Add operations for the CHECK constraints that a table lacks, or has in addition.

    Args:
        table: The table.
    """
    # an application that enables Alembic's own comparison gets that one
    if BY_NAME not in (table.context.opts.get("autogenerate_plugins") or ()):
        _compare(table)
        _tell_of_columns(table)


def checks_of(table: Table) -> list[CheckConstraint]:
    """Return the CHECK constraints of a table of the models, those of its columns and types included."""
    from sqlalchemy import CheckConstraint

    own = [each for each in table.constraints if isinstance(each, CheckConstraint)]
    columns = [each for column in table.columns for each in column.constraints if isinstance(each, CheckConstraint)]
    if len(own) > 1:
        # the order of a set
        own.sort(key=lambda each: (str(each.name or ""), str(each.sqltext)))
    return own + columns


def _compare(table: ComparedTable) -> None:
    from alembic.operations.ops import CreateCheckConstraintOp, DropConstraintOp
    from sqlalchemy import CheckConstraint
    from sqlalchemy.schema import conv

    context, operations, dialect = table.context, table.operations, table.dialect
    schema, name, inspected, declared = table.schema, table.name, table.inspected, table.declared
    migration = context.migration_context
    there = _there(context, schema, name, inspected)
    wanted = _wanted(migration, dialect, declared)
    if not wanted and not there:
        return
    if context not in _prepared:
        _prepared.add(context)
        _prepare(context, dialect)
    conditions = [condition(migration, check) for check in wanted]
    restated = restated_checks(migration, declared.columns, conditions)
    if restated is None:
        return
    known = [(_name(check), text, check) for check, text in zip(wanted, restated, strict=True)]
    missing, left = _unmatched(known, there)
    taken = {found for found, _ in there if found}
    for found, text in left:
        constraint = CheckConstraint(escaped(text), name=found)
        if not context.run_object_filters(constraint, found, KIND, True, None):
            continue
        if found is None:
            told.warning(
                "CHECK (%s) of %s isn't in the models, and stays: it has no name by which a revision could drop it; "
                "make the table anew in the revision, without it, or leave it in the models",
                in_one_line(text),
                table.place,
            )
        else:
            again = escaped(_reversible(migration, dialect, inspected, text))
            # a naming convention isn't applied to a name that is one already
            whole = conv(found)
            undo = CreateCheckConstraintOp(whole, name, again, schema=schema)
            operations.ops.append(DropConstraintOp(whole, name, type_="check", schema=schema, _reverse=undo))
            # it is dropped before the others are made
            taken.discard(found)
            log.info("Detected removed check constraint %r on table %r", found, name)
    names = _Names(migration, declared, taken, dict(zip(restated, conditions, strict=True)))
    for text, check in missing:
        if _comes_with_its_column(check, inspected):
            continue
        if context.run_object_filters(check, _name(check), KIND, False, None):
            given = check.name if _name(check) else names.of(text)
            made = CreateCheckConstraintOp(given, name, escaped(condition(migration, check)), schema=schema)
            _leave_out(check, operations)
            operations.ops.append(made)
            log.info("Detected added check constraint %r on table %r", str(given), name)


def _tell_of_columns(table: ComparedTable) -> None:
    """Say which CHECK constraints in columns differ, where they can't be dropped or added by themselves."""
    context, dialect = table.context, table.dialect
    inspected, declared, migration = table.inspected, table.declared, table.context.migration_context
    if dialect.reflects_checks_of_columns:
        return
    known = _of_columns.setdefault(context, {})
    if table.schema not in known:
        known[table.schema] = dialect.checks_of_columns(table.connection, table.schema)
    everywhere = known[table.schema]
    there = None if everywhere is None else everywhere.get(name_in_database(inspected), [])
    checks = [check for check in checks_of(declared) if _is_in_column(check) and is_created(check, context.dialect)]
    old = [check for check in checks if not _comes_with_its_column(check, inspected)]
    restated = restated_checks(migration, declared.columns, [condition(migration, check) for check in old])
    if there is None or restated is None:
        return
    for text in sorted(set(restated) ^ set(there)):
        told.warning(
            "CHECK (%s) in a column of %s is only in %s, and isn't written: change it with op.execute(), by "
            "ALTER TABLE ... MODIFY with the whole column, or make it a constraint of the table",
            in_one_line(text),
            table.place,
            "the models" if text in restated else "the database",
        )


class _Names:
    """Names for constraints that have none in the models: without one, a downgrade couldn't drop them.

    They are those that the database would give, or else made of the table's name.

    Args:
        context: The context of the comparison.
        table: The models' table.
        taken: The names that its constraints have.
        conditions: The conditions of the models' constraints, by what the database restates.
    """

    def __init__(self, context: MigrationContext, table: Table, taken: set[str], conditions: Mapping[str, str]) -> None:
        self.context = context
        self.table = table
        self.taken = taken
        self.conditions = conditions

    def of(self, text: str) -> str:
        """Return the name for a condition."""
        found = generated_names(self.context, self.table.columns, [self.conditions[text]], self.table.name)
        name = found.get(text) or f"ck_{self.table.name}"
        stem, number = name.rstrip("0123456789"), 0
        while name in self.taken:
            number += 1
            name = f"{stem}{number}"
        self.taken.add(name)
        return name


def _reversible(context: MigrationContext, dialect: Dialect, table: Table, text: str) -> str:
    """Return a condition that the database restates as it is, since what it restates isn't always that itself."""
    for candidate in dialect.conditions(text):
        if restated_checks(context, table.columns, [candidate]) == [text]:
            return candidate
    return text


def _wanted(context: MigrationContext, dialect: Dialect, table: Table) -> list[CheckConstraint]:
    """Return the constraints of a table of the models that can be compared."""
    return [
        check
        for check in checks_of(table)
        if is_created(check, context.dialect) and (dialect.reflects_checks_of_columns or not _is_in_column(check))
    ]


def _prepare(context: AutogenContext, dialect: Dialect) -> None:
    """Let the database restate the conditions of all tables at once."""
    migration = context.migration_context
    listed = ((table, _wanted(migration, dialect, table)) for table in context.sorted_tables)
    restate_checks(
        migration,
        ((table.columns, [condition(migration, check) for check in wanted]) for table, wanted in listed if wanted),
    )


def _there(context: AutogenContext, schema: str | None, table: str, inspected: Table) -> list[tuple[str | None, str]]:
    """Return names and conditions of the CHECK constraints that the database's table has."""
    from sqlalchemy import TextClause

    parents: Any = {"table_name": table, "schema_name": schema}
    return [
        (_name(check), check.sqltext.text)
        for check in checks_of(inspected)
        if isinstance(check.sqltext, TextClause) and context.run_name_filters(_name(check), KIND, parents)
    ]


def _unmatched(
    wanted: Sequence[tuple[str | None, str, CheckConstraint]], there: Iterable[tuple[str | None, str]]
) -> tuple[list[tuple[str, CheckConstraint]], list[tuple[str | None, str]]]:
    """Return the constraints that aren't there, and those that are there in addition."""
    left, missing = list(there), []
    # one without a name may have any; so those with one come first
    for name, text, check in sorted(wanted, key=lambda each: each[0] is None):
        same = [each for each in left if each[1] == text and name in (None, each[0])]
        if same:
            left.remove(same[0])
        else:
            missing.append((text, check))
    return missing, left


def _name(check: CheckConstraint) -> str | None:
    return check.name if isinstance(check.name, str) else None


def _is_in_column(check: CheckConstraint) -> bool:
    from sqlalchemy import Column

    return isinstance(check.parent, Column)


def _comes_with_its_column(check: CheckConstraint, inspected: Table) -> bool:
    """Return whether a constraint of a column, or of its type, is made by adding the column."""
    columns: Iterable[Any] = [check.parent] if _is_in_column(check) else check.columns if is_type_bound(check) else ()
    return any(column.name not in inspected.columns for column in columns)


def _leave_out(check: CheckConstraint, operations: ModifyTableOps) -> None:
    """Keep Alembic from making the constraint of a type as it changes the column, since not all servers drop it so."""
    from alembic.operations.ops import AlterColumnOp

    named = {column.name for column in check.columns} if is_type_bound(check) else ()
    for operation in operations.ops:
        if isinstance(operation, AlterColumnOp) and operation.modify_type and operation.column_name in named:
            operation.modify_type = without_check(operation.modify_type)
