"""What a comparison, and the revision that it writes, must know of a kind of database; defaults for an unknown one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypedDict

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Table, TextClause
    from sqlalchemy import Sequence as DatabaseSequence
    from sqlalchemy.types import TypeEngine

    from ellar_db.dialects.enum_types import EnumType


class OwnType(NamedTuple):
    """A type that is an object of its own.

    Args:
        schema: Its schema; None is the default one.
        name: Its name.
        used: The type as a column has it, without making it.
        create: The statement that makes it.
        drop: The statement that drops it.
    """

    schema: str | None
    name: str
    used: TypeEngine[Any]
    create: str
    drop: str


FORMER_NAME = "ellar_db_former_name"
"""Key in the `info` of a table or column that a comparison reads under a new name: the name that the database has."""


def name_in_database(item: Table | Column[Any]) -> str:
    """Return the name that a table or column of the database still has while the rename isn't done.

    Args:
        item: What SQLAlchemy read from the database.

    Example:
        >>> from sqlalchemy import Column
        >>> name_in_database(Column("full_name", info={FORMER_NAME: "name"}))
        'name'
    """
    return str(item.info.get(FORMER_NAME, item.name))


NAME_LENGTH = 63
"""Maximum length in characters of a name that is chosen for a constraint: PostgreSQL's, which is the shortest."""


LABELS = {"unique": "key", "foreign key": "fkey", "primary key": "pkey", "check": "check", "sequence": "seq"}
"""How names of constraints end, which PostgreSQL gives to those that have none."""


def _nothing() -> None:
    """Do nothing."""


class IndexParts(TypedDict):
    """What an index is made of.

    Args:
        columns: The columns and expressions, as `op.create_index` takes them.
        unique: Whether it is unique.
        options: Options of its kind of database, without the dialect's name before them.
    """

    columns: Sequence[str | TextClause]
    unique: bool
    options: Mapping[str, object]


