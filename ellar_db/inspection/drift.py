"""Where a database differs from what its revisions make: both are read as the server tells them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ellar_db.config.command_line import program
from ellar_db.config.groups import is_group, representatives
from ellar_db.config.invocation import DATABASES, change_invocation, invocation_of
from ellar_db.config.reports.position import DATABASE_OPTION, position_in, unknown_here
from ellar_db.config.reports.refusals import reported
from ellar_db.config.squashed.history import history_for
from ellar_db.databases.database import Database, Databases
from ellar_db.guards.entry import NAME, EntryTable
from ellar_db.inspection.filters import Filters
from ellar_db.options import Selection
from ellar_db.plugins.dialects import dialect_of
from ellar_db.revisions.replay import on_scratch, silent
from ellar_db.runtime.packages import with_packages
from ellar_db.runtime.versions import is_newest, read_from
from ellar_db.runtime.watch import watch_of
from ellar_db.scratch.schema import PARTS, Schema, differing, part_of, read_schema
from ellar_db.util.alembic import upgrade_steps
from ellar_db.util.errors import DbError, PluginError, UnavailableError

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection


log = logging.getLogger("ellar_db")

UNCOMPARED = ("order of columns", "privileges", "rows")
"""What isn't compared of any kind of database."""


@dataclass(frozen=True)
class Deviation:
    """One object that a database has in another way than its revisions make it.

    Args:
        difference: "unknown" if it is only in the database, "missing" if the revisions alone make it, else "changed".
        kind: What it is, such as "column" or "view".
        table: Its table, with the schema's name unless it is the default schema; None if it belongs to none.
        name: Its name; None for a table, which has it in `table`, and for what has no name.
        database: Its definition in the database.
        revisions: Its definition as the revisions make it.
        text: The difference in words.
    """

    difference: str
    kind: str
    table: str | None
    name: str | None
    database: str | None
    revisions: str | None
    text: str


@dataclass
class Place:
    """A database, and where it is.

    Args:
        database: The database.
        heads: Its revisions in the folder of the application, and of each package in it, by the package's name; "" is
            the application.
        version_tables: The tables that record them.
        at_newest: Whether these are all revisions that there are.
    """

    database: Database
    heads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    version_tables: set[str] = field(default_factory=set)
    at_newest: bool = True

    @property
    def revisions(self) -> list[str]:
        """The revisions of the application and of packages."""
        return sorted(head for heads in self.heads.values() for head in heads)


@dataclass(frozen=True)
class Drift:
    """In what a database differs from its history.

    Args:
        place: The database, and where it is.
        deviations: The differences.
    """

    place: Place
    deviations: Sequence[Deviation]


@contextmanager
def replaying() -> Iterator[None]:
    """Say that there is no answer where revisions can't be replayed: it is neither "they differ" nor "they don't".

    Raises:
        UnavailableError: The revisions can't be replayed.
    """
    try:
        with reported():
            yield
    except (PluginError, UnavailableError):
        raise
    except DbError as error:
        raise UnavailableError(error.message) from error


def find_drift(config: Config, urls: Sequence[str] = ()) -> list[Drift]:
    """Compare databases with their history, replayed up to where each is.

    Args:
        config: The command's configuration, for the application with its packages.
        urls: Where scratch databases are made, each `URL` or `NAME=URL`; by default where the databases are.

    Raises:
        UnavailableError: A database can't be reached, or its history can't be replayed.
    """
    return _Search(config).run(urls)


@dataclass(frozen=True)
class _History:
    """What the revisions of a database make.

    Args:
        schema: The objects.
        schemas: The names of the schemas in which they are; None is the default one.
        default: The name of the default one, if it has one.
    """

    schema: Schema
    schemas: tuple[str | None, ...]
    default: str


