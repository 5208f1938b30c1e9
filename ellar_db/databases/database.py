"""A database to migrate: its name, its engine, the models' metadata and Alembic's options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ellar_db.databases.limits import refuse_unknown
from ellar_db.util.errors import DbError
from ellar_db.util.masking import SECRET

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData
    from sqlalchemy.ext.asyncio import AsyncEngine


T = TypeVar("T")

DEFAULT = "default"


@dataclass(frozen=True, repr=False)
class Database:
    """One database of a run.

    Args:
        name: Letters, digits, `_`, `.` and `-`; part of function and file names in a folder for several databases.
        engine: An engine, sync or async.
        metadata: The models' metadata; without it autogenerate can't compare.
        options: Keyword arguments of Alembic's `context.configure` for this database.
        use_two_phase: Take part in a two-phase commit.
        limits: Values of `Limits` for this database, by name.
        package: In a run of a package's migrations, the package's name; else empty.

    Raises:
        DbError: The name has an invalid character, or a limit doesn't exist.
        TypeError: `engine` isn't an engine.

    Example:
        >>> from sqlalchemy import MetaData, create_engine
        >>> Database("default", create_engine("sqlite:///app.db"), MetaData()).token
        'default'
    """

    name: str
    engine: Engine | AsyncEngine
    metadata: MetaData | Sequence[MetaData] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    use_two_phase: bool = False
    limits: Mapping[str, Any] = field(default_factory=dict)
    package: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\w[\w.-]*", self.name):
            raise DbError(
                f"a database can't be named {self.name!r}: use letters, digits, '_', '.' and '-' "
                "(the name becomes part of function and file names)"
            )
        if not hasattr(self.engine, "dialect"):
            raise TypeError(f"the engine of the database {self.name!r} is {self.engine!r}; make one of a URL first")
        refuse_unknown(self.limits, f"limits of the database {self.name!r}")

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
        url = self.sync_engine.url
        secret = {key: "***" for key in url.query if SECRET.search(key)}
        shown = url.update_query_dict(secret).render_as_string(hide_password=True)
        return shown.replace("=%2A%2A%2A", "=***") if secret else shown

    @property
    def version_table(self) -> str:
        """The name of Alembic's version table, with its schema if the options name one.

        Example:
            >>> from sqlalchemy import create_engine
            >>> Database("default", create_engine("sqlite://"), options={"version_table_schema": "app"}).version_table
            'app.alembic_version'
        """
        schema = self.options.get("version_table_schema")
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
