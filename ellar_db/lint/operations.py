"""The operations of a revision on one database, and what they have changed so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ellar_db.autogenerate.answers.operations import is_fill
from ellar_db.autogenerate.words import flattened
from ellar_db.ddl.catalog import Catalog, TableFacts
from ellar_db.ddl.changes import Change, Table, joined
from ellar_db.ddl.changes import Column as Defined
from ellar_db.ddl.columns import SPACES
from ellar_db.ddl.reading import changes_of
from ellar_db.dialects.base import Dialect
from ellar_db.lint.probes import Probes
from ellar_db.lint.statements import Statement

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation, OpContainer
    from alembic.script import Script
    from sqlalchemy import Column
    from sqlalchemy import Dialect as SQLAlchemyDialect


def name_of(table: Table) -> str:
    """Return a table's name for messages.

    Example:
        >>> name_of(("shop", "users"))
        'shop.users'
    """
    return ".".join(part for part in table if part)


@dataclass(frozen=True)
class Loss:
    """A table or a column that a downgrade drops.

    Args:
        schema: The table's schema, if it is named.
        table: The table.
        column: The column; None for the whole table.
    """

    schema: str | None
    table: str
    column: str | None


MANY = 10_000
"""The number of rows from which on work takes a time that others notice."""


@dataclass(frozen=True)
class Sql:
    """What is known of a revision besides its operations, if it was recorded.

    Args:
        statements: Its statements, in order.
        catalog: What the revisions before it have made, as far as it is known; it is followed.
        copied: The tables that SQLite would copy, each with the line.
        asked: The lines on which it asks for a connection.
        script: The revision; None if it isn't written yet, or if there are several.
        heads: The heads of its folder, if they are to become one.
        irreversible: Why it can't be undone, if it doesn't say that itself.
        losses: What its downgrade drops.
        release: Returns a file of the release that runs in which a name is, "" if there is none, None if unknown.
    """

    statements: Sequence[Statement] = ()
    catalog: Catalog = field(default_factory=Catalog)
    copied: Sequence[tuple[Table, int]] = ()
    asked: Sequence[int] = ()
    script: Script | None = None
    heads: Sequence[str] = ()
    irreversible: str = ""
    losses: Sequence[Loss] = ()
    release: Callable[[str], str | None] = field(default=lambda _: None)


class Operations:
    """The operations of a revision on one database, read one after the other.

    Tables and columns that the revision makes aren't in the database yet, and those that it renames are there under
    their former names.

    Args:
        container: The operations.
        dialect: The kind of the database.
        server: SQLAlchemy's dialect of the database.
        probes: Questions to the database.
        duplicates: Whether duplicates may be searched for, which reads whole tables.
        sql: What else is known of the revision.
    """

    def __init__(
        self,
        container: OpContainer,
        dialect: Dialect,
        server: SQLAlchemyDialect,
        probes: Probes,
        *,
        duplicates: bool = False,
        sql: Sql | None = None,
    ) -> None:
        self.all = list(flattened(container))
        self.dialect = dialect
        self.server = server
        self.probes = probes
        self.duplicates = duplicates
        self.sql = sql or Sql()
        self.added: dict[tuple[Table, str], Column[Any]] = {}
        self.made: set[Table] = set()
        """Tables that its statements make."""
        self.new_columns: set[tuple[Table, str]] = set()
        """Columns that its statements add to other tables."""
        self._texts: list[str] = []
        self._created: set[Table] = set()
        self._renamed_tables: dict[Table, Table] = {}
        self._renamed_columns: dict[tuple[Table, str], str] = {}
        self._follow_statements()

    @property
    def statements(self) -> Sequence[Statement]:
        """Its statements."""
        return self.sql.statements

    def __iter__(self) -> Iterator[MigrateOperation]:
        for operation in self.all:
            yield operation
            self._follow(operation)

    def table(self, operation: Any) -> Table:
        """Return the table of an operation, as the operation names it."""
        return operation.schema, operation.table_name

    def known(self, table: Table) -> Table | None:
        """Return a table as the database names it now, or None if the revision makes it."""
        return None if table in self._created else self._renamed_tables.get(table, table)

    def known_column(self, table: Table, column: str) -> str | None:
        """Return a column as the database names it now, or None if the revision adds it."""
        if self.known(table) is None or (table, column) in self.added:
            return None
        return self._renamed_columns.get((table, column), column)

    def has_rows(self, table: Table) -> bool | None:
        """Return whether a table has rows, or None if that is unknown; a table that the revision makes has none."""
        known = self.known(table)
        return False if known is None else self.probes.has_rows(known)

    def changes_rows(self, table: Table) -> bool:
        """Return whether the revision fills a table, or names it in SQL, before the current operation."""
        return any(table[1] in text for text in self._texts)

    def size(self, table: Table, statement: Statement) -> str | None:
        """Return how many rows a table has, for messages; None if it has none, or too few to matter.

        An empty text is returned where the database isn't asked.

        Args:
            table: The table.
            statement: The statement that uses it.
        """
        if table in statement.made:
            return None
        if not self.probes.asks:
            return ""
        known = self.known(table)
        rows = None if known is None else self.probes.estimated_rows(known)
        return f" of about {rows} rows" if rows is not None and rows >= MANY else None

    def named_by_release(self, name: str) -> str | None:
        """Return a file of the release that runs in which a name is; "" if there is none, None if unknown."""
        return self.sql.release(name)

    def _follow_statements(self) -> None:
        """Find out what each statement does, given those before it."""
        catalog = self.sql.catalog
        within = self._begins_in_transaction
        for statement in self.statements:
            _know(statement, catalog, self.server)
            statement.changes = [each for change in statement.changes for each in _called(change, catalog)]
            for change in statement.changes:
                if change.kind in ("begin", "commit"):
                    within = change.kind == "begin"
                self._note(change)
                for effect in self.dialect.effects(change, catalog):
                    # a table that is made here has no rows that a constraint of its own could be checked for
                    new = effect.change.table in self.made and change.kind == "add foreign key"
                    statement.effects.append(replace(effect, work="none") if new else effect)
                catalog.follow([change])
            statement.in_transaction = within
            statement.made = frozenset(self.made)

    @property
    def _begins_in_transaction(self) -> bool:
        return self.dialect.transactional_ddl is not False and not self.dialect.commits_at_ddl

    def _note(self, change: Change) -> None:
        """Note which tables and columns a statement makes."""
        if change.kind in ("create table", "create view"):
            self.made.add(change.table)
        elif change.kind == "rename table" and change.table in self.made:
            self.made.add((change.table[0], change.name))
        elif change.kind == "add column" and change.table not in self.made:
            self.new_columns.add((change.table, change.column))

    def _follow(self, operation: MigrateOperation) -> None:
        from alembic.operations import ops

        if isinstance(operation, ops.CreateTableOp):
            self._created.add(self.table(operation))
        elif isinstance(operation, ops.AddColumnOp):
            self.added[self.table(operation), operation.column.name] = operation.column
        elif isinstance(operation, ops.ExecuteSQLOp):
            self._texts.append(str(operation.sqltext))
        elif is_fill(operation):
            self._texts.append(self.table(operation)[1])
        elif isinstance(operation, ops.RenameTableOp):
            table = self.table(operation)
            known = self.known(table)
            if known is not None:
                self._renamed_tables[operation.schema, operation.new_table_name] = known
        elif isinstance(operation, ops.AlterColumnOp) and operation.modify_name is not None:
            table = self.table(operation)
            column = self.known_column(table, operation.column_name)
            if column is not None:
                self._renamed_columns[table, operation.modify_name] = column


def _called(change: Change, catalog: Catalog) -> Sequence[Change]:
    """Return what a change does: of the call of a function that is known, what that does."""
    body = catalog.bodies.get(change.table[1], "") if change.kind == "call" else ""
    return changes_of(body) if body else [change]


def _know(statement: Statement, catalog: Catalog, server: SQLAlchemyDialect) -> None:
    """Take over what an operation says of the column that it changes, if nothing else does."""
    from alembic.operations.ops import AlterColumnOp

    operation = statement.operation
    if not isinstance(operation, AlterColumnOp) or operation.existing_type is None:
        return
    table = operation.schema, operation.table_name
    facts = catalog.tables.setdefault(table, TableFacts())
    if operation.column_name.lower() not in facts.columns:
        facts.columns[operation.column_name.lower()] = Defined(
            operation.column_name,
            _type(operation.existing_type, server),
            # what alembic assumes if it isn't said
            facts=frozenset() if operation.existing_nullable is not False else frozenset({"not null"}),
        )


def _type(type_: Any, server: SQLAlchemyDialect) -> str:
    from sqlalchemy.types import to_instance

    return SPACES.sub(r"\1", str(to_instance(type_).compile(dialect=server))).upper()


def in_sql(statement: Statement) -> Iterator[MigrateOperation]:
    """Yield operations that do what a statement of a revision's own does, as far as rules about operations know them.

    Args:
        statement: The statement.
    """
    for change in statement.changes:
        yield from _operation(change)


def _operation(change: Change) -> Iterator[MigrateOperation]:
    from alembic.operations import ops
    from sqlalchemy import Column, text
    from sqlalchemy.types import NullType

    schema, table = change.table
    names = [each.name for each in change.columns]
    if change.kind == "drop table":
        yield ops.DropTableOp(table, schema=schema)
    elif change.kind == "create table":
        yield ops.CreateTableOp(table, [], schema=schema)
    elif change.kind == "drop column":
        yield ops.DropColumnOp(table, change.column, schema=schema)
    elif change.kind == "set not null":
        yield ops.AlterColumnOp(table, change.column, schema=schema, modify_nullable=False)
    elif change.kind == "rename column":
        yield ops.AlterColumnOp(table, change.column, schema=schema, modify_name=change.name)
    elif change.kind == "rename table":
        yield ops.RenameTableOp(table, change.name, schema=schema)
    elif change.kind == "add column" and not change.definition.facts & {"identity", "stored", "virtual"}:
        column = change.definition
        nullable = "not null" not in column.facts or "SERIAL" in column.type
        default = text(joined(column.default)) if column.default else None
        made: Column[Any] = Column(column.name, NullType(), nullable=nullable, server_default=default)
        yield ops.AddColumnOp(table, made, schema=schema)
    elif change.kind == "add unique" and all(names) and names:
        yield ops.CreateUniqueConstraintOp(change.name, table, names, schema=schema)
    elif change.kind == "create index" and "unique" in change.facts and all(names):
        yield ops.CreateIndexOp(change.name, table, names, schema=schema, unique=True)
