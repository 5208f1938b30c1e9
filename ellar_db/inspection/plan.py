"""What a command would run on a database: the revisions from where it is to a target, and what each of them does."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.autogenerate.words import described
from ellar_db.config.command_line import program
from ellar_db.config.invocation import invocation_of
from ellar_db.config.reports.position import Position, explaining
from ellar_db.config.reports.refusals import reported
from ellar_db.config.squashed.history import history_for
from ellar_db.databases.connections import connected, in_event_loop
from ellar_db.databases.database import Database
from ellar_db.inspection.recording import Recording, Step, recorded
from ellar_db.inspection.standing import Standing, refuse_unclear, standings
from ellar_db.lint.operations import Operations, Sql
from ellar_db.lint.probes import Probes
from ellar_db.lint.registry import rules_of
from ellar_db.lint.review import findings_of
from ellar_db.lint.settings import lint_settings
from ellar_db.lint.statements import Statement
from ellar_db.lint.waivers import is_waived
from ellar_db.plugins.dialects import dialect_of
from ellar_db.util.alembic import ancestors, downgrade_steps, upgrade_steps
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import RevisionStep
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

MANY = 100_000
"""From how many rows on the server's estimate counts, since counting would read the whole table."""


@dataclass
class Plan:
    """What would run on one database.

    Args:
        standing: Where it stands.
        steps: The revisions, in order.
        sql: The SQL of all of them, as one script.
        rows: How many rows the tables have that are touched, by table, and whether that is an estimate.
        after: The revisions at which the database would be.
        others: Databases of its group that are at the same revisions, for which it stands.
    """

    standing: Standing
    steps: list[Step] = field(default_factory=list)
    sql: str = ""
    rows: dict[str, tuple[int, bool]] = field(default_factory=dict)
    after: Sequence[str] = ()
    others: list[str] = field(default_factory=list)


