"""Comparison of what Alembic doesn't compare of indexes: expressions, conditions, order, methods and options."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

from ellar_db.autogenerate.answers.inspection import RenamedInspector
from ellar_db.autogenerate.comparators.restated import NAME, temporarily_like
from ellar_db.autogenerate.compared import dialect_compared
from ellar_db.dialects.comparing import name_in_database

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ModifyTableOps
    from alembic.util import PriorityDispatchResult
    from sqlalchemy import Index, Table

    from ellar_db.dialects.base import Dialect

Texts: TypeAlias = "Mapping[str, Mapping[str, str]]"
"""How the indexes of a schema are stated, by table and name."""

SPECIAL = re.compile(
    r"\) (?:WHERE|INCLUDE|WITH|NULLS)\b|\bDESC\b|\bNULLS\b|_ops\b|^(?:UNIQUE )?(?!btree)\w+ \(|\([^)]*\("
)
"""What an index of the database has if it is more than a list of columns."""

_known: WeakKeyDictionary[AutogenContext, dict[str | None, Texts | None]] = WeakKeyDictionary()

log = logging.getLogger("alembic.autogenerate.compare")


def compare_indexes(
    context: AutogenContext,
    operations: ModifyTableOps,
    schema: str | None,
    name: str,
    inspected: Table | None,
    declared: Table | None,
) -> PriorityDispatchResult:
    """Add operations for the indexes of a table that Alembic takes for equal, or can't see.

    Args:
        context: The context of the comparison.
        operations: The table's operations, changed in place.
        schema: The table's schema; None is the default one.
        name: The table.
        inspected: The database's table; None if it is new.
        declared: The models' table; None if it is to be dropped.
    """
    from alembic.util import PriorityDispatchResult

    dialect = dialect_compared(context)
    there = _there(context, dialect, schema)
    if there is not None:
        former = "" if inspected is None else name_in_database(inspected)
        own = there.get(former, {})
        if isinstance(context.inspector, RenamedInspector):
            own = {each: context.inspector.in_new_names(schema, former, text) for each, text in own.items()}
        _Comparison(context, dialect, operations, schema, name, inspected, own).add(declared)
    return PriorityDispatchResult.CONTINUE


def _there(context: AutogenContext, dialect: Dialect, schema: str | None) -> Texts | None:
    """Return the indexes of a schema, read once per comparison."""
    known = _known.setdefault(context, {})
    if schema not in known:
        known[schema] = None if context.connection is None else dialect.index_texts(context.connection, schema)
    return known[schema]


class _Comparison:
    """The comparison of one table's indexes.

    Args:
        context: The context of the comparison.
        dialect: The database's kind.
        operations: The table's operations, changed in place.
        schema: The table's schema.
        name: The table.
        inspected: The database's table; None if it is new.
        there: How the database states its indexes.
    """

    def __init__(
        self,
        context: AutogenContext,
        dialect: Dialect,
        operations: ModifyTableOps,
        schema: str | None,
        name: str,
        inspected: Table | None,
        there: Mapping[str, str],
    ) -> None:
        self.context = context
        self.dialect = dialect
        self.operations = operations
        self.schema = schema
        self.name = name
        self.inspected = inspected
        self.there = there
        self.known = {str(getattr(each, "index_name", "")) for each in operations.ops}

    def add(self, declared: Table | None) -> None:
        """Add the operations that Alembic hasn't added already, and let those that it has know what they undo."""
        self._restore()
        wanted = {str(index.name): index for index in (declared.indexes if declared is not None else ()) if index.name}
        # on some servers a unique constraint is an index
        read = (
            set()
            if self.inspected is None
            else {str(getattr(each, "name", None)) for each in (*self.inspected.indexes, *self.inspected.constraints)}
        )
        for name in self.there.keys() - wanted.keys() - read - self.known:
            self._drop(name)
        for name in wanted.keys() - self.there.keys() - self.known:
            if self.dialect.index_parts("") is not None and is_special(wanted[name]):
                self._create(wanted[name])
        both = sorted((wanted.keys() & self.there.keys()) - self.known)
        if not any(is_special(wanted[name]) or SPECIAL.search(self.there[name]) for name in both):
            return
        assert declared is not None
        restated = self._restated(declared)
        for name in both:
            if restated.get(name, self.there[name]) != self.there[name] and self._drop(name):
                self._create(wanted[name])

    def _restated(self, declared: Table) -> Mapping[str, str]:
        schema = self.dialect.temporary_schema
        found = temporarily_like(
            self.context.migration_context,
            declared,
            lambda connection: self.dialect.index_texts(connection, schema, NAME),
        )
        return (found or {}).get(NAME, {})

    def _restore(self) -> None:
        """Let the drops of indexes, when they are undone, make all that there was, and not only what Alembic reads."""
        from alembic.operations.ops import DropIndexOp

        for position, operation in enumerate(self.operations.ops):
            if isinstance(operation, DropIndexOp):
                name = str(operation.index_name)
                index = self._found(name) if SPECIAL.search(self.there.get(name, "")) else None
                if index is not None:
                    self.operations.ops[position] = DropIndexOp.from_index(index)

    def _found(self, name: str) -> Index | None:
        """Return an index as the database has it."""
        from alembic.operations.ops import CreateIndexOp

        parts = self.dialect.index_parts(self.there[name])
        if parts is not None:
            server = self.context.migration_context.dialect.name
            options: dict[str, Any] = {f"{server}_{option}": value for option, value in parts["options"].items()}
            made = CreateIndexOp(
                name, self.name, parts["columns"], schema=self.schema, unique=parts["unique"], **options
            )
            return made.to_index(self.context.migration_context)
        read = self.inspected.indexes if self.inspected is not None else ()
        return next((each for each in read if each.name == name), None)

    def _create(self, index: Index) -> None:
        from alembic.operations.ops import CreateIndexOp

        if self.context.run_object_filters(index, index.name, "index", False, None):
            self.operations.ops.append(CreateIndexOp.from_index(index))
            log.info("Detected added index %r on table %r", str(index.name), self.name)

    def _drop(self, name: str) -> bool:
        from alembic.operations.ops import DropIndexOp

        index = self._found(name)
        if index is None or not self.context.run_object_filters(index, name, "index", True, None):
            return False
        self.operations.ops.append(DropIndexOp.from_index(index))
        log.info("Detected removed index %r on table %r", name, self.name)
        return True


def is_special(index: Index) -> bool:
    """Return whether an index has more than columns: an expression, an order, or an option of the kind of database."""
    from sqlalchemy import Column

    return bool(index.dialect_kwargs) or not all(isinstance(each, Column) for each in index.expressions)