class Comparing:
    """The questions of a comparison, which `Dialect` answers."""

    compare_type: ClassVar[Any] = True
    """Alembic's option of that name, if neither the application nor a plugin sets it."""

    has_temporary_tables: ClassVar[bool] = False
    """Whether `CREATE TEMPORARY TABLE` leaves nothing behind, so that the models can be restated in one."""

    temporary_schema: ClassVar[str | None] = None
    """The schema under which SQLAlchemy reads a temporary table; None is the default one."""

    reflects_checks_of_columns: ClassVar[bool] = True
    """Whether SQLAlchemy reads the CHECK constraints that are stated in a column, as those of the table."""

    conversions: ClassVar[Sequence[str]] = ()
    """Expressions to try for a change of a type that the server doesn't make by itself, of `{column}` and `{type}`."""

    comparators: ClassVar[Sequence[str]] = ()
    """Packages that extend autogenerate and give correct results only on this kind of database."""

    enforces_sizes: ClassVar[bool] = True
    """Whether a column takes no values that are longer, or larger, than its type says."""

    fills_not_null: ClassVar[bool] = False
    """Whether rows get a value of the server's in a NOT NULL column that is added without a default."""

    using: ClassVar[str] = ""
    """Option of `op.alter_column` for the expression that converts the values, where the server may need one."""

    concurrently: ClassVar[str] = ""
    """Option of `op.create_index` for an index that doesn't block writes, where one does by default."""

    enums: ClassVar[str] = ""
    """Package that makes, changes and drops types of enums, where they are objects of their own."""

    restates_columns: ClassVar[bool] = False
    """Whether Alembic restates a column's definition to rename it, so that what a revision doesn't name is lost."""

    uncompared: ClassVar[Sequence[str]] = ("views", "triggers", "functions", "privileges", "rows")
    """What autogenerate never compares, in words; `check` says it."""

    naming_convention: ClassVar[Mapping[str, str]] = {}
    """The convention with which a batch operation names constraints; empty if each has a name in the catalog."""

    checks_references: ClassVar[bool] = True
    """Whether a foreign key needs its table to be there when it is made, and keeps it from being dropped."""

    numbers_by_sequences: ClassVar[bool] = False
    """Whether the defaults of columns name sequences, of which `sequence_owners` says what owns them."""

    indexes_foreign_keys: ClassVar[bool] = False
    """Whether the server makes an index for a foreign key that has none, and keeps it when the key is dropped."""

    fixes_types_of_keys: ClassVar[bool] = False
    """Whether the type of a column can't be changed while a foreign key needs it."""

    alters_numbering: ClassVar[bool] = True
    """Whether `op.alter_column` lets the server number the rows in a column, or no longer."""

    alters_computed: ClassVar[bool] = False
    """Whether `op.alter_column` in a batch makes a computed column a plain one, if it drops its default."""

    computed_keep_types: ClassVar[bool] = False
    """Whether the type of a column can't be changed as long as another one is computed from it."""

    key_options: ClassVar[Mapping[str, str]] = {}
    """Options of a foreign key that Alembic doesn't compare, or not exactly, each with its default."""

    unique_options: ClassVar[Sequence[str]] = ()
    """Options of a UNIQUE constraint that Alembic doesn't compare (`options_of_uniques`)."""

    has_schemas: ClassVar[bool] = True
    """Whether a database may have tables in several schemas."""

    # All tables

    def read_at_once(self, connection: Connection) -> Callable[[], None]:
        """Read what SQLAlchemy would ask for each table, and let it take that instead.

        Args:
            connection: The connection that a comparison reflects with.

        Returns:
            A function that forgets what was read, called when the tables have been compared.
        """
        return _nothing

    # Columns

    def hidden_defaults(
        self, connection: Connection, schema: str | None, table: str | None = None
    ) -> Mapping[str, Mapping[str, str]]:
        """Return the server defaults of a schema that SQLAlchemy doesn't read, as SQL, by table and column.

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.
            table: The only table to read, which may be a temporary one.
        """
        return {}

    def written_default(self, text: str) -> str:
        """Return a server default as it is written in a revision.

        Args:
            text: What Alembic would write.
        """
        return text

    def written_condition(self, text: str) -> str:
        """Return a condition as a revision writes it, so that the database restates it in the same way once more.

        Args:
            text: A condition as the database restates it, of a CHECK constraint or an index.
        """
        return text

    def conditions(self, text: str) -> Iterable[str]:
        """Yield conditions that the database may restate as it does a CHECK constraint; the most likely first.

        Args:
            text: What it restates.
        """
        yield text

    def checks_of_columns(self, connection: Connection, schema: str | None) -> Mapping[str, Sequence[str]] | None:
        """Return the conditions of the CHECK constraints in columns, where SQLAlchemy reads only those of tables.

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.

        Returns:
            The conditions by table, as the database restates them; None if it can't say.
        """
        return None

    def plain_column(self, table: str, column: str, definition: str, *, stored: bool) -> str:
        """Return the statement that makes a computed column a plain one with these values, or an empty string.

        Args:
            table: The table, quoted and with its schema.
            column: The column, quoted.
            definition: The plain column's definition, as in CREATE TABLE.
            stored: Whether the values are stored.
        """
        return ""

    def numbering(self, column: Column[Any]) -> Hashable | None:
        """Return how the server numbers the rows in a column, or None if it doesn't, or that can't be changed.

        Args:
            column: A column of the models, or one that SQLAlchemy read.
        """
        return None

    def renumbered(
        self,
        connection: Connection,
        column: Column[Any],
        schema: str | None,
        table: str,
        name: str,
        change: tuple[Any, Any],
        quote: Callable[[str], str],
    ) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Return the statements that change how rows are numbered, unless `alters_numbering`.

        Args:
            connection: The database.
            column: The column as the database has it.
            schema: The schema of its table; None is the default one.
            table: The table's name after the change.
            name: The column's name after the change.
            change: How the rows are numbered before and after it (`numbering`).
            quote: Quotes a name.

        Returns:
            What precedes other changes of the column, and what follows them: statements, each with the one that undoes
            it; an empty one does nothing.
        """
        return [], []

    # Keys and other constraints

    def constraint_name(self, kind: str, table: str, columns: Sequence[str], referred: str = "") -> str:
        """Return the name of a constraint that has none in the models, as the server would choose it.

        Args:
            kind: "unique", "foreign key", "primary key", "check", or "sequence" for that of a serial column.
            table: The table's name.
            columns: The columns' names; none for a primary key, or a CHECK of several columns.
            referred: For a foreign key, the table to which it refers.

        Example:
            >>> Dialect().constraint_name("unique", "users", ["name", "team"])
            'users_name_team_key'
            >>> Dialect().constraint_name("primary key", "users", [])
            'users_pkey'
        """
        label = f"_{LABELS[kind]}"
        first, second = table, "".join(["_", "_".join(columns)] if columns else [])
        while len(first) + len(second) + len(label) > NAME_LENGTH:
            first, second = (first[:-1], second) if len(first) >= len(second) else (first, second[:-1])
        return f"{first}{second}{label}"

    def rename_constraint(self, table: str, kind: str, old: str, new: str) -> str:
        """Return the statement that renames a constraint, or an empty string if there is none.

        Args:
            table: The table, quoted and with its schema.
            kind: "primary", "unique", "foreignkey" or "check", as in `op.drop_constraint`.
            old: The constraint's name, quoted.
            new: Its new name, quoted.
        """
        return ""

    def replace_primary_key(self, table: str, columns: Sequence[str]) -> str:
        """Return the statement that replaces a table's primary key by another, or an empty string if that takes two.

        Args:
            table: The table, quoted and with its schema.
            columns: The columns of the new key, quoted.
        """
        return ""

    def foreign_key_options(
        self, connection: Connection, schema: str | None
    ) -> Mapping[str, Mapping[str, Mapping[str, object]]]:
        """Return what SQLAlchemy doesn't read of the options of foreign keys, by table and name.

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.
        """
        return {}

    def options_of_uniques(
        self, connection: Connection, table: str, schema: str | None
    ) -> Mapping[tuple[str, ...], Mapping[str, object]]:
        """Return the options of UNIQUE constraints, as SQLAlchemy's `UniqueConstraint` takes them, by their columns.

        Args:
            connection: A connection to the database.
            table: The table.
            schema: Its schema; None is the default one.
        """
        return {}

    def exclusions(
        self, connection: Connection, schema: str | None, table: str | None = None
    ) -> Mapping[str, Mapping[str, str]]:
        """Return the EXCLUDE constraints of a schema: what follows ADD CONSTRAINT and the name, by table and name.

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.
            table: The only table to read, which may be a temporary one.
        """
        return {}

    # Indexes

    def index_texts(
        self, connection: Connection, schema: str | None, table: str | None = None
    ) -> Mapping[str, dict[str, str]] | None:
        """Return how the database states the indexes of a schema, without the names of table and schema.

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.
            table: The only table to read, if not all.

        Returns:
            The statements by name, by table; None if what SQLAlchemy reads of indexes is all that there is.
        """
        return None

    def index_parts(self, text: str) -> IndexParts | None:
        """Return the columns and options of an index.

        Args:
            text: How the database states it (`index_texts`).

        Returns:
            `columns` and `unique`, as `op.create_index` takes them, and `options`, without the dialect's name before
            them, which differs for MySQL and MariaDB; None if SQLAlchemy reads all of them.
        """
        return None

    def rename_index(self, table: str, schema: str, old: str, new: str) -> str:
        """Return the statement that renames an index, or an empty string if there is none.

        Args:
            table: The table, quoted and with its schema.
            schema: The schema, quoted, with a dot after it; an empty string for the default one.
            old: The index's name, quoted.
            new: Its new name, quoted.
        """
        return ""

    # Tables

    def given_options(self, table: Table) -> dict[str, str]:
        """Return the options that the models give a table, those that `table_options` reads.

        Args:
            table: The models' table.

        Example:
            >>> from sqlalchemy import MetaData, Table
            >>> from ellar_db.dialects.mysql import MySQL
            >>> MySQL().given_options(Table("t", MetaData(), mysql_engine="Aria"))
            {'engine': 'Aria'}
        """
        return {}

    def table_options(self, connection: Connection, table: str, schema: str | None) -> dict[str, str]:
        """Return the options of a table, as the database states them.

        Args:
            connection: A connection to the database.
            table: The table.
            schema: Its schema; None is the default one.
        """
        return {}

    def change_options(self, names: Iterable[str], options: Mapping[str, str]) -> str:
        """Return what follows `ALTER TABLE table` to change options; empty if the database can't.

        Args:
            names: Those that change.
            options: All options of the table, as they will be.
        """
        return ""

    def estimated_rows(self, connection: Connection, table: str, schema: str | None) -> int | None:
        """Return about how many rows a table has, without reading it; None if the server doesn't know.

        Args:
            connection: A connection to the database.
            table: The table.
            schema: Its schema; None is the default one.
        """
        return None

    def tables_of_extensions(self, connection: Connection) -> frozenset[tuple[str | None, str]]:
        """Return the tables that extensions of the server made: schema (None for the default one) and name."""
        return frozenset()

    def partitions(self, connection: Connection) -> frozenset[tuple[str | None, str]]:
        """Return the tables that are partitions of others: schema (None for the default one) and name."""
        return frozenset()

    def virtual_tables(self, connection: Connection) -> frozenset[tuple[str | None, str]]:
        """Return the tables that autogenerate can't read or change: schema (None for the default one) and name."""
        return frozenset()

    # Schemas

    def create_schema(self, name: str) -> str:
        """Return the statement that makes a schema unless it is there, or an empty string if there are none.

        Args:
            name: Its name, quoted where it must be.
        """
        return ""

    def drop_schema(self, name: str, text: str) -> Sequence[str]:
        """Return the statements that drop a schema if there is nothing in it.

        Args:
            name: Its name, quoted where it must be.
            text: Its name as a literal.
        """
        return []

    # Comments of constraints

    def constraint_comments(self, connection: Connection, schema: str | None) -> Mapping[tuple[str, str], str]:
        """Return the comments of a schema's constraints, by the table and the name.

        Asked where SQLAlchemy's dialect knows of them (`supports_constraint_comments`).

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.
        """
        return {}

    def comment_on_constraint(self, table: str, name: str, literal: str) -> str:
        """Return the statement that gives a constraint a comment.

        Args:
            table: The table, quoted where it must be.
            name: The constraint, likewise.
            literal: The comment as an SQL literal, or NULL.
        """
        return f"COMMENT ON CONSTRAINT {name} ON {table} IS {literal}"

    # Sequences and types

    def sequences(self, connection: Connection, schema: str | None) -> Mapping[str, DatabaseSequence]:
        """Return the sequences of a schema that belong to no column, by their names.

        Args:
            connection: A connection to the database.
            schema: The schema; None is the default one.
        """
        return {}

    def sequence_owners(self, connection: Connection) -> Mapping[str, str]:
        """Return the column that owns each sequence, by the sequence as the server writes it into a default.

        Asked where `numbers_by_sequences` is True.

        Args:
            connection: A connection to the database.
        """
        return {}

    def sequence_change(
        self, place: str, found: DatabaseSequence, declared: DatabaseSequence
    ) -> tuple[str, str] | None:
        """Return the statement that changes the options of a sequence, and the one that undoes it; None if none differ.

        Args:
            place: The sequence, quoted and with its schema.
            found: The database's sequence.
            declared: The models' sequence.
        """
        return None

    def rename_sequence(self, schema: str, old: str, new: str) -> str:
        """Return the statement that renames a sequence, or an empty string if there is none.

        Args:
            schema: The schema, quoted, with a dot after it; an empty string for the default one.
            old: The sequence's name, quoted.
            new: Its new name, quoted.
        """
        return ""

    def enum_type(self, connection: Connection, schema: str | None, name: str) -> EnumType | None:
        """Return a type of an enum with what uses it; None if labels are changed in some other way.

        Args:
            connection: A connection to the database.
            schema: The type's schema; None is the default one.
            name: Its name.
        """
        return None

    def make_types(self, connection: Connection, types: Iterable[TypeEngine[Any]]) -> None:
        """Make the types that columns of a temporary table need, for as long as the transaction lasts.

        Args:
            connection: A connection in a transaction, which is rolled back afterwards.
            types: The types of the columns.
        """

    def own_type(self, type_: TypeEngine[Any]) -> OwnType | None:
        """Return a type that the first table which has it would make, and that isn't dropped with the last one.

        Args:
            type_: The type of a column.

        Returns:
            The type; None if it is none of these.
        """
        return None

    def has_type(self, connection: Connection, own: OwnType) -> bool:
        """Return whether the database has a type.

        Args:
            connection: A connection to the database.
            own: The type, as `own_type` returned it.
        """
        return True
