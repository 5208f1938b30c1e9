"""Changed labels of types of enums.

alembic-postgresql-enum finds them. What it writes is replaced by plain statements: it puts a label that is added behind
the one that it should precede, and can't change a type that views, CHECK constraints or foreign keys use.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.comparators.checks import checks_of
from ellar_db.autogenerate.comparators.restated import condition
from ellar_db.autogenerate.expressions import escaped
from ellar_db.autogenerate.words import flattened
from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps
    from sqlalchemy import Enum

    from ellar_db.dialects.base import Dialect
    from ellar_db.dialects.enum_types import EnumType, Place

log = logging.getLogger("ellar_db")


def compare_enums_elsewhere(context: AutogenContext, operations: UpgradeOps, schemas: Iterable[str | None]) -> None:
    """Compare the types that the models have in schemas whose tables aren't compared.

    A type that no column has any more is left there, since it may be another program's.

    Args:
        context: The context of the comparison.
        operations: The operations, changed in place.
        schemas: The schemas whose types are compared already; None is the default one.
    """
    dialect = _dialect(context)
    # what isn't imported doesn't take part
    if not dialect.enums or dialect.enums not in sys.modules or dialect.enums not in dialect.comparators:
        return
    from alembic_postgresql_enum.configuration import get_configuration
    from alembic_postgresql_enum.detection_of_changes import create_new_enums, sync_changed_enums
    from alembic_postgresql_enum.get_enum_data import get_declared_enums, get_defined_enums
    from alembic_postgresql_enum.operations.create_enum import CreateEnumOp

    connection, configuration = context.connection, get_configuration()
    assert connection is not None
    default: Any = connection.dialect.default_schema_name
    compared = {schema or default for schema in schemas}
    for schema in sorted({type_.schema or default for type_ in _declared(context)} - compared):
        defined = get_defined_enums(connection, schema, configuration.include_name)
        declared = get_declared_enums(
            context.metadata, schema, default, connection, operations, configuration.include_name
        )
        create_new_enums(defined, declared.enum_values, schema, operations)
        if configuration.detect_enum_values_changes:
            references = declared.enum_table_references
            sync_changed_enums(defined, declared.enum_values, references, schema, operations, connection=connection)
    # a schema that isn't there yet has been compared as well if the models have tables in it
    made = [each for each in operations.ops if isinstance(each, CreateEnumOp)]
    first = {(each.schema, each.name): each for each in reversed(made)}
    operations.ops[:] = [each for each in operations.ops if each not in made or each in first.values()]


def relabel(context: AutogenContext, operations: UpgradeOps) -> None:
    """Write changes of labels as plain statements, before all other changes; a step of the pipeline.

    Labels are added to a type if that suffices. Else it is made anew, with what uses it. A default that changes, and
    a constraint or an index that goes, is then a part of that, since it may need a label that isn't there before or
    afterwards.
    """
    dialect = _dialect(context)
    if not dialect.enums or context.connection is None:
        return
    if dialect.enums not in sys.modules:
        _tell_what_differs(context, dialect)
        return
    from alembic_postgresql_enum.operations.add_enum_values import AddEnumValuesOp
    from alembic_postgresql_enum.operations.sync_enum_values import SyncEnumValuesOp

    for found in [each for each in operations.ops if isinstance(each, (AddEnumValuesOp, SyncEnumValuesOp))]:
        schema = None if found.schema == context.connection.dialect.default_schema_name else found.schema
        type_ = dialect.enum_type(context.connection, schema, found.name)
        if type_ is None:
            continue
        old, new = list(found.old_values), list(found.new_values)
        made = relabelling()(found.schema, found.name, old, new, found.affected_columns)
        if isinstance(found, AddEnumValuesOp) and not _is_used(context, operations, set(new) - set(old)):
            made.statements, after = type_.grown(old, new), type_
        else:
            after = _afterwards(context, operations, type_)
            made.statements = type_.made_anew(new, after)
        made.back = after.made_anew(old, type_)
        made.places = list(type_.columns)
        operations.ops.remove(found)
        operations.ops.insert(0, made)
        if type_.others:
            log.warning(
                "the enum %s is used by what the revision doesn't make anew, so that its %s fails: %s; drop it before, "
                "and make it again after",
                type_.name,
                "downgrade" if after is type_ else "upgrade",
                ", ".join(type_.others),
            )


def _tell_what_differs(context: AutogenContext, dialect: Dialect) -> None:
    """Name the types whose labels aren't those of the models, where nothing writes the change."""
    assert context.connection is not None
    for (schema, name), declared in {(each.schema, each.name): each for each in _declared(context)}.items():
        found = dialect.enum_type(context.connection, schema, str(name))
        if found is not None and found.labels and list(found.labels) != list(declared.enums):
            log.warning(
                "the enum %s has the labels %s, and in the models %s; that is compared only with %s: pip install %s",
                name,
                ", ".join(found.labels),
                ", ".join(map(str, declared.enums)),
                *[dialect.enums.replace("_", "-")] * 2,
            )


