"""Where each database of a folder stands in its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ellar_db.config.command_line import program
from ellar_db.config.invocation import DATABASES, change_invocation, invocation_of
from ellar_db.config.reports.position import DATABASE_OPTION, position_in, unknown_here
from ellar_db.config.reports.position import Position as FolderPosition
from ellar_db.config.reports.refusals import reported
from ellar_db.config.squashed.files import Squash
from ellar_db.config.squashed.history import history_for, inside
from ellar_db.databases.connections import briefly
from ellar_db.databases.database import DEFAULT, Database, Databases
from ellar_db.fleet.positions import Position, read_each
from ellar_db.fleet.targets import run_or_name
from ellar_db.guards.entry import EntryTable
from ellar_db.guards.leftovers import Leftovers
from ellar_db.guards.locking import holder_of
from ellar_db.plugins.dialects import dialect_of
from ellar_db.runtime.versions import read_from
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
        pending: The revisions that `upgrade heads` would apply, in order; none if `unknown` has some, since it would
            refuse.
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
    def revisions(self) -> Sequence[str]:
        """The revisions in its version table."""
        return [*(each.revision for each in self.current), *self.unknown]

    @property
    def at(self) -> str:
        """The revisions in its version table, for people."""
        return ", ".join(self.revisions) or ("" if self.error else "base")


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
        return survey.standings()
    finally:
        change_invocation(config, labels=before.labels, looks=before.looks, ahead=before.ahead)
        config.attributes[DATABASES] = given


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
        # those of an env.py of somebody else's, which tells of one after the other
        self.foreign: list[Database] = []
        self.found: list[Standing] = []
        self._places: dict[tuple[str, ...], Mapping[str, Any]] = {}
        self._leftovers = Leftovers()

    def begin(self, config: Config, databases: Sequence[Database], connection: Connection | None) -> None:
        """Note on which databases env.py runs."""
        if connection is not None:
            self.foreign += databases
        if self.invocation.ahead is not None:
            self.invocation.ahead(config, databases, connection)

    def standings(self) -> list[Standing]:
        """Return where the databases stand.

        Raises:
            DbError: env.py can't be used.
        """
        try:
            with reported():
                known = run_or_name(self.config, self.script, self._look)
        except PluginError:
            raise
        except DbError as error:
            if not self.foreign:
                raise
            return [*self.found, self._unavailable(self.foreign[-1], error)]
        if known is None:
            return self.found
        change_invocation(self.config, ahead=None)
        return [each for database, found in read_each(known, self.invocation) for each in self._read(database, found)]

    def _read(self, database: Database, found: Position | Exception) -> Sequence[Standing]:
        """Return where a database stands according to what all of a server were asked together."""
        if isinstance(found, Position) and not _is_plain(found):
            # the usual way tells what is wrong
            return self._alone(database)
        try:
            with reported():
                if isinstance(found, Exception):
                    raise found
                asks = self.whole and found.made
                more = read_from([database], self.invocation, self._more)[database.name] if asks else {}
        except PluginError:
            raise
        except DbError as error:
            return [self._unavailable(database, error)]
        name = f"the database {database.name!r}"
        position = FolderPosition(
            history_for(self.script, found.revisions),
            found.revisions,
            name,
            database.package,
            "current",
            choice=database.choice,
        )
        return [self._standing(database, {**self._place(position), **more})]

    def _alone(self, database: Database) -> Sequence[Standing]:
        """Return where a database stands, by running env.py on it."""
        from alembic.runtime.environment import EnvironmentContext

        self.config.attributes[DATABASES] = Databases([database])
        self.found = []
        try:
            with reported(), EnvironmentContext(self.config, self.script, fn=self._look, dont_mutate=True):
                self.script.run_env()
        except PluginError:
            raise
        except DbError as error:
            return [self._unavailable(database, error)]
        return self.found

    def _unavailable(self, database: Database, error: DbError) -> Standing:
        return self._standing(database, {"error": error.message})

    def _standing(self, database: Database, values: Mapping[str, Any]) -> Standing:
        return Standing(database.name, self.package, database.url, **values, origin=database)

    def _look(self, heads: tuple[str, ...], context: MigrationContext) -> list[Any]:
        values = dict(self._place(position_in(context, heads, "current")))
        database, connection = context.opts.get(DATABASE_OPTION), context.connection
        if isinstance(database, Database):
            if self.whole and connection is not None:
                values.update(self._more(database, connection))
            self.found.append(self._standing(database, values))
        else:
            url = "" if connection is None else connection.engine.url.render_as_string()
            self.found.append(Standing(DEFAULT, self.package, url, **values))
        return []

    def _place(self, position: FolderPosition) -> Mapping[str, Any]:
        """Return what the revisions of a database mean in the folder; what they have in common is found out once."""
        heads = position.heads
        if heads not in self._places:
            unknown = position.unknown
            known = tuple(head for head in heads if head not in unknown)
            # another branch or a newer release may have applied any of the others
            script, pending = history_for(self.script, known), [] if unknown else self._ahead_of(known)
            self._places[heads] = {
                "current": sorted(script.get_all_current(known), key=lambda each: each.revision),
                "unknown": unknown,
                "pending": pending,
                "squash": "; ".join(self._left_of(squash, pending) for squash in inside(self.script, known))
                if not unknown
                else "",
            }
        place = self._places[heads]
        return {**place, "advice": unknown_here(position, program())} if place["unknown"] else place

    def _ahead_of(self, heads: tuple[str, ...]) -> list[Script]:
        """Return the revisions that a database at some heads doesn't have, in the order in which they would run."""
        script = history_for(self.script, heads)
        done = ancestors(script, heads) if heads else set()
        return [each for each in reversed(list(script.walk_revisions())) if each.revision not in done]

    @staticmethod
    def _left_of(squash: Squash, pending: Sequence[Script]) -> str:
        """Return how much of a range that was squashed a database doesn't have yet."""
        old = {each.revision for each in squash.scripts}
        left = sum(each.revision in old for each in pending)
        return (
            f"inside the range that was squashed into {squash.end}: {left} of its {len(old)} old revisions "
            f"{'is' if left == 1 else 'are'} left, which `upgrade` runs from {shown(squash.folder)}"
        )

    def _more(self, database: Database, connection: Connection) -> Mapping[str, Any]:
        """Return what is known of a database besides its revisions."""
        dialect = dialect_of(self.manager, database)
        values: dict[str, Any] = {}
        with suppress(DbError), briefly(connection):
            # a lock file that can't be opened is told by whoever needs it
            values["holder"] = holder_of(database, self.invocation.limits_of(database), self.manager, connection)
        entry = None if dialect.rolls_back_ddl(database) else EntryTable(connection, database.options).read()
        if entry is not None and not values.get("holder"):
            repair = f"`{program()} repair{database.choice}`"
            values["interrupted"] = f"{entry.story} {repair} says what to do"
        with briefly(connection):
            values["leftovers"] = self._leftovers.of(database, dialect, connection)
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


def _is_plain(position: Position) -> bool:
    """Return whether a database has revisions, or nothing at all, as one to which no run has come yet."""
    if not position.exists:
        return False
    return not position.made or (bool(position.revisions) and all(isinstance(each, str) for each in position.revisions))


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
