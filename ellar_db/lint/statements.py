"""The statements of a revision, each with the line from which it comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
        operation: The operation that makes it; None if the revision executes it on a connection, or by a batch.
        changes: What it does with the schema and the rows.
        effects: What it does to those who use the database meanwhile.
        in_transaction: Whether it is in a transaction, as revisions are unless they say otherwise.
        made: The tables that the revision has made so far, by itself included.
    """

    sql: str
    line: int
    operation: MigrateOperation | None = field(default=None, repr=False)
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
    for start, text in statements(sql[begin:end]):
        place = begin + start
        span = next((each for each in spans if each.begin <= place < each.end), None)
        if span is not None:
            yield Statement(text, span.line, span.operation)
            continue
        # a batch writes its operations at its end
        last = next((each for each in reversed(spans) if each.end <= place), None)
        found = Statement(text, last.line if last is not None and text.upper() not in BOUNDS else 0)
        if found.changes and all(change.table[1] != version_table for change in found.changes):
            yield found
