"""Revisions run on scratch databases with rows, statement by statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ellar_db.config.invocation import invocation_of
from ellar_db.config.reports.refusals import reported
from ellar_db.databases.database import Databases
from ellar_db.inspection.drift import replaying
from ellar_db.inspection.measuring.listening import listening
from ellar_db.inspection.measuring.words import finding_of
from ellar_db.inspection.trials.migrations import Migrations
from ellar_db.inspection.trials.rows import Tables
from ellar_db.inspection.trials.stage import Stage, of_folder, reach
from ellar_db.lint.findings import Finding
from ellar_db.plugins.dialects import dialect_of
from ellar_db.util.errors import DbError, UnavailableError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import Script, ScriptDirectory

    from ellar_db.dialects.measuring.observer import Observer

ROWS = (1, 2, 3)
"""The numbers of the rows in each table: half of them are more than one."""

APART = 50_000
"""How far the keys of two rows are from each other, so that work in parts has several of them."""


@dataclass
class Measured:
    """What revisions did.

    Args:
        found: The findings, each with its revision and the line of its file; 0 if it isn't known.
        done: The revisions that were measured, by the database's name.
    """

    found: list[tuple[Finding, Script, int]] = field(default_factory=list)
    done: dict[str, set[str]] = field(default_factory=dict)


def measured(
    config: Config,
    script: ScriptDirectory,
    databases: Databases,
    wanted: Mapping[str, set[str]],
    urls: Sequence[str] = (),
) -> Measured:
    """Run revisions on scratch databases, after those before them, and return what they do to other programs.

    Args:
        config: The command's configuration.
        script: The folder.
        databases: The application's databases, which nothing connects to.
        wanted: The ids of the revisions, by the database's name.
        urls: Where scratch databases are made, each `URL` or `NAME=URL`; by default where the databases are.

    Raises:
        UnavailableError: A revision can't be run there.
    """
    result = Measured()
    for database in of_folder(config, script, databases, urls):
        walk = _Walk(Stage(config, script, database, urls), wanted[database.name])
        result.found += walk.run()
        result.done[database.name] = walk.done
    return result


class _Walk:
    """The revisions run on one database, one after the other.

    Args:
        stage: Makes scratch databases.
        wanted: The ids of the revisions that are measured; those before them are only run.
    """

    def __init__(self, stage: Stage, wanted: set[str]) -> None:
        self.stage = stage
        self.done: set[str] = set()
        self._wanted = wanted
        self._order: list[Script] = list(stage.script.walk_revisions())[::-1]
        self._dialect = dialect_of(invocation_of(stage.config).manager, stage.database)
        self._bare: set[str] = set()

    def run(self) -> Iterator[tuple[Finding, Script, int]]:
        """Yield what they do, each with its revision and line."""
        left = [each for each in self._order if each.revision in self._wanted]
        while left:
            with self.stage.opened() as migrations:
                at = 0
                while left:
                    number = self._order.index(left[0])
                    reach(migrations, self._order[at:number])
                    at = number + 1
                    found = self._measure(migrations, left[0])
                    if found is None:
                        # what it left can't be known: once more, on another database
                        break
                    yield from found
                    self.done.add(left.pop(0).revision)

    def _measure(self, migrations: Migrations, revision: Script) -> list[tuple[Finding, Script, int]] | None:
        """Run a revision; return None if it fails with rows in the tables."""
        database = migrations.databases[self.stage.database.name]
        with replaying():
            observer = self.stage.tables(migrations, lambda tables: self._prepared(tables, revision))
        if observer is None:
            raise UnavailableError(
                f"what revisions do to the database {database.name!r} can't be measured, since it is of a kind of "
                "which that isn't known"
            )
        try:
            with reported(), listening(database.sync_engine, observer, revision.path) as seen:
                migrations.apply(revision)
        except UnavailableError:
            raise
        except DbError as error:
            if revision.revision in self._bare:
                raise UnavailableError(
                    f"{revision.revision} can't be measured, since it fails on a scratch database: {error.message}"
                ) from error
            self._bare.add(revision.revision)
            return None
        found = dict.fromkeys((finding_of(each, database.name, self._dialect), line) for each, line in seen)
        return [(finding, revision, line) for finding, line in found]

    def _prepared(self, tables: Tables, revision: Script) -> Observer | None:
        """Put rows into the tables, and return what looks at the statements."""
        if revision.revision not in self._bare:
            self.stage.tell_unplanted(tables.plant(ROWS, APART))
        return self._dialect.observer(tables.connection, self.stage.own)
