"""The review of revisions that a comparison is about to write."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from ellar_db.databases.database import Database
from ellar_db.lint.findings import Finding, Findings
from ellar_db.lint.operations import Operations
from ellar_db.lint.probes import Probes
from ellar_db.lint.rules import CODES, RULES
from ellar_db.plugins.dialects import dialect_of
from ellar_db.plugins.manager import PluginManager
from ellar_db.project.settings import Settings
from ellar_db.util.errors import DbError, meant

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation, MigrationScript, UpgradeOps
    from alembic.runtime.migration import MigrationContext


class Review:
    """The review of all revisions that one command writes.

    Args:
        manager: The plugins.
        findings: Where the findings go.
        duplicates: Whether to search for duplicates, which reads whole tables.
    """

    def __init__(self, manager: PluginManager, findings: Findings, *, duplicates: bool) -> None:
        self.manager = manager
        self.findings = findings
        self.duplicates = duplicates
        self._read: list[UpgradeOps] = []

    def read(self, context: MigrationContext, scripts: Sequence[MigrationScript], database: Database) -> None:
        """Apply the rules to the operations on one database.

        Args:
            context: The comparison of the database.
            scripts: The revisions, which also have the operations of the databases before.
            database: The database.

        Raises:
            DbError: The settings name a rule that doesn't exist.
        """
        if context.as_sql:
            # an empty revision, whose env.py runs offline
            return
        ignored = ignored_codes(self.manager.settings)
        new = [each for script in scripts for each in script.upgrade_ops_list]
        new = [each for each in new if not any(each is known for known in self._read)]
        self._read += new
        dialect = dialect_of(self.manager, database)
        with Probes(database, dialect, context) as probes:
            for container in new:
                operations = Operations(container, dialect, context.dialect, probes, duplicates=self.duplicates)
                found = findings_of(operations, ignored, database.name)
                self.findings.add(database.name, (finding for _, finding in found))


def ignored_codes(settings: Settings) -> frozenset[str]:
    """Return the codes of the rules that the project ignores, `ignore` of `[tool.ellar-db.lint]`.

    Args:
        settings: The project's settings.

    Raises:
        DbError: It has a key or a code that doesn't exist, or isn't a list of texts.

    Example:
        >>> ignored_codes(Settings(table={"lint": {"ignore": ["DB101"]}}))
        frozenset({'DB101'})
    """
    table = settings.mapping("lint")
    for key in table:
        if key != "ignore":
            raise DbError(f"[tool.ellar-db.lint] has no {key}; it takes ignore{meant(key, ['ignore'])}")
    listed = table.get("ignore", [])
    if not isinstance(listed, list) or not all(isinstance(code, str) for code in listed):
        raise DbError(f"[tool.ellar-db.lint] ignore must be a list of texts; mend it in {settings.path}")
    for code in listed:
        if code not in CODES:
            known = ", ".join(CODES)
            raise DbError(
                f"[tool.ellar-db.lint] ignore has {code!r}, which is no rule; the rules are {known}"
                f"{meant(code.upper(), CODES)}"
            )
    return frozenset(listed)


def findings_of(
    operations: Operations, ignored: Collection[str], database: str
) -> Iterator[tuple[MigrateOperation, Finding]]:
    """Yield what the rules find in operations on one database, each with its operation.

    Args:
        operations: The operations.
        ignored: The codes of rules that aren't applied.
        database: The database's name.
    """
    rules = [rule for rule in RULES if rule.code not in ignored and rule.applies(operations.dialect)]
    for operation in operations:
        for rule in rules:
            for problem in rule.check(operation, operations):
                found = Finding(
                    rule.code,
                    problem.severity,
                    database,
                    problem.table,
                    problem.column,
                    problem.message,
                    problem.fix,
                )
                yield operation, found
