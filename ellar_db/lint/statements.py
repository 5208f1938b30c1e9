"""The statements of a revision, each with the line from which it comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ellar_db.ddl.changes import Change, Table
from ellar_db.ddl.reading import changes_of
from ellar_db.ddl.words import statements

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation

    from ellar_db.ddl.effects import Effect

BOUNDS = ("BEGIN", "COMMIT", "START TRANSACTION")


@dataclass(frozen=True)
class Span:
    """A part of a script.

    Args:
        begin: Where it begins.
        end: Where it ends.
        line: The line of the revision from which it comes; 0 if it isn't known.
        operation: The operation, if it is one.
    """

    begin: int
    end: int
    line: int
    operation: MigrateOperation | None


@dataclass
class Statement:
    """A statement of a revision.

    Args:
        sql: The statement.
        line: The line of the file; 0 if it isn't known.
        operation: The operation that makes it; None if the revision executes it on a connection.
        own: Whether it is the revision's own, by `op.execute()` or on a connection, rather than Alembic's.
        changes: What it does with the schema and the rows.
        effects: What it does to those who use the database meanwhile.
        in_transaction: Whether it is in a transaction, as revisions are unless they say otherwise.
        made: The tables that the revision has made so far, by itself included.
    """

    sql: str
    line: int
    operation: MigrateOperation | None = field(default=None, repr=False)
    own: bool = False
    changes: Sequence[Change] = ()
    effects: list[Effect] = field(default_factory=list)
    in_transaction: bool = False
    made: frozenset[Table] = frozenset()

    def __post_init__(self) -> None:
        self.changes = changes_of(self.sql)


def statements_of(sql: str, begin: int, end: int, spans: Sequence[Span], version_table: str) -> Iterator[Statement]:
    """Yield the statements of a part of a script, without those that write the version table.

    Args:
        sql: The script.
        begin: Where the part begins.
        end: Where it ends.
        spans: The parts that come from operations.
        version_table: The name of the version table.
    """
    from alembic.operations.ops import ExecuteSQLOp

    for start, text in statements(sql[begin:end]):
        place = begin + start
        span = next((each for each in spans if each.begin <= place < each.end), None)
        if span is not None:
            own = span.operation is None or isinstance(span.operation, ExecuteSQLOp)
            yield Statement(text, span.line, span.operation, own=own)
            continue
        found = Statement(text, 0)
        if text.upper() in BOUNDS:
            yield found
        elif found.changes and all(change.table[1] != version_table for change in found.changes):
            # a batch writes its operations at its end
            before = [each for each in spans if each.end <= place]
            batch = [each for each in before if each.begin == before[-1].begin and each.begin == each.end]
            found.line, found.operation = _origin(found.changes[0], batch) if batch else (0, None)
            yield found


def _origin(change: Change, batch: Sequence[Span]) -> tuple[int, MigrateOperation | None]:
    """Return the line and the operation of a batch that makes a change: of the same column or name, or the last one."""
    wanted = {change.column, change.name} - {""}
    for span in reversed(batch):
        operation: Any = span.operation
        column = getattr(operation, "column", None)
        names = {getattr(operation, key, None) for key in ("column_name", "constraint_name", "index_name")}
        if wanted & {*names, getattr(column, "name", None)}:
            return span.line, operation
    return batch[-1].line, None