@cache
def relabelling() -> Any:
    """Return the operation, a change of labels that knows the statements of both directions."""
    from alembic.autogenerate import renderers
    from alembic_postgresql_enum.operations.sync_enum_values import SyncEnumValuesOp

    class ChangeEnumOp(SyncEnumValuesOp):  # type: ignore[misc]  # the package has no types
        statements: Sequence[str] = ()
        back: Sequence[str] = ()
        places: Sequence[Place] = ()
        """The columns that have the type."""

        def reverse(self) -> ChangeEnumOp:
            made = ChangeEnumOp(self.schema, self.name, self.new_values, self.old_values, self.affected_columns)
            made.statements, made.back, made.places = self.back, self.statements, self.places
            return made

    @renderers.dispatch_for(ChangeEnumOp)
    def render(context: AutogenContext, operation: ChangeEnumOp) -> list[str]:
        prefix = context.opts.get("alembic_module_prefix") or ""
        return [f"{prefix}execute({_written(escaped(each))})" for each in operation.statements]

    return ChangeEnumOp


def _written(statement: str) -> str:
    lines = statement.splitlines(keepends=True)
    return repr(statement) if len(lines) == 1 else "\n" + "".join(f"    {line!r}\n" for line in lines)


def _dialect(context: AutogenContext) -> Dialect:
    assert context.dialect is not None
    return dialect_named(get_plugin_manager(), context.dialect.name)


def _declared(context: AutogenContext) -> Iterator[Enum]:
    """Yield the types of enums that the models have."""
    from sqlalchemy import ARRAY, Enum

    for table in context.sorted_tables:
        for column in table.columns:
            type_ = column.type.item_type if isinstance(column.type, ARRAY) else column.type
            if isinstance(type_, Enum) and type_.native_enum:
                yield type_


def _is_used(context: AutogenContext, operations: UpgradeOps, labels: Iterable[str]) -> bool:
    """Return whether a revision uses labels that it adds, which the server refuses in the same transaction."""
    texts = [text for operation in flattened(operations) for text in _texts(context, operation)]
    return any("'" + label.replace("'", "''") + "'" in text for label in labels for text in texts)


def _texts(context: AutogenContext, operation: Any) -> Iterator[str]:
    """Yield the SQL of an operation that may name a label."""
    from alembic.operations import ops
    from sqlalchemy import Column
    from sqlalchemy.schema import CreateIndex

    if isinstance(operation, ops.AlterColumnOp):
        yield _default(context, operation.modify_server_default) or ""
    elif isinstance(operation, ops.AddColumnOp):
        yield _default(context, operation.column.server_default) or ""
    elif isinstance(operation, ops.CreateTableOp):
        columns = [each for each in operation.columns if isinstance(each, Column)]
        yield from (_default(context, column.server_default) or "" for column in columns)
        yield from (condition(context.migration_context, check) for check in checks_of(operation.to_table()))
    elif isinstance(operation, ops.CreateCheckConstraintOp):
        yield condition(context.migration_context, operation.to_constraint())
    elif isinstance(operation, ops.CreateIndexOp):
        yield str(CreateIndex(operation.to_index()).compile(dialect=context.dialect))


def _default(context: AutogenContext, default: Any) -> str | None:
    """Return a server default as SQL, or None."""
    # what a column is computed from may name a label, too
    given = getattr(default, "arg", getattr(default, "sqltext", None))
    if given is None:
        return None
    if isinstance(given, str):
        return "'" + given.replace("'", "''") + "'"
    return str(given.compile(dialect=context.dialect, compile_kwargs={"literal_binds": True})).replace("%%", "%")


def _afterwards(context: AutogenContext, operations: UpgradeOps, type_: EnumType) -> EnumType:
    """Return how a type will be used once the revision is done, and take that out of the revision."""
    from alembic.operations.ops import AlterColumnOp, DropConstraintOp, DropIndexOp, ModifyTableOps

    defaults, constraints, indexes = dict(type_.defaults), dict(type_.constraints), dict(type_.indexes)
    assert context.connection is not None
    default_schema = context.connection.dialect.default_schema_name
    for table in [each for each in operations.ops if isinstance(each, ModifyTableOps)]:
        place = None if table.schema == default_schema else table.schema, table.table_name
        for operation in list(table.ops):
            if isinstance(operation, AlterColumnOp):
                column = *place, operation.column_name
                changed = operation.modify_server_default is not False and operation.modify_type is None
                if changed and column in type_.columns:
                    default = _default(context, operation.modify_server_default)
                    defaults.pop(column, None)
                    if default is not None:
                        defaults[column] = default
                    operation.modify_server_default = False
                    gone = not operation.has_changes()
                else:
                    gone = False
            elif isinstance(operation, DropConstraintOp):
                gone = constraints.pop((*place, str(operation.constraint_name)), None) is not None
            else:
                gone = isinstance(operation, DropIndexOp) and (
                    indexes.pop((*place, str(operation.index_name)), None) is not None
                )
            if gone:
                table.ops.remove(operation)
    return replace(type_, defaults=defaults, constraints=constraints, indexes=indexes)
