"""What a statement does to tables that were there before its revision, and who tells it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Work(Enum):
    """What takes the longer, the more rows there are."""

    INDEX = "index"
    REWRITE = "rewrite"
    CHECK = "check"
    FOREIGN_KEY = "foreign key"
    ALL_ROWS = "all rows"
    AFTER_LOCK = "after a lock"
    MAINTENANCE = "maintenance"
    COPY = "copy"
    REBUILD = "rebuild"
    COPY_OF_FILE = "copy of a file"


@dataclass(frozen=True)
class Seen:
    """What a statement does to a table.

    Args:
        work: What it does.
        table: The table, with its schema unless it is the default one.
        reads: Whether programs that read the table wait meanwhile; those that write do.
        of: The tables whose rows are read or changed meanwhile, if it isn't this one.
        since: The line of the statement that locked the table, if it is another one; 0 if it isn't known.
        others: How many other tables are locked in the same way.
    """

    work: Work
    table: str
    reads: bool = False
    of: tuple[str, ...] = ()
    since: int = 0
    others: int = 0


class Observer:
    """Looks at what each statement of a revision does. It neither commits nor locks anything that a program uses.

    It is made before the revision, and asked around each statement that is executed on a connection of the run.

    Args:
        connection: The scratch database, with rows, before the revision.
        leave_out: The tables that record what was run.
    """

    def __init__(self, connection: Connection, leave_out: Collection[str]) -> None:
        raise NotImplementedError

    def before(self, connection: Connection, statement: str) -> Iterable[Seen]:
        """Return what was done before a statement, and not by one that was seen.

        Args:
            connection: The run's connection.
            statement: The statement that is about to be executed.
        """
        return ()

    def after(self, connection: Connection, statement: str, line: int, rows: int) -> Iterable[Seen]:
        """Return what a statement did.

        Args:
            connection: The run's connection, after the statement.
            statement: The statement.
            line: The line of the revision's file from which it comes; 0 if it isn't known.
            rows: How many rows the driver says it changed; -1 if it doesn't.
        """
        return ()

    def failed(self, connection: Connection) -> None:
        """Take note that a statement failed."""

    def ended(self, connection: Any) -> None:
        """Take note that the transaction of a connection is about to end."""
