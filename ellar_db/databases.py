"""What is migrated: a name, an engine, the models' metadata and Alembic's options for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from ellar_db.errors import DbError, summary
from ellar_db.importing import imported
from ellar_db.secrets import SECRET, remember, remember_text

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData
    from sqlalchemy.ext.asyncio import AsyncEngine

    from ellar_db.plugins import PluginManager

T = TypeVar("T")

DEFAULT = "default"

SOURCES = {
    "ellar-db:module": "EllarDBModule",
    "ellar-db:ellar_sql": "ellar-sql's EllarSQLModule",
    "ellar-db:pyproject": "[tool.ellar-db] of pyproject.toml",
}
"""How messages name the built-in plugins that supply databases."""

MetaDataLike: TypeAlias = "MetaData | Sequence[MetaData] | str"


@dataclass(frozen=True)
class MigrationOptions:
    """How an application migrates, whatever its databases.

    Args:
        directory: The migrations folder; a relative one is taken from the working directory.
        use_two_phase: Commit all databases of a run by two-phase commit.
        context_configure: Keyword arguments of Alembic's `context.configure`, for every database.
        lock: Let one run at a time write (see `Limits`; None leaves it to `[tool.ellar-db]`, as for those that follow).
        lock_timeout: Seconds to wait for that.
        connect_wait: Seconds to wait for a database that is starting.
        db_lock_timeout: Seconds that a statement may wait for a lock of the server's.
        statement_timeout: Seconds that a statement may run.
        confirm: "always": `downgrade` wants `--yes`, or an answer on the terminal.

    Example:
        >>> MigrationOptions(directory="migrations", context_configure={"compare_server_default": True})
        ... # doctest: +ELLIPSIS
        MigrationOptions(directory='migrations', ...)
    """

    directory: str | Path | None = None
    use_two_phase: bool = False
    context_configure: Mapping[str, Any] = field(default_factory=dict)
    lock: bool | None = None
    lock_timeout: float | None = None
    connect_wait: float | None = None
    db_lock_timeout: float | None = None
    statement_timeout: float | None = None
    confirm: str | None = None

    @property
    def limits(self) -> dict[str, Any]:
        """The limits that are set, by name."""
        names = ("lock", "lock_timeout", "connect_wait", "db_lock_timeout", "statement_timeout")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    @classmethod
    def parse(cls, options: MigrationOptions | Mapping[str, Any] | None) -> MigrationOptions:
        """Take the options as they are, or from a mapping of the same names.

        Raises:
            DbError: It is something else, or the mapping has a name that isn't an option.
        """
        if isinstance(options, MigrationOptions):
            return options
        if options is not None and not isinstance(options, Mapping):
            raise DbError(f"migration_options must be a dict or a MigrationOptions, not a {type(options).__name__}")
        unknown = sorted(set(options or {}) - set(cls.__dataclass_fields__))
        if unknown:
            known = ", ".join(cls.__dataclass_fields__)
            raise DbError(f"migration_options has no {', '.join(unknown)}; it takes {known}")
        return cls(**(options or {}))


@dataclass(frozen=True, repr=False)
class Database:
    """One database of a run.

    Args:
        name: Letters, digits, `_`, `.` and `-`; names the functions and files of a folder for several databases.
        engine: An engine, sync or async.
        metadata: What the models declare; without it autogenerate can't compare.
        options: Keyword arguments of Alembic's `context.configure` for this database.
        use_two_phase: Take part in a two-phase commit.
        limits: Values of `Limits` for this database, by name.
        package: In a run of a package's migrations, its name; else empty.

    Raises:
        DbError: The name has other characters.
        TypeError: The engine is none.

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
        """The address for messages, without its password and what its options have of secrets."""
        url = self.sync_engine.url
        secret = {key: "***" for key in url.query if SECRET.search(key)}
        shown = url.update_query_dict(secret).render_as_string(hide_password=True)
        return shown.replace("=%2A%2A%2A", "=***") if secret else shown

    def __repr__(self) -> str:
        # an engine's own hides the password alone
        return f"Database({self.name!r}, {self.url!r})"

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Do a piece of work in one transaction, written as for a sync engine, whatever the driver.

        Args:
            work: It is given the connection. Where it raises, the transaction is rolled back.

        Returns:
            What the work returned.

        Raises:
            UnavailableError: The database can't be reached.

        Example:
            >>> from sqlalchemy import create_engine, text
            >>> Database("default", create_engine("sqlite://")).transaction(
            ...     lambda connection: connection.execute(text("SELECT 1")).scalar()
            ... )
            1
        """
        from ellar_db.connecting import connected, in_event_loop

        def committed(databases: Sequence[Database]) -> T:
            with connected(databases[0]) as connection, connection.begin():
                return work(connection)

        return in_event_loop([self], committed)


class Databases(Mapping[str, Database]):
    """The databases of an application by name, in the order in which they are migrated.

    The application's injector gives it: `injector.get(Databases)["default"].engine`.
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


def collect_databases(manager: PluginManager) -> Databases:
    """Ask all plugins for their databases.

    Raises:
        DbError: Two plugins supply one name, or two names differ only in punctuation.
        PluginError: A plugin failed, or gave something that isn't a Database.
    """
    found: dict[str, tuple[str, Database]] = {}
    for plugin, answer in manager.answers("ellar_db_databases"):
        for database in plugin.listed("ellar_db_databases", answer):
            if not isinstance(database, Database):
                raise DbError(f"{plugin.title} supplied {database!r} as a database; it must be an ellar_db.Database")
            remember(database.sync_engine.url)
            source = SOURCES.get(plugin.name, plugin.title)
            other = found.setdefault(database.token, (source, database))
            if other[1] is not database:
                raise DbError(
                    f"the database {database.name!r} is supplied by {other[0]} (as {other[1].name!r}) and by "
                    f"{source}; give one of them another name"
                )
    # plugins answer first; the application's default database still comes first in a run
    databases = sorted((database for _, database in found.values()), key=lambda database: database.name != DEFAULT)
    return Databases(databases)


