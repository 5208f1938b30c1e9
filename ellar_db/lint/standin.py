"""What revisions get instead of a connection while they are only read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Dialect


class StandIn:
    """A connection that finds nothing, and tells what would be executed on it.

    Args:
        execute: Called with each statement as text.
        dialect: Returns SQLAlchemy's dialect of the database.
    """

    def __init__(self, execute: Callable[[str], None], dialect: Callable[[], Dialect]) -> None:
        self._execute = execute
        self._dialect = dialect

    @property
    def dialect(self) -> Dialect:
        """SQLAlchemy's dialect of the database."""
        return self._dialect()

    @property
    def engine(self) -> StandIn:
        """The connection itself, which has all that revisions ask of an engine."""
        return self

    @property
    def name(self) -> str:
        """The name of the dialect, as an engine has it."""
        return self.dialect.name

    def close(self) -> None:
        """Do nothing."""

    def execute(self, statement: Any, *_: Any, **__: Any) -> Nothing:
        """Tell a statement, with its values if they are part of it."""
        self._execute(_text(statement, self.dialect))
        return Nothing()

    def scalar(self, statement: Any, *_: Any, **__: Any) -> None:
        """Tell a query."""
        self._execute(_text(statement, self.dialect))

    def scalars(self, statement: Any, *_: Any, **__: Any) -> Nothing:
        """Tell a query."""
        return self.execute(statement)

    exec_driver_sql = execute

    def begin(self) -> StandIn:
        """Return what a transaction is here: nothing."""
        return self

    begin_nested = begin
    connect = begin

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, *_: object) -> None: ...

    def commit(self) -> None:
        """Tell the end of a transaction."""
        self._execute("COMMIT")

    def in_transaction(self) -> bool:
        """Return that there is one, as in a run."""
        return True

    def _run_ddl_visitor(self, visitor: Callable[..., Any], element: Any, **options: Any) -> None:
        """Tell the statements of `create`, `drop`, `create_all` and the like, which call this by its private name.

        As on SQLAlchemy's own `MockConnection`, nothing is looked up first.
        """
        visitor(self.dialect, self, **{**options, "checkfirst": False}).traverse_single(element)

    def schema_for_object(self, item: Any) -> str | None:
        """Return the schema of a table or a type, which `create` asks for."""
        schema: str | None = item.schema
        return schema

    def execution_options(self, **_: Any) -> StandIn:
        """Return the connection; options change nothing."""
        return self


class Nothing:
    """The result of a statement that wasn't executed: no rows."""

    rowcount = 0
    lastrowid = None
    inserted_primary_key = None

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def fetchall(self) -> list[Any]:
        """Return no rows."""
        return []

    all = fetchall

    def fetchmany(self, *_: int) -> list[Any]:
        """Return no rows."""
        return []

    def fetchone(self) -> None:
        """Return no row."""

    first = scalar = one_or_none = scalar_one_or_none = fetchone

    def scalar_one(self) -> int:
        """Return what counting rows gives, which is what such a query is for as a rule."""
        return 0

    def keys(self) -> list[str]:
        """Return no names."""
        return []

    def mappings(self) -> Nothing:
        """Return no rows."""
        return self

    scalars = unique = tuples = mappings

    def close(self) -> None:
        """End a result that has nothing."""


def _text(statement: Any, dialect: Dialect) -> str:
    """Return a statement as text, with its values if they can be written."""
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(statement, str):
        return statement
    options: list[Mapping[str, Any]] = [{"literal_binds": True}, {}]
    for each in options:
        try:
            return str(statement.compile(dialect=dialect, compile_kwargs=each))
        except (SQLAlchemyError, NotImplementedError, AttributeError):
            continue
    return ""
