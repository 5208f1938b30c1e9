"""The statements of a revision, each with the line from which it comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ellar_db.ddl.changes import Change
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
        effects: What it does to those who use the database meanwhile.
    """

    sql: str
    line: int
    operation: MigrateOperation | None = field(default=None, repr=False)
    effects: list[Effect] = field(default_factory=list)

    @cached_property
    def changes(self) -> Sequence[Change]:
        """What it does with the schema and the rows."""
        return changes_of(self.sql)


def statements_of(sql: str, begin: int, end: int, spans: Sequence[Span]) -> Iterator[Statement]:
    """Yield the statements of a part of a script that come from operations, and the bounds of transactions.

    Args:
        sql: The script.
        begin: Where the part begins.
        end: Where it ends.
        spans: The parts that come from operations.
    """
    for start, text in statements(sql[begin:end]):
        place = begin + start
        span = next((each for each in spans if each.begin <= place < each.end), None)
        if span is not None:
            yield Statement(text, span.line, span.operation)
        elif text.upper() in BOUNDS:
            yield Statement(text, 0)
