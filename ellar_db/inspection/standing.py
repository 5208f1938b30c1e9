"""Where each database of a folder stands in its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ellar_db.config.command_line import program
from ellar_db.config.invocation import DATABASES, change_invocation, invocation_of
from ellar_db.config.reports.position import DATABASE_OPTION, position_in, unknown_here
from ellar_db.config.reports.refusals import reported
from ellar_db.config.squashed.files import Squash
from ellar_db.config.squashed.history import history_for, inside
from ellar_db.databases.connections import briefly
from ellar_db.databases.database import DEFAULT, Database, Databases
from ellar_db.guards.entry import EntryTable
from ellar_db.guards.locking import holder_of
from ellar_db.plugins.dialects import dialect_of
from ellar_db.util.alembic import ancestors
from ellar_db.util.errors import DbError, PluginError, UnavailableError
from ellar_db.util.files import shown

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import Script, ScriptDirectory
    from sqlalchemy import Connection

State = Literal["at head", "behind", "unknown here", "interrupted", "unavailable"]


@dataclass(frozen=True)
class Standing:
    """Where one database stands in the history of the application, or of a package.

    Args:
        database: Its name.
        package: The package whose history it is; empty for the application's own.
        url: Its URL without the password; empty if env.py doesn't tell.
        current: The revisions in its version table that the folder has.
        unknown: Those that it doesn't have.
        pending: The revisions that `upgrade heads` would apply, in order.
        holder: Who is migrating it now; empty if nobody is.
        interrupted: What the journal says of a run that did not end.
        leftovers: What earlier runs left that no later run removes, each with what to do about it.
        columns: What plugins say of it, by title.
        advice: What to do about `unknown`.
        squash: Inside of which range it stands that was squashed, in words; empty if in none.
        error: Why it can't be told, in one line.
        origin: The database; None if env.py doesn't tell.
    """

    database: str
    package: str = ""
    url: str = ""
    current: Sequence[Script] = ()
    unknown: Sequence[str] = ()
    pending: Sequence[Script] = ()
    holder: str = ""
    interrupted: str = ""
    leftovers: Sequence[str] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    advice: str = ""
    squash: str = ""
    error: str = ""
    origin: Database | None = field(default=None, compare=False, repr=False)

    @property
    def state(self) -> State:
        """Where it stands, in a word or two."""
        if self.error:
            return "unavailable"
        if self.unknown:
            return "unknown here"
        if self.interrupted:
            return "interrupted"
        return "behind" if self.pending else "at head"

    @property
    def at(self) -> str:
        """The revisions in its version table."""
        known = [each.revision for each in self.current]
        return ", ".join([*known, *self.unknown]) or ("" if self.error else "base")


def standings(config: Config, *, whole: bool = True) -> list[Standing]:
    """Return where each database stands on which a folder runs; one that can't be reached doesn't hide the others.

    Args:
        config: The configuration of the application or of a package.
        whole: Ask for all that is known of each, and not only for its revisions.

    Raises:
        DbError: The folder, or its env.py, can't be used.
    """
    from alembic.script import ScriptDirectory

    before, given = invocation_of(config), config.attributes.get(DATABASES)
    survey = _Survey(config, ScriptDirectory.from_config(config), whole)
    change_invocation(config, labels=False, looks=True, ahead=survey.begin)
    try:
        survey.run()
    except PluginError:
        raise
    except DbError as error:
        survey.found = survey.one_by_one(error)
    finally:
        change_invocation(config, labels=before.labels, looks=before.looks, ahead=before.ahead)
        config.attributes[DATABASES] = given
    return survey.found


class _Survey:
    """One look at the databases of a folder.

    Args:
        config: Alembic's configuration.
        script: The folder.
        whole: Ask for all that is known.
    """

    def __init__(self, config: Config, script: ScriptDirectory, whole: bool) -> None:
        self.config = config
        self.script = script
        self.invocation = invocation_of(config)
        self.manager = self.invocation.manager
        self.package = self.invocation.package.name if self.invocation.package is not None else ""
        self.whole = whole
        self.databases: list[Database] = []
        self.is_foreign = False
        self.found: list[Standing] = []
        self._pending: dict[tuple[str, ...], list[Script]] = {}

    def begin(self, config: Config, databases: Sequence[Database], foreign: Connection | None) -> None:
        """Note on which databases env.py runs."""
        self.databases += databases
        self.is_foreign = foreign is not None
        if self.invocation.ahead is not None:
            self.invocation.ahead(config, databases, foreign)

    def run(self) -> None:
        """Run env.py, and look at each database that it configures.

        Raises:
            DbError: It failed.
        """
        from alembic.runtime.environment import EnvironmentContext

        with reported(), EnvironmentContext(self.config, self.script, fn=self._look, dont_mutate=True):
            self.script.run_env()

    def one_by_one(self, error: DbError) -> list[Standing]:
        """Look at each database by itself, after an error in one of them.

        Args:
            error: The error.

        Raises:
            DbError: It was about no database.
        """
        if not self.databases:
            raise error
        if self.is_foreign or len(self.databases) == 1:
            # env.py of somebody else's tells of one database after the other
            return [*self.found, self._unavailable(self.databases[-1], error)]
        found: list[Standing] = []
        change_invocation(self.config, ahead=None)
        for database in self.databases:
            self.config.attributes[DATABASES] = Databases([database])
            self.found = []
            try:
                self.run()
            except DbError as own:
                found.append(self._unavailable(database, own))
            else:
                found += self.found
        return found

    def _unavailable(self, database: Database, error: DbError) -> Standing:
        return Standing(database.name, self.package, database.url, error=error.message)

    def _look(self, heads: tuple[str, ...], context: MigrationContext) -> list[Any]:
        position = position_in(context, heads, "current")
        known = tuple(head for head in heads if head not in position.unknown)
        current = sorted(position.script.get_all_current(known), key=lambda each: each.revision)
        values: dict[str, Any] = {"current": current, "unknown": position.unknown, "pending": self._ahead_of(known)}
        values["squash"] = "; ".join(self._left_of(squash, values["pending"]) for squash in inside(self.script, known))
        if position.unknown:
            values["advice"] = unknown_here(position, program())
        database, connection = context.opts.get(DATABASE_OPTION), context.connection
        if isinstance(database, Database):
            if self.whole and connection is not None:
                values.update(self._more(database, connection, context))
            self.found.append(Standing(database.name, self.package, database.url, **values, origin=database))
        else:
            url = "" if connection is None else connection.engine.url.render_as_string()
            self.found.append(Standing(DEFAULT, self.package, url, **values))
        return []

    def _ahead_of(self, heads: tuple[str, ...]) -> list[Script]:
        """Return the revisions that a database at some heads doesn't have, in the order in which they would run."""
        if heads not in self._pending:
            script = history_for(self.script, heads)
            done = ancestors(script, heads) if heads else set()
            self._pending[heads] = [
                each for each in reversed(list(script.walk_revisions())) if each.revision not in done
            ]
        return self._pending[heads]

    @staticmethod
    def _left_of(squash: Squash, pending: Sequence[Script]) -> str:
        """Return how much of a range that was squashed a database doesn't have yet."""
        old = {each.revision for each in squash.scripts}
        left = sum(each.revision in old for each in pending)
        return (
            f"inside the range that was squashed into {squash.end}: {left} of its {len(old)} old revisions "
            f"{'is' if left == 1 else 'are'} left, which `upgrade` runs from {shown(squash.folder)}"
        )

    def _more(self, database: Database, connection: Connection, context: MigrationContext) -> Mapping[str, Any]:
        """Return what is known of a database besides its revisions."""
        dialect = dialect_of(self.manager, database)
        table = {"version_table": context.version_table, "version_table_schema": context.version_table_schema}
        values: dict[str, Any] = {}
        with suppress(DbError), briefly(connection):
            # a lock file that can't be opened is told by whoever needs it
            values["holder"] = holder_of(database, self.invocation.limits_of(database), self.manager, connection)
        entry = None if dialect.rolls_back_ddl(database) else EntryTable(connection, table).read()
        if entry is not None and not values.get("holder"):
            repair = f"`{program()} repair{database.choice}`"
            values["interrupted"] = f"{entry.story} {repair} says what to do"
        with briefly(connection):
            values["leftovers"] = dialect.leftovers(database, connection)
        values["columns"] = self._columns(database, connection)
        return values

    def _columns(self, database: Database, connection: Connection) -> dict[str, str]:
        found: dict[str, str] = {}
        hook = "ellar_db_status"
        if not self.manager.hook.ellar_db_status.get_hookimpls():
            return found
        # Alembic commits its own transaction in the end, and plugins are only to read
        nested = connection.begin_nested() if connection.in_transaction() else None
        try:
            for plugin, answer in self.manager.answers(
                hook, database=database, connection=connection, script=self.script
            ):
                found.update(plugin.guarded(hook, _texts, answer))
        finally:
            (nested or connection).rollback()
        return found


def _texts(answer: Mapping[Any, Any]) -> dict[str, str]:
    return {str(title): str(value) for title, value in dict(answer).items()}


def refuse_unclear(found: Sequence[Standing]) -> None:
    """Refuse to go on if the folder doesn't know where a database is, or it can't be asked.

    Args:
        found: Where the databases stand.

    Raises:
        DbError: A database has a revision that the folder doesn't have.
        UnavailableError: A database can't be reached.
    """
    failed = [each.error for each in found if each.error]
    if failed:
        raise UnavailableError(failed[0])
    unknown = [each.advice for each in found if each.unknown]
    if unknown:
        raise DbError("; ".join(unknown))
