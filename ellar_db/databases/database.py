"""A database to migrate: its name, its engine, the models' metadata and Alembic's options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ellar_db.databases.engines import Deferred, deferred, entering
from ellar_db.databases.limits import refuse_unknown
from ellar_db.util.errors import DbError
from ellar_db.util.masking import SECRET

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Dialect, Engine, MetaData
    from sqlalchemy.ext.asyncio import AsyncEngine


T = TypeVar("T")

DEFAULT = "default"

NAME = re.compile(r"\w[\w.-]*")
"""What a database, or a group of databases, can be called."""

LONGEST_SCHEMA = 64
"""Maximum length of a schema's name on any server, in characters."""


@dataclass(frozen=True, repr=False)
class Database:
    """One database of a run.

    Args:
        name: Letters, digits, `_`, `.` and `-`; part of function and file names in a folder for several databases.
        engine: An engine, sync or async, or a URL, of which one is made when it is first used.
        metadata: The models' metadata; without it autogenerate can't compare.
        options: Keyword arguments of Alembic's `context.configure` for this database.
        use_two_phase: Take part in a two-phase commit.
        limits: Values of `Limits` for this database, by name.
        package: In a run of a package's migrations, the package's name; else empty.
        schema: The schema of the server that is this database: it has the tables, the version table and a lock of its
            own. Every session begins in it (PostgreSQL: `SET search_path`, MySQL and MariaDB: `USE`), once ellar_db has
            collected the databases from the plugins. Empty for the one that the URL or the user has.
        group: Databases of one group have the same tables, each of them all: one folder of revisions is for all of
            them, and each is migrated by itself.

    Raises:
        DbError: The name, the group or the schema can't be one, a limit doesn't exist, or the URL can't be understood.
        TypeError: `engine` isn't an engine.

    Example:
        >>> from sqlalchemy import MetaData, create_engine
        >>> Database("default", create_engine("sqlite:///app.db"), MetaData()).token
        'default'
    """

    name: str
    engine: Engine | AsyncEngine
    metadata: MetaData | Sequence[MetaData] | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    use_two_phase: bool = False
    limits: Mapping[str, float | bool | None] = field(default_factory=dict)
    package: str = ""
    schema: str = field(default="", kw_only=True)
    group: str = field(default="", kw_only=True)

    if TYPE_CHECKING:
        # a URL is taken for an engine too, which the field itself never is
        def __init__(
            self,
            name: str,
            engine: Engine | AsyncEngine | URL | str,
            metadata: MetaData | Sequence[MetaData] | None = None,
            options: Mapping[str, object] = ...,
            use_two_phase: bool = False,
            limits: Mapping[str, float | bool | None] = ...,
            package: str = "",
            *,
            schema: str = "",
            group: str = "",
        ) -> None: ...

    def __post_init__(self) -> None:
        for what, name in (("database", self.name), ("group", self.group or "x")):
            if not NAME.fullmatch(name):
                raise DbError(
                    f"a {what} can't be named {name!r}: use letters, digits, '_', '.' and '-' "
                    "(the name becomes part of function and file names)"
                )
        if not self.schema.isprintable() or len(self.schema) > LONGEST_SCHEMA:
            raise DbError(
                f"the schema of the database {self.name!r} can't be {self.schema!r}: use up to {LONGEST_SCHEMA} "
                "printable characters"
            )
        given: Any = self.engine
        if isinstance(given, str) or hasattr(given, "get_backend_name"):
            given = deferred(self.name, given)
        if isinstance(given, Deferred):
            # `__getattr__` makes it
            object.__delattr__(self, "engine")
            object.__setattr__(self, "_deferred", given)
        elif not hasattr(given, "dialect"):
            raise TypeError(f"the engine of the database {self.name!r} is {given!r}; give it an engine or a URL")
        refuse_unknown(self.limits, f"limits of the database {self.name!r}")

    # for type checkers, any name would be one of its attributes
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            known = vars(self).get("_deferred")
            if name != "engine" or known is None:
                raise AttributeError(f"a Database has no {name!r}")
            engine = known.make()
            object.__setattr__(self, "engine", engine)
            return engine

    def forget(self) -> None:
        """Forget an engine that was made of a URL, or for a schema; if it is used again, it is made again."""
        if "_deferred" in vars(self):
            vars(self).pop("engine", None)

    @property
    def address(self) -> URL:
        """The URL, of which no engine has to be made. It has the password."""
        known = vars(self).get("_deferred")
        return self.sync_engine.url if known is None else known.url

    def placed(self, url: URL, statements: Callable[[Dialect], Sequence[str]]) -> Database:
        """Return the same database with an engine, each of whose sessions begins in the database's schema.

        Args:
            url: The URL by which messages and locks know the schema's server.
            statements: Returns the statements with which a session begins.
        """
        made = replace(
            self, engine=cast("Engine", Deferred(url, lambda: entering(self.engine, url, self.schema, statements)))
        )
        object.__setattr__(made, "_whole", self)
        return made

    @property
    def without_schema(self) -> Database:
        """The database in which the schema is; this one if it has no schema."""
        whole: Database | None = vars(self).get("_whole")
        return self if whole is None else replace(whole, schema="")

    @property
    def made(self) -> tuple[Database, ...]:
        """This database, and the one in which its schema is, as far as their engines have been made.

        Example:
            >>> Database("default", "sqlite:///app.db").made
            ()
        """
        whole: Database | None = vars(self).get("_whole")
        return tuple(each for each in (self, whole) if each is not None and "engine" in vars(each))

    @property
    def token(self) -> str:
        """The name as part of a Python identifier, as in `upgrade_<token>()`."""
        return re.sub(r"\W", "_", self.name)

    @property
    def sync_engine(self) -> Engine:
        """The engine itself, or the sync facade of an async one."""
        engine: Any = self.engine
        return getattr(engine, "sync_engine", engine)  # type: ignore[no-any-return]  # both branches are Engine

    @property
    def is_async(self) -> bool:
        """Whether its driver is asynchronous."""
        return bool(self.sync_engine.dialect.is_async)

    @property
    def url(self) -> str:
        """The URL for messages, with its password and secret options masked."""
        url = self.address
        secret = {key: "***" for key in url.query if SECRET.search(key)}
        shown = url.update_query_dict(secret).render_as_string(hide_password=True)
        return shown.replace("=%2A%2A%2A", "=***") if secret else shown

    @property
    def choice(self) -> str:
        """The option with which a command is for this database alone, and not for its whole group, after a space.

        Example:
            >>> from sqlalchemy import create_engine
            >>> Database("acme", create_engine("sqlite://"), group="tenants").choice
            ' --database acme'
        """
        return f" --database {self.name}" if self.group else ""

    @property
    def version_table(self) -> str:
        """The name of Alembic's version table, with its schema if the options name one.

        Example:
            >>> from sqlalchemy import create_engine
            >>> Database("default", create_engine("sqlite://"), options={"version_table_schema": "app"}).version_table
            'app.alembic_version'
        """
        schema = self.options.get("version_table_schema") or self.schema
        table = self.options.get("version_table", "alembic_version")
        return f"{schema}.{table}" if schema else str(table)

    def __repr__(self) -> str:
        # an engine's own repr hides only the password
        return f"Database({self.name!r}, {self.url!r})"

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Call a function in one transaction, written as for a sync engine, whatever the driver.

        Args:
            work: The function, called with the connection. If it raises, the transaction is rolled back.

        Returns:
            What the function returned.

        Raises:
            UnavailableError: The database can't be reached.

        Example:
            >>> from sqlalchemy import create_engine, text
            >>> Database("default", create_engine("sqlite://")).transaction(
            ...     lambda connection: connection.execute(text("SELECT 1")).scalar()
            ... )
            1
        """
        from ellar_db.databases.connections import connected, in_event_loop

        def committed(databases: Sequence[Database]) -> T:
            with connected(databases[0]) as connection, connection.begin():
                return work(connection)

        return in_event_loop([self], committed)


class Databases(Mapping[str, Database]):
    """The databases of an application by name, in the order in which they are migrated.

    Get it from the application's injector: `injector.get(Databases)["default"].engine`.
    """

    def __init__(self, databases: Sequence[Database] = ()) -> None:
        self._databases = {database.name: database for database in databases}

    def __getitem__(self, name: str) -> Database:
        return self._databases[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._databases)

    def __len__(self) -> int:
        return len(self._databases)

    def __repr__(self) -> str:
        return f"Databases({list(self._databases.values())!r})"


VERSION_LENGTH = 32
"""Maximum length of a revision id in Alembic's version table, in characters."""
