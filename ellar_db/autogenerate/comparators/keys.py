"""Comparison of what Alembic doesn't compare of foreign keys and UNIQUE: names, the order of columns, options."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ellar_db.autogenerate.answers.operations import one_way, qualified, quoted, statement
from ellar_db.autogenerate.compared import ComparedTable
from ellar_db.autogenerate.foreign_keys.keys import Key, keys_of
from ellar_db.autogenerate.reading import read
from ellar_db.dialects.comparing import name_in_database

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import AddConstraintOp, DropConstraintOp, MigrateOperation, UpgradeOps
    from sqlalchemy import Constraint, ForeignKeyConstraint, UniqueConstraint


log = logging.getLogger("alembic.autogenerate.compare")

_options: WeakKeyDictionary[AutogenContext, dict[str | None, Mapping[str, Mapping[str, Mapping[str, Any]]]]] = (
    WeakKeyDictionary()
)

INCLUDE = "postgresql_include"
"""The option of a constraint that includes columns."""

KINDS = {"foreignkey": "foreign_key_constraint", "unique": "unique_constraint"}
"""What the filters are given as the kind, by the type of the constraint."""


def compare_keys(table: ComparedTable) -> None:
    """Replace the foreign keys and UNIQUE constraints that Alembic takes for equal, and that aren't.

    Args:
        table: The table.
    """
    _Foreign(table).compare()
    _Unique(table).compare()


class _Comparison:
    """The comparison of one table's constraints of a kind.

    Args:
        table: The table.
    """

    type_ = ""

    def __init__(self, table: ComparedTable) -> None:
        from alembic.operations.ops import AddConstraintOp, DropConstraintOp

        self.table = table
        self.context = table.context
        self.dialect = table.dialect
        self.operations = table.operations
        self.schema = table.schema
        self.inspected = table.inspected
        self.declared = table.declared
        # what Alembic has found
        self.dropped = {each.constraint_name for each in self.operations.ops if isinstance(each, DropConstraintOp)}
        self.added = [each.to_constraint() for each in self.operations.ops if isinstance(each, AddConstraintOp)]

    def compare(self) -> None:
        """Add the operations."""
        for name, drop, wanted, differs in self.pairs():
            if name is not None and name in self.dropped:
                continue
            if not differs and not (isinstance(wanted.name, str) and self._is_renamed(name, wanted)):
                continue
            there = drop()
            if self._is_included(there, wanted):
                # it must be dropped before another is made with its name
                self.operations.ops += [there, self._added(there, self.adding(wanted))]
                log.info("Detected changed constraint %r on %r", there.constraint_name, self.declared.name)

    def _added(self, there: DropConstraintOp, adding: AddConstraintOp) -> MigrateOperation:
        """Return what adds a constraint, in a batch operation of its own if another of that name is dropped.

        A batch operation reads no options, and so takes two for the same that differ in them alone.
        """
        if not self.dialect.naming_convention or str(adding.to_constraint().name) != there.constraint_name:
            return adding
        return one_way(str(self.declared.name), [adding], [adding.reverse()], schema=self.schema)

    def pairs(self) -> Iterator[tuple[str | None, Callable[[], DropConstraintOp], Any, bool]]:
        """Yield constraints of the database: the name, and a function that returns what drops it.

        With each come the one of the models that Alembic takes for it, and whether they differ in more than the name.
        """
        raise NotImplementedError

    def adding(self, wanted: Any) -> AddConstraintOp:
        """Return what adds a constraint of the models."""
        from alembic.operations.ops import AddConstraintOp

        return AddConstraintOp.from_constraint(wanted)

    def _is_renamed(self, found: Any, wanted: Constraint) -> bool:
        # as the database has it, which may be shorter
        preparer = self.context.migration_context.dialect.identifier_preparer
        return found is None or preparer.format_constraint(wanted) != preparer.quote(str(found))

    def _is_included(self, there: DropConstraintOp, wanted: Constraint) -> bool:
        kind: Any = KINDS[self.type_]
        found: Any = there.to_constraint()
        name, parents = there.constraint_name, {"table_name": self.declared.name, "schema_name": self.schema}
        given = wanted.name if isinstance(wanted.name, str) else None
        return (
            self.context.run_name_filters(name, kind, parents)  # type: ignore[arg-type]
            and self.context.run_object_filters(found, name, kind, True, wanted)
            and self.context.run_object_filters(wanted, given, kind, False, found)
        )


class _Foreign(_Comparison):
    """Foreign keys: names, MATCH, and actions that Alembic takes for the same."""

    type_ = "foreignkey"

    def pairs(self) -> Iterator[tuple[str | None, Callable[[], DropConstraintOp], ForeignKeyConstraint, bool]]:
        from sqlalchemy import ForeignKeyConstraint

        left = sorted(self.declared.foreign_key_constraints, key=lambda each: str(each.name or ""))
        added: list[Any] = [each for each in self.added if isinstance(each, ForeignKeyConstraint)]
        done = [(list(each.column_keys), _target(each)) for each in added]
        for key in self._read():
            same = [each for each in left if self._is(key, each)]
            # of several alike, the one of that name
            same.sort(key=lambda each: each.name != key.name)
            if same:
                left.remove(same[0])
            if same and (list(same[0].column_keys), _target(same[0])) not in done:
                yield key.name, key.drop, same[0], self._differs(key, same[0])

    def _read(self) -> list[Key]:
        found = keys_of(self.context, str(self.declared.name), self.schema)
        if not found or not self.dialect.key_options:
            return found
        known = _options.setdefault(self.context, {})
        if self.schema not in known:
            known[self.schema] = self.dialect.foreign_key_options(self.table.connection, self.schema)
        more = known[self.schema].get(name_in_database(self.inspected), {})
        return [key.with_options(more.get(str(key.name), {})) for key in found]

    def _is(self, key: Key, wanted: ForeignKeyConstraint) -> bool:
        default = self.context.migration_context.dialect.default_schema_name
        schema, table, columns = _target(wanted)
        own = [str(column.name) for column in wanted.columns]
        return (list(key.columns), key.target[1], list(key.target_columns)) == (own, table, columns) and (
            key.target[0] or default
        ) == (schema or default)

    def _differs(self, key: Key, wanted: ForeignKeyConstraint) -> bool:
        return any(
            str(key.options.get(option) or default).upper() != str(getattr(wanted, option) or default).upper()
            for option, default in self.dialect.key_options.items()
        )


class _Unique(_Comparison):
    """UNIQUE constraints: names, the order of columns, and options."""

    type_ = "unique"

    def pairs(self) -> Iterator[tuple[str | None, Callable[[], DropConstraintOp], UniqueConstraint, bool]]:
        from alembic.operations.ops import DropConstraintOp
        from sqlalchemy import UniqueConstraint

        wanted = [each for each in self.declared.constraints if isinstance(each, UniqueConstraint)]
        done = {each.name for each in self.added if isinstance(each, UniqueConstraint)}
        options = self._options() if wanted else {}
        for found in read(self.context, "unique_constraints", str(self.declared.name), self.schema):
            columns = [str(column) for column in found["column_names"]]
            same = [each for each in wanted if sorted(_names(each)) == sorted(columns)]
            same.sort(key=lambda each: each.name != found["name"])
            if not same or (same[0].name in done and same[0].name is not None):
                continue
            if isinstance(same[0].name, str) and found["name"] and self._is_renamed(found["name"], same[0]):
                # Alembic compares these by their names
                continue
            wanted.remove(same[0])
            there = self._there(found["name"], columns, options.get(tuple(columns), {}))
            differs = columns != _names(same[0]) or self._stated(there) != self._stated(same[0])
            yield found["name"], partial(DropConstraintOp.from_constraint, there), same[0], differs

    def _options(self) -> Mapping[tuple[str, ...], Mapping[str, Any]]:
        """Return the options of the database's constraints, by their columns as they are called now."""
        if not self.dialect.unique_options:
            return {}
        names = {name_in_database(column): str(column.name) for column in self.inspected.columns}
        options = self.dialect.options_of_uniques(self.table.connection, name_in_database(self.inspected), self.schema)
        return {tuple(names.get(column, column) for column in columns): found for columns, found in options.items()}

    def _stated(self, constraint: UniqueConstraint) -> dict[str, str]:
        given = {
            "deferrable": constraint.deferrable,
            # the default
            "initially": None if str(constraint.initially).upper() == "IMMEDIATE" else constraint.initially,
            **constraint.dialect_kwargs,
        }
        return {option: str(given[option]).upper() for option in self.dialect.unique_options if given.get(option)}

    def _there(self, name: str | None, columns: list[str], options: Mapping[str, Any]) -> UniqueConstraint:
        """Return a constraint of the database, in a table of its own."""
        from sqlalchemy import Column, MetaData, Table, UniqueConstraint
        from sqlalchemy.exc import ArgumentError

        types = {str(column.name): column.type for column in self.inspected.columns}
        table = Table(
            self.declared.name, MetaData(), *(Column(each, types.get(each)) for each in columns), schema=self.schema
        )
        try:
            constraint = UniqueConstraint(*table.c, name=name, **options)
        except ArgumentError:
            # older releases of SQLAlchemy know no included columns
            plain = {option: value for option, value in options.items() if option != INCLUDE}
            constraint = UniqueConstraint(*table.c, name=name, **plain)
        table.append_constraint(constraint)
        return constraint


