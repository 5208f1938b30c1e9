"""Comments of constraints, which Alembic leaves out."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ellar_db.autogenerate.answers.operations import qualified, quoted, statement
from ellar_db.autogenerate.words import flattened
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps

log = logging.getLogger("alembic.autogenerate.compare")

Place: TypeAlias = tuple[str | None, str, str]
"""A schema, None for the default one; a table; and a constraint."""


def compare_constraint_comments(context: AutogenContext, operations: UpgradeOps) -> None:
    """Add the statements that give constraints the comments of the models; a step of the pipeline.

    A comment goes with its constraint, and so it is given again to one that is made anew, and the downgrade gives it
    back to one that is dropped.

    Args:
        context: The comparison.
        operations: Its operations, changed in place.
    """
    connection, theirs = context.connection, context.dialect
    if connection is None or not getattr(theirs, "supports_constraint_comments", False):
        return
    assert theirs is not None
    dialect = dialect_named(get_plugin_manager(), theirs.name)
    wanted = _declared(context)
    schemas = {None, *(schema for schema, _, _ in wanted)} if context.opts.get("include_schemas") else {None}
    found = {
        (schema, *place): comment
        for schema in schemas
        for place, comment in dialect.constraint_comments(connection, schema).items()
    }
    if not found and not any(wanted.values()):
        return
    found = _after_renames(found, operations)
    gone = set(_dropped(operations))
    # be it made anew or not
    dropped = {place for place in found if {place, (*place[:2], None)} & gone}

    def said(place: Place, comment: str | None) -> str:
        schema, table, name = place
        literal = "NULL" if comment is None else "'" + comment.replace("'", "''") + "'"
        return dialect.comment_on_constraint(qualified(context, schema, table), quoted(context, name), literal)

    for place, comment in wanted.items():
        before = None if place in dropped else found.get(place)
        if comment != before:
            operations.ops.append(statement(said(place, comment), said(place, before)))
            log.info("Detected another comment of constraint %r", ".".join(part for part in place if part))
    # ahead of what drops them, so that it comes behind it in the downgrade
    operations.ops[:0] = [statement(said(place, None), said(place, found[place])) for place in sorted(dropped, key=str)]


def _declared(context: AutogenContext) -> dict[Place, str | None]:
    """Return the comments of the models' constraints that have names."""
    assert context.dialect is not None
    preparer, found = context.dialect.identifier_preparer, {}
    for table in context.sorted_tables:
        if not context.run_object_filters(table, table.name, "table", False, None):
            continue
        for constraint in table.constraints:
            # as the server keeps it: from a naming convention, and truncated
            name = None if constraint.name is None else preparer.format_constraint(constraint)
            if name is not None:
                found[table.schema, str(table.name), _unquoted(name)] = getattr(constraint, "comment", None)
    return found


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"').replace("%%", "%") if name.startswith('"') else name


def _after_renames(found: Mapping[Place, str], operations: UpgradeOps) -> dict[Place, str]:
    from alembic.operations.ops import RenameTableOp

    renamed = {
        (operation.schema, operation.table_name): str(operation.new_table_name)
        for operation in flattened(operations)
        if isinstance(operation, RenameTableOp)
    }
    return {
        (schema, renamed.get((schema, table), table), name): comment for (schema, table, name), comment in found.items()
    }


def _dropped(operations: UpgradeOps) -> Iterator[tuple[str | None, str, str | None]]:
    """Yield the constraints that are dropped; no name stands for all those of a table."""
    from alembic.operations.ops import DropConstraintOp, DropTableOp

    for operation in flattened(operations):
        each: Any = operation
        if isinstance(operation, DropConstraintOp):
            yield each.schema, str(each.table_name), each.constraint_name
        elif isinstance(operation, DropTableOp):
            yield each.schema, str(each.table_name), None