class _Search:
    """The search for differences in the databases of a command."""

    def __init__(self, config: Config) -> None:
        from alembic.script import ScriptDirectory

        self.config = config
        self.invocation = invocation_of(config)
        self._choose()
        self.scripts = [(part, ScriptDirectory.from_config(part)) for part in with_packages(config)]
        self.places: dict[str, Place] = {}
        self.histories: dict[str, _History] = {}
        self.found: dict[str, Drift] = {}

    def run(self, urls: Sequence[str]) -> list[Drift]:
        """Return in what each database differs."""
        self._run_env(self.scripts, self._locate)
        self._replay(urls)
        # of the filters, those of the application count, which is the last
        self._run_env(self.scripts[::-1], self._compare)
        return [self.found[name] for name in self.places]

    def _choose(self) -> None:
        """Let the database that stands for a group be the only one of it, unless some are chosen by name."""
        chosen, databases = self.invocation.chosen, self.config.attributes[DATABASES]
        if chosen is not None and chosen.names:
            return
        standing = representatives(self.config, databases, chosen)
        if len(standing) < len(databases):
            self.config.attributes[DATABASES] = standing
            # what packages do on the others is left out
            change_invocation(self.config, chosen=Selection(list(standing)))

    def _run_env(
        self,
        scripts: Iterable[tuple[Config, ScriptDirectory]],
        look: Callable[[tuple[str, ...], MigrationContext], None],
    ) -> None:
        """Run the env.py of each part, with a function that looks at each of its databases.

        Raises:
            UnavailableError: It isn't one of ellar_db's.
        """
        from alembic.runtime.environment import EnvironmentContext

        def plan(heads: tuple[str, ...], context: MigrationContext) -> Sequence[Any]:
            look(heads, context)
            return ()

        for part, script in scripts:
            with reported(), silent():
                with EnvironmentContext(part, script, fn=plan, dont_mutate=True) as environment:
                    script.run_env()
                watch = watch_of(environment)
            if watch is None or not watch.ours:
                raise UnavailableError(
                    f"{script.env_py_location} connects to databases by itself, and so can't be given scratch "
                    "databases; let it call ellar_db.env.run()"
                )

    def _locate(self, heads: tuple[str, ...], context: MigrationContext) -> None:
        """Note where a database is.

        Raises:
            UnavailableError: It has a revision that its folder doesn't have.
        """
        database, connection = _of(context)
        if database is None or database.name not in self.config.attributes[DATABASES]:
            return
        position = position_in(context, heads, "check")
        if position.unknown:
            raise UnavailableError(unknown_here(position, program()))
        place = self.places.setdefault(database.name, Place(database))
        place.heads[database.package] = heads
        place.version_tables |= {_version_table(context), NAME}
        place.at_newest &= is_newest(position.script, heads)
        if EntryTable(connection, database.options).read() is not None:
            log.warning(
                "a run on the database %r was interrupted, and what it did is among the differences; `%s repair%s` "
                "resolves it",
                database.name,
                program(),
                database.choice,
            )

    def _replay(self, urls: Sequence[str]) -> None:
        """Run the revisions of each database on a scratch database, and read what they make."""
        first: dict[object, str] = {}
        same: dict[str, str] = {}
        for name, place in self.places.items():
            key = (place.database.sync_engine.dialect.name, *sorted(place.heads.items()))
            # databases of a group have the same revisions
            same[name] = first.setdefault(key, name) if is_group([place.database]) else name
        wanted = Databases([self.config.attributes[DATABASES][name] for name in dict.fromkeys(same.values())])
        log.info("Replaying the revisions on %s ...", "scratch databases" if len(wanted) > 1 else "a scratch database")
        with replaying(), on_scratch(self.config, self.scripts[-1][1], wanted, urls) as made:
            with silent():
                for part in with_packages(self.config):
                    for database in part.attributes[DATABASES].values():
                        part.attributes[DATABASES] = Databases([database])
                        _reach(part, self.places[database.name].heads.get(database.package, ()))
                    # the configuration of the application is the command's own
                    self.config.attributes[DATABASES] = made
            histories = read_from(made.values(), self.invocation, self._history)
        self.histories = {name: histories[one] for name, one in same.items()}

    def _history(self, database: Database, connection: Connection) -> _History:
        from sqlalchemy import inspect

        dialect, inspector = dialect_of(self.invocation.manager, database), inspect(connection)
        schema = read_schema(connection, dialect, self.places[database.name].version_tables)
        return _History(schema, tuple(dialect.schemas(inspector)), inspector.default_schema_name or "")

    def _compare(self, heads: tuple[str, ...], context: MigrationContext) -> None:
        """Compare a database with its history, unless that is done.

        Raises:
            UnavailableError: It was migrated meanwhile.
        """
        database, connection = _of(context)
        assert database is not None
        place, history = self.places[database.name], self.histories[database.name]
        if set(place.heads[database.package]) != set(heads):
            raise UnavailableError(
                f"the database {database.name!r} was migrated while it was compared; run the command again"
            )
        if database.name in self.found:
            return
        dialect = dialect_of(self.invocation.manager, database)
        there: Schema = read_schema(connection, dialect, place.version_tables, history.schemas)
        expected = history.schema
        if database.schema:
            quote = connection.dialect.identifier_preparer.quote
            there = _unnamed(there, database.schema, quote)
            expected = _unnamed(expected, history.default, quote)
        filters = Filters(connection, context.opts, history.schemas)
        keys = [key for key in differing(expected, there) if filters.keep(part_of(key, expected, there))]
        self.found[database.name] = Drift(
            place, [_deviation(key, expected, there, newest=place.at_newest) for key in keys]
        )


def _of(context: MigrationContext) -> tuple[Database | None, Connection]:
    assert context.connection is not None
    return context.opts.get(DATABASE_OPTION), context.connection


def _version_table(context: MigrationContext) -> str:
    schema = context.version_table_schema
    return f"{schema}.{context.version_table}" if schema else context.version_table


def _unnamed(schema: Schema, name: str, quote: Callable[[str], str]) -> Schema:
    """Return a schema without the name of the one schema in which all of it is, which definitions may have."""
    prefix = f"{quote(name)}."
    return {key: text.replace(prefix, "") for key, text in schema.items() if key != f"schema {name}"}


def _deviation(key: str, expected: Schema, there: Schema, *, newest: bool) -> Deviation:
    part = part_of(key, expected, there)
    if key not in expected:
        difference, words = "unknown", f"is in the database and in no {'' if newest else 'applied '}revision"
    elif key not in there:
        difference, words = "missing", "is missing in the database"
    elif part.kind in (*PARTS, "table"):
        difference = "changed"
        words = f"is {there[key] or 'plain'} in the database and {expected[key] or 'plain'} in the revisions"
    else:
        # a whole view or function
        difference, words = "changed", "isn't the one of the revisions"
    return Deviation(
        difference,
        part.kind,
        part.table or None,
        part.name or None,
        there.get(key),
        expected.get(key),
        f"{part.words} {words}",
    )


def _reach(config: Config, heads: Sequence[str]) -> None:
    """Upgrade an empty database to some revisions, from old files too if these are inside a range that was squashed."""
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = history_for(ScriptDirectory.from_config(config), heads)
    for head in heads:

        def upgrade(found: tuple[str, ...], _: Any, head: str = head) -> Sequence[RevisionStep]:
            return upgrade_steps(script, head, found)

        with EnvironmentContext(config, script, fn=upgrade, as_sql=False, destination_rev=head):
            script.run_env()
