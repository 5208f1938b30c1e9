"""The review of revisions that a comparison is about to write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import TYPE_CHECKING, get_args

from ellar_db.autogenerate.words import flattened
from ellar_db.databases.database import Database
from ellar_db.ddl.words import statements
from ellar_db.hooktypes import About, Rule
from ellar_db.lint.findings import Finding, Findings
from ellar_db.lint.operations import Operations, Sql
from ellar_db.lint.probes import Probes
from ellar_db.lint.registry import rules_of
from ellar_db.lint.rules.locks import locking
from ellar_db.lint.settings import LintSettings, lint_settings
from ellar_db.lint.statements import Statement
from ellar_db.plugins.dialects import dialect_of
from ellar_db.plugins.manager import PluginManager

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation, MigrationScript, UpgradeOps
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import Dialect as SQLAlchemyDialect


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
        rules = rules_of(self.manager)
        settings = lint_settings(self.manager.settings, [rule.code for rule in rules])
        new = [each for script in scripts for each in script.upgrade_ops_list]
        new = [each for each in new if not any(each is known for known in self._read)]
        self._read += new
        dialect = dialect_of(self.manager, database)
        with Probes(database, dialect, context) as probes:
            for container in new:
                locks = locking(dialect)
                sql = Sql(statements_in(list(flattened(container)), context.dialect) if locks else ())
                operations = Operations(
                    container, dialect, context.dialect, probes, duplicates=self.duplicates, sql=sql
                )
                found = findings_of(operations, rules, settings, database.name)
                self.findings.add(database.name, (finding for _, finding, _ in found))


def findings_of(
    operations: Operations, rules: Iterable[Rule], settings: LintSettings, database: str
) -> Iterator[tuple[object, Finding, int]]:
    """Yield what rules find in operations on one database, each with the operation or the statement, and its line.

    Args:
        operations: The operations, and the statements.
        rules: The rules.
        settings: What the project says about them.
        database: The database's name.
    """
    wanted = [rule for rule in rules if rule.code not in settings.ignored and rule.applies(operations.dialect)]
    about = {kind: [rule for rule in wanted if rule.about == kind] for kind in get_args(About)}
    seen: set[tuple[object, ...]] = set()

    def found(rule: Rule, subject: object, line: int) -> Iterator[tuple[object, Finding, int]]:
        for problem in rule.problems(operations, subject):
            severity = settings.severities.get(rule.code, problem.severity)
            finding = Finding(
                rule.code, severity, database, problem.table, problem.column, problem.message, problem.fix
            )
            yield subject, finding, problem.line or line

    for operation in operations:
        for rule in about["operation"]:
            yield from found(rule, operation, 0)
    for statement in operations.statements:
        for rule in about["statement"]:
            for each in found(rule, statement, statement.line):
                # a foreign key concerns two tables, and one line says it
                key = (id(statement), rule.code, each[1].message)
                if key not in seen:
                    seen.add(key)
                    yield each
    if operations.sql.script is not None:
        for rule in about["revision"]:
            yield from found(rule, None, 0)


def statements_in(operations: Sequence[MigrateOperation], server: SQLAlchemyDialect) -> list[Statement]:
    """Return the statements of operations that aren't in a revision yet; of those that can't be written, none.

    Args:
        operations: The operations.
        server: SQLAlchemy's dialect of the database.
    """
    from alembic.operations import Operations as Invoked
    from alembic.operations.ops import CreateTableOp
    from alembic.runtime.migration import MigrationContext

    made = {(each.schema, each.table_name) for each in operations if isinstance(each, CreateTableOp)}
    # how they will be written, and in which transaction, isn't known yet
    found = [Statement("COMMIT", 0)]
    for operation in operations:
        if (getattr(operation, "schema", None), getattr(operation, "table_name", None)) in made:
            continue
        stream = StringIO()
        context = MigrationContext.configure(
            dialect=server, opts={"as_sql": True, "output_buffer": stream, "transactional_ddl": False}
        )
        try:
            Invoked(context).invoke(operation)
        except Exception:  # a package's operation may raise anything where there is no database
            continue
        found += [Statement(text, 0, operation) for _, text in statements(stream.getvalue())]
    return found