def make_databases(
    databases: Any, metadata: Any = None, options: MigrationOptions | None = None, *, pooled: bool = True
) -> Databases:
    """Make databases of what an application or a pyproject.toml says.

    Args:
        databases: A URL, a dict of engine options with `url`, an engine, or a dict of these by name.
        metadata: MetaData, a class that has it, `"module:attribute"`, a list of these, or a dict of these by name.
        options: Alembic's options, the same for every database.
        pooled: Whether engines made here keep their connections, as an application's do.

    Raises:
        DbError: One of them can't be understood, or a driver isn't installed.

    Example:
        >>> make_databases("sqlite:///app.db")["default"].url
        'sqlite:///app.db'
    """
    options = options or MigrationOptions()
    named = databases if _is_by_name(databases) else {DEFAULT: databases}
    by_name = metadata if isinstance(metadata, Mapping) else dict.fromkeys(named, metadata)
    unknown = sorted(set(by_name) - set(named))
    if unknown:
        raise DbError(f"metadata is given for {', '.join(unknown)}, which isn't among the databases")
    return Databases(
        [
            Database(
                name,
                _engine(name, spec, pooled),
                _metadata(by_name.get(name), name),
                options.context_configure,
                options.use_two_phase,
                options.limits,
            )
            for name, spec in named.items()
        ]
    )


def _is_by_name(databases: Any) -> bool:
    return isinstance(databases, Mapping) and "url" not in databases


def _engine(name: str, spec: Any, pooled: bool) -> Engine | AsyncEngine:
    from sqlalchemy import URL, Engine, engine_from_config, exc, make_url, pool

    # an AsyncEngine; its module can't be imported where greenlet, which only async engines need, isn't installed
    if isinstance(getattr(spec, "sync_engine", spec), Engine):
        return spec  # type: ignore[no-any-return]  # one of the two
    if isinstance(spec, (str, URL)):
        spec = {"url": spec}
    if not isinstance(spec, Mapping) or not isinstance(spec.get("url"), (str, URL)):
        raise DbError(
            f"the database {name!r} needs a URL, a table with 'url', or an engine, not a {type(spec).__name__}"
        )
    remember_text(str(spec["url"]))
    try:
        url = make_url(spec["url"])
        if url.password is not None and _is_cut(str(spec["url"])):
            raise ValueError("a part of the password is taken for the host")
    except (exc.ArgumentError, ValueError):
        raise DbError(
            f"the URL of the database {name!r} can't be understood; write it as "
            "dialect+driver://user:password@host/name (percent-encode odd characters of the password)"
        ) from None  # SQLAlchemy's message quotes the URL, and with it the password
    remember(url, spec)
    engine_options = {**spec, "url": url}
    if not pooled:
        engine_options.setdefault("poolclass", pool.NullPool)
    try:
        engine = engine_from_config(engine_options, prefix="")
    except ModuleNotFoundError as error:
        raise DbError(
            f"the driver {error.name!r} of the database {name!r} ({url.drivername}) isn't installed; "
            "install it with pip"
        ) from error
    except exc.NoSuchModuleError as error:
        raise DbError(f"SQLAlchemy knows no dialect {url.drivername!r}, which the database {name!r} names") from error
    except (exc.ArgumentError, AttributeError, TypeError, ValueError) as error:
        raise DbError(f"the engine of the database {name!r} can't be made: {summary(error)}") from error
    if not engine.dialect.is_async:
        return engine
    try:
        # SQLAlchemy 2.0 misses it only when a connection is made
        import_module("greenlet")
        from sqlalchemy.ext.asyncio import AsyncEngine
    except ImportError as error:
        raise DbError(
            f"the driver of the database {name!r} ({url.drivername}) is asynchronous, for which SQLAlchemy needs "
            "greenlet; install it with pip install 'sqlalchemy[asyncio]'"
        ) from error
    return AsyncEngine(engine)


def _is_cut(url: str) -> bool:
    """Tell whether a password with an `@` is cut at it, so that the rest of it would be shown as host or name."""
    address, _, query = url.partition("@")[2].partition("?")
    return "@" in address or any("@" in option.partition("=")[0] for option in query.split("&"))


def _metadata(spec: Any, name: str) -> MetaData | Sequence[MetaData] | None:
    from sqlalchemy import MetaData

    if spec is None:
        return None
    if isinstance(spec, (list, tuple)):
        return [item for part in spec for item in _listed(_metadata(part, name))]
    if isinstance(spec, str):
        spec = imported(spec, f"the metadata of the database {name!r}")
    found = getattr(spec, "metadata", spec)
    if isinstance(found, (list, tuple)):
        return _metadata(found, name)
    if not isinstance(found, MetaData):
        raise DbError(f"the metadata of the database {name!r} must be a MetaData or 'module:attribute', not {found!r}")
    return found


def _listed(metadata: MetaData | Sequence[MetaData] | None) -> Sequence[MetaData]:
    if metadata is None:
        return []
    return metadata if isinstance(metadata, Sequence) else [metadata]
