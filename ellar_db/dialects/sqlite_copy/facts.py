"""What SQLAlchemy knows of a table, in a form in which two versions of the table can be compared."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.sqlite_copy.text import folded, literal
from ellar_db.util.sqlalchemy import is_created, is_type_bound

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Constraint, Dialect, ForeignKeyConstraint, Index, Table


@dataclass(frozen=True)
class ColumnFacts:
    """What SQLAlchemy knows of a column.

    Args:
        type: Its type in SQL; empty if it has none.
        nullable: Whether it may be null.
        default: Its default in SQL, or None.
        computed: The expression of a generated column and whether it is stored, or None.
    """

    type: str
    nullable: bool
    default: str | None
    computed: tuple[str, bool | None] | None


@dataclass(frozen=True)
class ConstraintFacts:
    """What SQLAlchemy knows of a constraint.

    Args:
        kind: PRIMARY, UNIQUE, FOREIGN or CHECK.
        name: Its name.
        columns: Its columns, folded.
        details: All else that makes a difference.
    """

    kind: str
    name: str | None
    columns: tuple[str, ...]
    details: tuple[Any, ...]

    @property
    def nameless(self) -> tuple[Any, ...]:
        """All but the name."""
        return self.kind, self.columns, self.details


@dataclass(frozen=True)
class TableFacts:
    """What SQLAlchemy knows of a table; columns have the names from before the batch operation.

    Args:
        columns: The columns by their folded names, in order.
        constraints: The constraints, each with SQLAlchemy's object.
        options: The options: STRICT, WITHOUT ROWID.
        autoincrement: Whether AUTOINCREMENT was asked for.
    """

    columns: dict[str, tuple[ColumnFacts, Column[Any]]]
    constraints: list[tuple[ConstraintFacts, Constraint]]
    options: frozenset[str]
    autoincrement: bool

    @classmethod
    def of(cls, table: Table, dialect: Dialect) -> TableFacts:
        """Describe a table.

        Args:
            table: The table.
            dialect: SQLAlchemy's dialect.
        """
        options = table.dialect_options["sqlite"]
        named = {"STRICT": options["strict"], "WITHOUT ROWID": not options["with_rowid"]}
        return cls(
            {folded(column.key): (_column(column, dialect), column) for column in table.columns},
            list(_constraints(table, dialect)),
            frozenset(option for option, is_set in named.items() if is_set),
            bool(options["autoincrement"]),
        )

    def checks(self) -> Iterator[tuple[ConstraintFacts, Constraint]]:
        """Yield the CHECK constraints."""
        return ((facts, object_) for facts, object_ in self.constraints if facts.kind == "CHECK")


def reflected(connection: Connection, name: str, schema: str | None) -> Table:
    """Return a table as Alembic reads it for a batch operation that has no options.

    Args:
        connection: The connection.
        name: The table.
        schema: Its schema, or None.
    """
    from alembic.ddl.impl import DefaultImpl
    from sqlalchemy import MetaData, Table
    from sqlalchemy.exc import NoSuchTableError

    impl = DefaultImpl.get_by_dialect(connection.dialect)(connection.dialect, connection, False, None, None, {})
    options: dict[str, Any] = {
        "schema": schema,
        "autoload_with": connection,
        "listeners": [("column_reflect", impl.autogen_column_reflect)],
    }
    with warnings.catch_warnings():
        # Alembic has already warned of all that it can't read
        warnings.simplefilter("ignore")
        try:
            # a column without a type gets that of the column to which it refers
            return Table(name, MetaData(), **options)
        except NoSuchTableError:
            return Table(name, MetaData(), **options, resolve_fks=False)


def same_index(one: Index, other: Index) -> bool:
    """Return whether two indexes are the same as far as SQLAlchemy knows; columns by the names from before."""
    return _index(one) == _index(other)


def literal_defaults(table: Table) -> None:
    """Make the defaults of a table be written as they are: SQLAlchemy takes a colon for a parameter's.

    A column whose default Alembic took away isn't computed any more either.

    Args:
        table: A table that Alembic made for a batch operation alone.
    """
    from sqlalchemy import DefaultClause, text

    for column in table.columns:
        default = column.server_default
        if column.computed is not default:
            column.computed = None
        if isinstance(default, DefaultClause) and (written := _literal(default.arg)) is not None:
            column.server_default = DefaultClause(text(written.replace(":", r"\:")))


def _column(column: Column[Any], dialect: Dialect) -> ColumnFacts:
    from sqlalchemy import Computed, DefaultClause
    from sqlalchemy.types import NullType

    given: Any = column.server_default
    computed = column.computed
    default = None
    if isinstance(given, DefaultClause) and not isinstance(given, Computed):
        default = _words(given.arg, dialect)
    return ColumnFacts(
        "" if isinstance(column.type, NullType) else column.type.compile(dialect=dialect),
        bool(column.nullable),
        default,
        None if computed is None else (_words(computed.sqltext, dialect), computed.persisted),
    )


def _constraints(table: Table, dialect: Dialect) -> Iterator[tuple[ConstraintFacts, Constraint]]:
    from sqlalchemy import CheckConstraint

    for constraint in [*table.constraints, *(each for column in table.columns for each in column.constraints)]:
        kind = constraint.__visit_name__.partition("_")[0].upper()
        if kind == "COLUMN" or isinstance(constraint, CheckConstraint):
            kind = "CHECK"
        columns = [] if kind == "CHECK" else [folded(column.key) for column in _members(constraint)]
        if (kind in ("PRIMARY", "UNIQUE") and not columns) or not is_created(constraint, dialect):
            continue
        name = None if constraint.name is None else str(constraint.name)
        yield ConstraintFacts(kind, name, tuple(columns), tuple(_details(constraint, dialect))), constraint


def _members(constraint: Any) -> list[Column[Any]]:
    elements = getattr(constraint, "elements", None)
    return list(constraint.columns) if elements is None else [element.parent for element in elements]


def _details(constraint: Any, dialect: Dialect) -> Iterator[Any]:
    from sqlalchemy import CheckConstraint, ForeignKeyConstraint

    if isinstance(constraint, CheckConstraint):
        yield _words(constraint.sqltext, dialect)
    if isinstance(constraint, ForeignKeyConstraint):
        yield from _foreign_key(constraint)
    yield constraint.dialect_options["sqlite"]["on_conflict"]


def _foreign_key(constraint: ForeignKeyConstraint) -> Iterator[Any]:
    yield tuple(folded(element.target_fullname) for element in constraint.elements)
    yield constraint.ondelete, constraint.onupdate, constraint.deferrable, constraint.initially, constraint.match


def is_stated(check: Constraint) -> bool:
    """Return whether a CHECK constraint was stated without a name, and not by a type such as Enum."""
    return not check.name and not is_type_bound(check)


def _index(index: Index) -> tuple[Any, ...]:
    where = index.dialect_options["sqlite"]["where"]
    return [column.key for column in index.columns], bool(index.unique), None if where is None else str(where)


def _literal(given: Any) -> str | None:
    """Return the SQL of a text that SQLAlchemy was given as SQL, or None."""
    from sqlalchemy import TextClause

    return re.sub(r"\\:", ":", given.text) if isinstance(given, TextClause) else None


def _words(given: Any, dialect: Dialect) -> str:
    """Return an expression as text."""
    written = _literal(given)
    if written is not None:
        return written
    return literal(given) if isinstance(given, str) else str(given.compile(dialect=dialect))
