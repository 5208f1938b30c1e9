"""Engines made of URLs and options."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from ellar_db.project.urls import CUT, FORM, corrected, installing, is_cut_host, named_file
from ellar_db.util.errors import DbError, summary
from ellar_db.util.masking import remember, remember_text
from ellar_db.util.sqlalchemy import dialect_apart, engine_with_own_pool

if TYPE_CHECKING:
    from sqlalchemy import URL, Dialect, Engine
    from sqlalchemy.ext.asyncio import AsyncEngine


class Deferred:
    """An engine that is made when it is first used: of thousands of databases, a command may use a few.

    Args:
        url: Its URL.
        make: Makes the engine.
    """

    def __init__(self, url: URL, make: Callable[[], Engine | AsyncEngine]) -> None:
        self.url = url
        self.make = make


def deferred(name: str, url: URL | str) -> Deferred:
    """Return the engine of a URL, made on first use. Databases with one URL, as of several schemas, share it.

    Args:
        name: The database's name, for messages.
        url: The URL.

    Raises:
        DbError: The URL can't be understood.
    """
    parsed = checked_url(name, {"url": url})
    return Deferred(parsed, lambda: _shared(name, parsed))


_engines: WeakValueDictionary[tuple[URL, str], Engine | AsyncEngine] = WeakValueDictionary()
"""The engines of databases that were given as URLs, by URL and the folder to which it may be relative."""


def _shared(name: str, url: URL) -> Engine | AsyncEngine:
    key = url, os.getcwd()
    engine = _engines.get(key)
    if engine is None:
        engine = _engines[key] = make_engine(name, url, pooled=False)
    return engine


def checked_url(name: str, spec: Mapping[str, Any]) -> URL:
    """Return the URL in engine options, whose secrets are masked in messages from now on.

    Args:
        name: The database's name, for messages.
        spec: The options.

    Raises:
        DbError: It can't be understood.
    """
    from sqlalchemy import exc, make_url

    remember_text(str(spec["url"]))
    try:
        url = make_url(spec["url"])
    except (exc.ArgumentError, ValueError):
        raise DbError(
            f"the URL of the database {name!r} can't be understood; write it as "
            f"{FORM} (percent-encode odd characters of the password)"
        ) from None  # SQLAlchemy's message quotes the URL, and with it the password
    remember(url, spec)
    if url.password is not None and _is_cut(str(spec["url"])):
        raise DbError(f"the URL of the database {name!r} can't be understood: {CUT}")
    if told := _told_of_file(url):
        raise DbError(f"the URL of the database {name!r} can't be understood: {told}")
    return url


def _told_of_file(url: URL) -> str:
    """Return how the file of a database is named, if SQLAlchemy takes it for a host; else an empty string.

    All else that is wrong is said when the engine is made, which of thousands only those get that are used.
    """
    from sqlalchemy import exc

    try:
        _dialect(url.drivername).create_connect_args(url)
    except (exc.ArgumentError, ImportError, AttributeError, TypeError, ValueError) as error:
        return named_file(error)
    return ""


@cache
def _dialect(drivername: str) -> Dialect:
    """Return SQLAlchemy's dialect of URLs, of which thousands may have the same."""
    from sqlalchemy import URL

    return URL.create(drivername).get_dialect()()


def refuse_cut(name: str, url: URL) -> None:
    """Refuse the URL of an engine that was made elsewhere, if a part of the password is taken for the host.

    Args:
        name: The database's name, for messages.
        url: The URL.

    Raises:
        DbError: So it is; the message shows nothing of it.
    """
    if is_cut_host(url.host):
        raise DbError(f"the URL of the database {name!r} can't be understood: {CUT}")


def make_engine(name: str, spec: Any, *, pooled: bool) -> Engine | AsyncEngine:
    """Return an engine as it was given, or make it of a URL or of engine options.

    Args:
        name: The database's name, for messages.
        spec: An engine, a URL, or a dict of engine options with `url`.
        pooled: Whether it pools its connections, as an application's does.

    Raises:
        DbError: It can't be made, or a driver isn't installed.
    """
    from sqlalchemy import URL, Engine, engine_from_config, exc, pool

    # or an AsyncEngine, whose module can't be imported without greenlet, which only async engines need
    if isinstance(getattr(spec, "sync_engine", spec), Engine):
        return spec  # type: ignore[no-any-return]  # one of the two
    if isinstance(spec, (str, URL)):
        spec = {"url": spec}
    if not isinstance(spec, Mapping) or not isinstance(spec.get("url"), (str, URL)):
        raise DbError(
            f"the database {name!r} needs a URL, a table with 'url', or an engine, not a {type(spec).__name__}"
        )
    url = checked_url(name, spec)
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


def entering(
    engine: Engine | AsyncEngine, url: URL, schema: str, statements: Callable[[Dialect], Sequence[str]]
) -> Engine | AsyncEngine:
    """Return a copy of an engine, each of whose sessions begins in a schema; its connections aren't pooled.

    Args:
        engine: The engine.
        url: The URL of the copy, for messages and locks.
        schema: The schema, which the copy's dialect takes for the default one.
        statements: Returns the statements with which a session begins.
    """
    from sqlalchemy import event

    known_as: Any = engine
    base: Engine = getattr(known_as, "sync_engine", known_as)
    made = engine_with_own_pool(base, pooled=False)
    made.url = url
    dialect: Any = dialect_apart(base.dialect)
    made.dialect = dialect
    known = False

    def begin(connection: Any, _: Any) -> None:
        nonlocal known
        if not known:
            # the first connection of all has told the engine's own dialect about the server just now
            current = dialect_apart(base.dialect)
            current.default_schema_name = schema
            vars(dialect).update(vars(current))
            known = True
        cursor = connection.cursor()
        for statement in statements(dialect):
            cursor.execute(statement)
        cursor.close()
        connection.commit()

    event.listen(made.pool, "connect", begin)
    if made.dialect.is_async:
        from sqlalchemy.ext.asyncio import AsyncEngine

        return AsyncEngine(made)
    return made
