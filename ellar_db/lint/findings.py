"""What rules find in a revision, and how it is told."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from ellar_db.hooktypes import Severity

log = logging.getLogger("ellar_db")


@dataclass(frozen=True)
class Finding:
    """What a rule says of an operation of a revision.

    Args:
        code: The rule's code.
        severity: How bad it is.
        database: The name of the database.
        table: The table, with its schema if it is named.
        column: The column, or None if it concerns the whole table.
        message: What will happen.
        fix: What to do.
    """

    code: str
    severity: Severity
    database: str
    table: str
    column: str | None
    message: str
    fix: str

    def line(self, *, named: bool = False) -> str:
        """Return the finding as one line.

        Args:
            named: Name the database.

        Example:
            >>> Finding("DB102", "warning", "default", "users", "name", "drops it", "keep a copy").line()
            'DB102 users.name: drops it; keep a copy'
        """
        where = self.table if self.column is None else f"{self.table}.{self.column}"
        database = self.database if named else ""
        # one about the revision itself is about no table
        subject = "".join(f"{part}: " for part in (database, where) if part)
        return f"{self.code} {subject}{self.message}; {self.fix}"


@dataclass
class Findings:
    """What the rules found in the revisions that a command writes.

    Args:
        found: The findings, in the order of the databases and of the operations.
        databases: The databases of which the operations were read.
    """

    found: list[Finding] = field(default_factory=list)
    databases: set[str] = field(default_factory=set)

    def add(self, database: str, findings: Iterable[Finding]) -> None:
        """Add what was found in the operations on one database."""
        self.databases.add(database)
        self.found += findings

    def tell(self) -> None:
        """Log each finding as one line, with its database if there are several."""
        for finding in self.found:
            level = logging.INFO if finding.severity == "note" else logging.WARNING
            log.log(level, "%s", finding.line(named=len(self.databases) > 1))
        self.found.clear()
