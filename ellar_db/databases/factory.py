"""Databases made from the settings of an application or a pyproject.toml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from inspect import isroutine
from typing import TYPE_CHECKING, Any, TypeAlias

from ellar_db.databases.database import DEFAULT, Database, Databases
from ellar_db.databases.options import MigrationOptions
from ellar_db.project.importing import CallError, called, imported
from ellar_db.project.urls import FORM, corrected, installing
from ellar_db.util.errors import DbError, UnavailableError, summary
from ellar_db.util.masking import remember, remember_text

if TYPE_CHECKING:
    from sqlalchemy import Engine, MetaData
    from sqlalchemy.ext.asyncio import AsyncEngine


MetaDataLike: TypeAlias = "MetaData | Sequence[MetaData] | str"


def make_databases(
    databases: Any, metadata: Any = None, options: MigrationOptions | None = None, *, pooled: bool = True
) -> Databases:
    """Make databases from the settings of an application or a pyproject.toml.

    Args:
        databases: A URL, a dict of engine options with `url`, an engine, or a dict of these by name.
        metadata: MetaData, a class that has it, `"module:attribute"` (or of a function that returns it), a list of
            these, or a dict of these by name.
        options: Alembic's options, the same for every database.
        pooled: Whether engines made here pool their connections, as an application's do.

    Raises:
        DbError: A setting is invalid, or a driver isn't installed.

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

    # or an AsyncEngine, whose module can't be imported without greenlet, which only async engines need
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
            f"{FORM} (percent-encode odd characters of the password)"
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
            f"{installing(str(error.name))}"
        ) from error
    except exc.NoSuchModuleError as error:
        raise DbError(
            f"SQLAlchemy knows no dialect {url.drivername!r}, which the database {name!r} names; "
            f"{corrected(url.drivername)}"
        ) from error
    except (exc.ArgumentError, AttributeError, TypeError, ValueError) as error:
        raise DbError(f"the engine of the database {name!r} can't be made: {summary(error)}") from error
    if not engine.dialect.is_async:
        return engine
    try:
        # SQLAlchemy 2.0 reports that it is missing only when a connection is made
        import_module("greenlet")
        from sqlalchemy.ext.asyncio import AsyncEngine
    except ImportError as error:
        raise DbError(
            f"the driver of the database {name!r} ({url.drivername}) is asynchronous, for which SQLAlchemy needs "
            "greenlet; install it with pip install 'sqlalchemy[asyncio]'"
        ) from error
    return AsyncEngine(engine)


def _is_cut(url: str) -> bool:
    """Return whether a password was cut at an `@` in it, so that the rest would be shown as host or name."""
    address, _, query = url.partition("@")[2].partition("?")
    return "@" in address or any("@" in option.partition("=")[0] for option in query.split("&"))


def _metadata(spec: Any, name: str) -> MetaData | Sequence[MetaData] | None:
    from sqlalchemy import MetaData

    if spec is None:
        return None
    if isinstance(spec, (list, tuple)):
        items = [item for part in spec for item in _listed(_metadata(part, name))]
        # several modules may be named for the models that they define on one metadata
        return list({id(item): item for item in items}.values())
    if isinstance(spec, str):
        spec = _imported_metadata(spec, f"the metadata of the database {name!r}")
    found = getattr(spec, "metadata", spec)
    if isinstance(found, (list, tuple)):
        return _metadata(found, name)
    if not isinstance(found, MetaData):
        raise DbError(f"the metadata of the database {name!r} must be a MetaData or 'module:attribute', not {found!r}")
    return found


def _imported_metadata(path: str, what: str) -> Any:
    found = imported(path, what)
    if not isroutine(found):
        return found
    try:
        return called(found)
    except CallError as error:
        raise UnavailableError(f"{what} is {path!r}, which failed: {error}") from error


def _listed(metadata: MetaData | Sequence[MetaData] | None) -> Sequence[MetaData]:
    if metadata is None:
        return []
    return metadata if isinstance(metadata, Sequence) else [metadata]