def _names(constraint: UniqueConstraint) -> list[str]:
    return [str(column.name) for column in constraint.columns]


def _target(constraint: Any) -> tuple[str | None, str, list[str]]:
    """Return schema, table and columns to which a foreign key refers."""
    *schema, table, _ = constraint.elements[0].target_fullname.rsplit(".", 2)
    columns = [element.target_fullname.rsplit(".", 1)[1] for element in constraint.elements]
    return schema[0] if schema else None, table, columns


def state_included(context: AutogenContext, operations: UpgradeOps) -> None:
    """Write UNIQUE constraints that include columns as statements: Alembic's operation knows no such columns; a step.

    Args:
        context: The comparison.
        operations: Its operations, changed in place.
    """
    from alembic.operations.ops import CreateUniqueConstraintOp, DropConstraintOp, ModifyTableOps

    for table in (each for each in operations.ops if isinstance(each, ModifyTableOps)):
        for position, each in enumerate(table.ops):
            dropped = isinstance(each, DropConstraintOp) and each.constraint_type == "unique"
            made = each.reverse() if dropped else each
            if not isinstance(made, CreateUniqueConstraintOp) or not made.kw.get(INCLUDE):
                continue
            place, name = qualified(context, made.schema, made.table_name), quoted(context, str(made.constraint_name))
            columns, included = (
                ", ".join(quoted(context, str(getattr(column, "name", column))) for column in listed)
                for listed in (made.columns, made.kw[INCLUDE])
            )
            ends = " DEFERRABLE" * bool(made.kw.get("deferrable"))
            ends += f" INITIALLY {made.kw['initially']}" if made.kw.get("initially") else ""
            add = f"ALTER TABLE {place} ADD CONSTRAINT {name} UNIQUE ({columns}) INCLUDE ({included}){ends}"
            drop = f"ALTER TABLE {place} DROP CONSTRAINT {name}"
            table.ops[position] = statement(drop, add) if dropped else statement(add, drop)