class Planner:
    """Plans what would run on the databases of one folder.

    Args:
        config: The configuration of the application or of a package.
        target: The revision to reach: above where a database is, or below it.
    """

    def __init__(self, config: Config, target: str) -> None:
        from alembic.script import ScriptDirectory

        self.config = config
        self.target = target
        self.script: ScriptDirectory = ScriptDirectory.from_config(config)
        self.manager = invocation_of(config).manager

    def plan(self, standing: Standing) -> Plan:
        """Return what would run on a database.

        Args:
            standing: Where it stands.

        Raises:
            DbError: The target leads nowhere, or env.py can't write SQL.
        """
        plan = Plan(standing)
        at = tuple(each.revision for each in standing.current)
        down = self.goes_down(at)
        ahead = self._steps(standing, at, down=down)
        plan.after = ahead[-1].info.destination_revision_ids if ahead else at
        if not ahead:
            return plan
        origin = standing.origin
        names = [origin.name] if origin is not None else []
        found = self._of(
            origin,
            recorded(self.config, self.script, lambda: self._steps(standing, at, down=down), at, databases=names),
        )
        plan.steps, plan.sql = found.steps, found.sql
        if origin is not None:
            self._look(plan, origin)
        return plan

    def _of(self, origin: Database | None, recordings: Sequence[Recording]) -> Recording:
        """Return what was recorded for a database.

        Raises:
            DbError: An env.py of somebody else's doesn't tell its databases apart when it writes SQL.
        """
        if len(recordings) == 1:
            return recordings[0]
        if origin is not None:
            identity = dialect_of(self.manager, origin).identity
            known = [(each, each.database) for each in recordings if each.database is not None]
            for same in (
                [each for each, database in known if database.name == origin.name],
                [each for each, database in known if identity(database) == identity(origin)],
            ):
                if len(same) == 1:
                    return same[0]
        raise DbError(
            f"{self.script.env_py_location} doesn't tell its databases apart when it writes SQL, and so what would run "
            "on each can't be told; let it call ellar_db.env.run()"
        )

    def goes_down(self, at: Sequence[str]) -> bool:
        """Return whether the target is below where a database is.

        Args:
            at: Its revisions.
        """
        if self.target[:1] in "+-":
            return self.target.startswith("-")
        if self.target in ("head", "heads") or self.target.endswith(("@head", "@heads")):
            return False
        if self.target == "base" or self.target.endswith("@base"):
            return True
        with reported():
            script = history_for(self.script, at)
            meant = {each.revision for each in script.get_revisions(self.target)}
            return bool(meant) and not meant & set(at) and meant <= ancestors(script, at)

    def _steps(self, standing: Standing, at: tuple[str, ...], *, down: bool) -> list[RevisionStep]:
        origin = standing.origin
        name = f"the database {standing.database!r}"
        choice = "" if origin is None else origin.choice
        command = "downgrade" if down else "upgrade"
        script = history_for(self.script, at)
        position = Position(script, at, name, standing.package, command, self.target, choice)
        with reported(), explaining(position, program()):
            return (downgrade_steps if down else upgrade_steps)(self.script, self.target, at)

    def _look(self, plan: Plan, database: Database) -> None:
        """Add what depends on the database itself: the words of its kind, the findings, and the rows."""
        wait = invocation_of(self.config).limits_of(database).connect_wait

        def work(databases: Sequence[Database]) -> None:
            with connected(databases[0], wait) as connection:
                self._add_findings(plan, databases[0], connection)
                self._count(plan, databases[0], connection)

        in_event_loop([database], work)

    def _add_findings(self, plan: Plan, database: Database, connection: Connection) -> None:
        from alembic.operations.ops import UpgradeOps
        from alembic.runtime.migration import MigrationContext

        dialect = dialect_of(self.manager, database)
        whose: dict[int, Step] = {}
        lines: dict[int, int] = {}
        statements: list[Statement] = []
        # what a downgrade loses is what it is for
        container = UpgradeOps([])
        for step in plan.steps:
            step.differences = [
                each for operation, _ in step.operations for each in described(operation, connection.dialect)
            ]
            if not step.is_upgrade:
                continue
            for operation, line in step.everything:
                container.ops.append(operation)
                whose[id(operation)], lines[id(operation)] = step, line
            whose.update({id(statement): step for statement in step.statements})
            # each revision is taken for a transaction of its own
            statements += [*step.statements, Statement("COMMIT", 0), Statement("BEGIN", 0)]
        rules = rules_of(self.manager)
        settings = lint_settings(self.manager.settings, [rule.code for rule in rules])
        with ExitStack() as stack:
            probes = stack.enter_context(Probes(database, dialect, MigrationContext.configure(connection)))
            operations = Operations(container, dialect, connection.dialect, probes, sql=Sql(statements))
            for subject, finding, line in findings_of(operations, rules, settings, database.name):
                script = whose[id(subject)].script
                at = line or lines.get(id(subject), 0)
                if not is_waived(finding, script.revision, Path(script.path), at, settings):
                    whose[id(subject)].findings.append(finding)

    def _count(self, plan: Plan, database: Database, connection: Connection) -> None:
        from sqlalchemy import func, inspect, select, table
        from sqlalchemy.exc import DBAPIError

        dialect, inspector = dialect_of(self.manager, database), inspect(connection)
        touched = {(each.schema, each.table) for step in plan.steps for each in step.differences if each.table}
        for schema, name in sorted(touched, key=str):
            try:
                if name is None or not inspector.has_table(name, schema=schema):
                    continue
                about = dialect.estimated_rows(connection, name, schema)
                known = about if about is not None and about >= MANY else None
                exact = select(func.count()).select_from(table(name, schema=schema))
                number = known if known is not None else connection.execute(exact).scalar_one()
            except DBAPIError:
                # a table that this user may not read; the next one begins anew
                connection.rollback()
                continue
            plan.rows[f"{schema}.{name}" if schema else name] = (number, known is not None)


def plans_of(config: Config, target: str) -> list[Plan]:
    """Return what would run on each database of a folder.

    Of databases of a group that are at the same revisions, one stands for all.

    Args:
        config: The configuration of the application or of a package.
        target: The revision to reach.

    Raises:
        DbError: The target leads nowhere, a database is at a revision that the folder doesn't have, or the like.
        UnavailableError: A database can't be reached.
    """
    found = standings(config, whole=False)
    refuse_unclear(found)
    planner = Planner(config, target)
    plans: dict[object, Plan] = {}
    for standing in found:
        group = standing.origin.group if standing.origin is not None else ""
        key = (group or None, standing.at) if group else standing.database
        if key in plans:
            plans[key].others.append(standing.database)
        else:
            plans[key] = planner.plan(standing)
    return list(plans.values())
