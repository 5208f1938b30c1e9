"""Names of indexes and constraints that change with the name of their table or column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.answers.inspection import RenamedInspector
from ellar_db.autogenerate.answers.operations import qualified, quoted, statement
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ExecuteSQLOp, MigrateOperation, ModifyTableOps, UpgradeOps
    from sqlalchemy import Inspector, Table

    from ellar_db.dialects.base import Dialect

KINDS = {"unique_constraint": "unique", "foreign_key_constraint": "foreignkey"}
"""The kinds of constraints, as `op.drop_constraint` names them, by the names that SQLAlchemy visits them with."""

LABELS = {
    "primary": "primary key",
    "unique": "unique",
    "foreignkey": "foreign key",
    "check": "check",
    "sequence": "sequence",
}
"""The kinds of names, as a dialect makes them, by their names here."""


def rename_parts(
    context: AutogenContext, operations: UpgradeOps, inspector: RenamedInspector
) -> list[MigrateOperation]:
    """Return statements that rename indexes and constraints, in place of a drop and an add that differ in the name.

    Where the database has no such statement, the new one is added before the old one is dropped, since a foreign key
    may need one of the two.

    Args:
        context: The comparison.
        operations: Its operations, changed in place.
        inspector: What is renamed.
    """
    from alembic.operations.ops import ModifyTableOps

    assert context.dialect is not None
    dialect = dialect_named(get_plugin_manager(), context.dialect.name)
    done: list[ExecuteSQLOp] = []
    for table in operations.ops:
        if isinstance(table, ModifyTableOps):
            done += _renamed(context, dialect, table)
    operations.ops[:] = [each for each in operations.ops if not isinstance(each, ModifyTableOps) or each.ops]
    known = {str(each.sqltext) for each in done}
    return [*done, *(each for each in _unnamed(context, dialect, inspector) if each.sqltext not in known)]


def _renamed(context: AutogenContext, dialect: Dialect, table: ModifyTableOps) -> Iterator[ExecuteSQLOp]:
    for drop in list(table.ops):
        old = _signature(drop, "drop")
        for add in list(table.ops) if old else ():
            new = _signature(add, "add")
            if new is None or old is None or old[1:] != new[1:] or _name(drop) == _name(add):
                continue
            names = table.schema, str(table.table_name), _name(drop), _name(add)
            renamed = _statement(context, dialect, old[0], *names)
            # a unique constraint may be read as an index, where it is one
            other = _statement(context, dialect, new[0], *names)
            if renamed is not None and other is not None and renamed.sqltext == other.sqltext:
                table.ops.remove(add)
                table.ops.remove(drop)
                yield renamed
                break
            if old[0] == new[0]:
                table.ops.remove(drop)
                table.ops.append(drop)
                break


def _signature(operation: MigrateOperation, which: str) -> tuple[Any, ...] | None:
    """Return the kind of an index or constraint and all but its name, or None for any other operation."""
    from alembic.operations.ops import AddConstraintOp, CreateIndexOp, DropConstraintOp, DropIndexOp

    if isinstance(operation, CreateIndexOp if which == "add" else DropIndexOp):
        index = operation.to_index()
        columns = tuple(getattr(each, "name", None) or str(each) for each in index.expressions)
        # what is read has empty values for what isn't stated
        options = sorted((key, str(value)) for key, value in index.kwargs.items() if value)
        return ("index", columns, bool(index.unique), tuple(options), ())
    if not isinstance(operation, AddConstraintOp if which == "add" else DropConstraintOp):
        return None
    constraint: Any = operation.to_constraint()
    kind = KINDS.get(constraint.__visit_name__)
    if kind is None:
        return None
    columns = tuple(column.name for column in constraint.columns)
    options = [(key, str(value)) for key in ("deferrable", "initially") if (value := getattr(constraint, key))]
    if kind == "unique":
        return (kind, columns, True, tuple(options), ())
    targets = tuple(element.target_fullname for element in constraint.elements)
    return (kind, columns, False, tuple(options), (targets, constraint.ondelete, constraint.onupdate, constraint.match))


def _name(operation: Any) -> str:
    named = operation.to_index() if hasattr(operation, "to_index") else operation.to_constraint()
    return str(named.name or "")


def _statement(
    context: AutogenContext, dialect: Dialect, kind: str, schema: str | None, table: str, old: str, new: str
) -> ExecuteSQLOp | None:
    """Return the statement that renames an index or constraint, or None if there is none."""
    there = qualified(context, schema, table)
    where = f"{quoted(context, schema)}." if schema else ""

    def text(old: str, new: str) -> str:
        if kind == "index":
            return dialect.rename_index(there, where, old, new)
        if kind == "sequence":
            return dialect.rename_sequence(where, old, new)
        return dialect.rename_constraint(there, kind, old, new)

    if not old or not new:
        return None
    old, new = quoted(context, old), quoted(context, new)
    return statement(text(old, new), text(new, old)) if text(old, new) else None


def _unnamed(context: AutogenContext, dialect: Dialect, inspector: RenamedInspector) -> Iterator[ExecuteSQLOp]:
    """Yield statements for what has the name that the server made of the table's and the columns' former names."""
    for schema, former in dict.fromkeys((*inspector.tables, *inspector.columns)):
        new = inspector.tables.get((schema, former), former)
        columns = inspector.columns.get((schema, former), {})
        models = _models(context, schema, new)
        given = set(_given(models))
        for kind, name, parts in _parts(dialect, inspector.inspector, schema, former):
            if name in given or name != dialect.constraint_name(LABELS[kind], former, parts):
                continue
            name_after = dialect.constraint_name(LABELS[kind], new, [columns.get(each, each) for each in parts])
            found = _statement(context, dialect, kind, schema, new, name, name_after) if name_after != name else None
            if found is not None:
                yield found


def _given(models: Table | None) -> Iterator[str]:
    """Yield the names of constraints and sequences that the models give themselves."""
    from sqlalchemy import Sequence

    if models is not None:
        yield from (str(each.name) for each in models.constraints if each.name)
        yield from (str(each.default.name) for each in models.columns if isinstance(each.default, Sequence))


def _parts(
    dialect: Dialect, inspector: Inspector, schema: str | None, table: str
) -> Iterator[tuple[str, str, list[str]]]:
    """Yield what the server may have named: kind, name, and the columns whose names are part of it."""
    yield "primary", str(inspector.get_pk_constraint(table, schema=schema)["name"]), []
    for unique in inspector.get_unique_constraints(table, schema=schema):
        yield "unique", str(unique["name"]), list(unique["column_names"])
    for key in inspector.get_foreign_keys(table, schema=schema):
        yield "foreignkey", str(key["name"]), list(key["constrained_columns"])
    names = [str(column["name"]) for column in inspector.get_columns(table, schema=schema)]
    for check in inspector.get_check_constraints(table, schema=schema):
        # with the name of a column if it is about that one only
        yield from (("check", str(check["name"]), columns) for columns in ([], *([name] for name in names)))
    for column in inspector.get_columns(table, schema=schema):
        # the sequence that a serial column, or an identity, has for itself
        sequence = dialect.constraint_name("sequence", table, [str(column["name"])])
        if column.get("identity") or re.search(rf"[.'\"]{re.escape(sequence)}[\"']", str(column.get("default"))):
            yield "sequence", sequence, [str(column["name"])]


def _models(context: AutogenContext, schema: str | None, table: str) -> Table | None:
    """Return a table of the models."""
    schemas = (schema, _default(context) if schema is None else schema)
    return next((each for each in context.sorted_tables if each.name == table and each.schema in schemas), None)


def _default(context: AutogenContext) -> str | None:
    return context.dialect.default_schema_name if context.dialect is not None else None
