"""`alembic_config()` in an application's own code: at its start, in an event loop, in a thread, in a test."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import create_engine, event, text

from ellar_db import Databases, DbError, alembic_config
from ellar_db.databases.connections import apart
from ellar_db.databases.database import Database
from ellar_db.project.application import open_injector
from tests.support.applications import Shop, new_shop, write_pending
from tests.support.servers import asynchronous

MIGRATED = {"alembic_version", "user"}
ON_READY = """
def on_ready(self, app):
    from alembic import command
    from ellar_db import alembic_config

    with alembic_config() as config:
        command.upgrade(config, "head")
"""
ON_STARTUP = """
async def on_startup(self, app):
    from alembic import command
    from ellar_db import Databases, alembic_config
    from sqlalchemy import event, text

    engine = app.injector.get(Databases)["default"].engine
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    with alembic_config() as config:
        command.upgrade(config, "head")
    async with engine.connect() as connection:
        await connection.execute(text('SELECT * FROM alembic_version'))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with new_shop(tmp_path) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def async_url(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> str:
    return asynchronous(new_database(request.param))


@asynccontextmanager
async def lifespan(app: Any) -> Any:
    """Start an application and end it, as a server does."""
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan", "state": {}}, asked.get, told.put))
    await asked.put({"type": "lifespan.startup"})
    assert await told.get() == {"type": "lifespan.startup.complete"}
    yield
    await asked.put({"type": "lifespan.shutdown"})
    assert await told.get() == {"type": "lifespan.shutdown.complete"}
    await task


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_when_the_application_is_ready(shop: Shop, kind: str) -> None:
    url = f"sqlite:///{shop.path}/app.db"
    write_pending(shop, asynchronous(url) if kind == "async" else url, ON_READY, "IApplicationReady")
    assert shop.tables(url) == {"alembic_version"}

    shop.application()

    assert shop.tables(url) == MIGRATED


def test_when_the_server_starts(shop: Shop, async_url: str) -> None:
    write_pending(shop, async_url, ON_STARTUP, "IApplicationStartup")
    app = shop.application()

    async def serve() -> None:
        engine = app.injector.get(Databases)["default"].engine
        async with lifespan(app):
            async with engine.connect() as connection:
                assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar() == "first"
        await engine.dispose()

    asyncio.run(serve())

    assert shop.tables(async_url) == MIGRATED


def test_in_a_running_event_loop_the_pool_of_the_application_stays(shop: Shop, async_url: str) -> None:
    write_pending(shop, async_url)
    app = shop.application()

    async def serve() -> None:
        engine = app.injector.get(Databases)["default"].engine
        pool = engine.pool
        async with engine.connect() as held:
            assert (await held.execute(text("SELECT 1"))).scalar() == 1
            await held.rollback()
            with alembic_config(app=app) as config:
                command.upgrade(config, "head")
            assert (await held.execute(text("SELECT version_num FROM alembic_version"))).scalar() == "first"
        assert engine.pool is pool
        async with engine.connect() as again:
            assert (await again.execute(text("SELECT version_num FROM alembic_version"))).scalar() == "first"
        await engine.dispose()

    asyncio.run(serve())

    assert shop.tables(async_url) == MIGRATED


def test_after_an_event_loop_that_is_over(shop: Shop, async_url: str) -> None:
    write_pending(shop, async_url)
    app = shop.application()
    engine = app.injector.get(Databases)["default"].engine

    async def ask() -> None:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    with asyncio.Runner() if sys.version_info >= (3, 11) else closing(asyncio.new_event_loop()) as runner:
        run = runner.run if sys.version_info >= (3, 11) else runner.run_until_complete
        run(ask())
        # the pool holds a connection of a loop that isn't running
        with alembic_config(app=app) as config:
            command.upgrade(config, "head")
        run(ask())
        run(engine.dispose())

    assert shop.tables(async_url) == MIGRATED


@pytest.mark.parametrize("loop", ["a loop runs", "no loop runs"])
def test_the_listeners_of_an_async_engine_hear_the_run(shop: Shop, loop: str) -> None:
    write_pending(shop, f"sqlite+aiosqlite:///{shop.path}/app.db")
    app = shop.application()
    engine = app.injector.get(Databases)["default"].sync_engine
    heard: list[str] = []
    event.listen(engine, "connect", lambda *_: heard.append("connect"))
    event.listen(engine, "before_cursor_execute", lambda *given: heard.append(given[2].split()[0]))

    def migrate() -> None:
        with alembic_config(app=app) as config:
            command.upgrade(config, "head")

    async def serve() -> None:
        migrate()

    if loop == "a loop runs":
        asyncio.run(serve())
    else:
        migrate()

    assert {"connect", "CREATE"} <= set(heard)


def test_a_sync_engine_keeps_its_connections(shop: Shop, any_database: str) -> None:
    write_pending(shop, any_database)
    app = shop.application()
    engine = app.injector.get(Databases)["default"].engine
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        before = connection.connection.driver_connection

    with alembic_config(app=app) as config:
        command.upgrade(config, "head")

    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "first"
        assert connection.connection.driver_connection is before
    assert shop.tables(any_database) == MIGRATED


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_database_in_memory(shop: Shop, kind: str) -> None:
    write_pending(shop, "sqlite:///app.db")
    driver = "sqlite+aiosqlite" if kind == "async" else "sqlite"
    make = "create_async_engine" if kind == "async" else "create_engine"
    home = "sqlalchemy.ext.asyncio" if kind == "async" else "sqlalchemy"
    shop.create(
        f"EllarDBModule.setup(databases={make}('{driver}://', poolclass=StaticPool), metadata='shop.models:Base')",
        imports=f"from {home} import {make}\nfrom sqlalchemy.pool import StaticPool",
        models=(shop.path / "shop" / "models.py").read_text(),
    )
    app = shop.application()
    database = app.injector.get(Databases)["default"]

    async def names() -> set[str]:
        async with database.engine.connect() as connection:
            found = await connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
            return set(found.scalars())

    if kind == "async":

        async def serve() -> set[str]:
            async with database.engine.connect():
                pass
            with alembic_config(app=app) as config:
                command.upgrade(config, "head")
            found = await names()
            await database.engine.dispose()
            return found

        assert asyncio.run(serve()) == MIGRATED
        return
    with alembic_config(app=app) as config:
        command.upgrade(config, "head")
    with database.engine.connect() as connection:
        found = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        assert set(found.scalars()) == MIGRATED


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_in_a_thread_of_its_own(shop: Shop, kind: str) -> None:
    url = f"sqlite:///{shop.path}/app.db"
    write_pending(shop, asynchronous(url) if kind == "async" else url)
    app = shop.application()

    def migrate() -> None:
        with alembic_config(app=app) as config:
            command.upgrade(config, "head")

    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(migrate).result()
        assert pool.submit(open_injector).result() is None

    assert shop.tables(url) == MIGRATED


def test_inside_of_the_application_s_context(shop: Shop) -> None:
    url = f"sqlite:///{shop.path}/app.db"
    write_pending(shop, url)
    app = shop.application()
    (shop.path / "pyproject.toml").unlink()

    async def migrate() -> None:
        async with app.with_injector_context():
            with alembic_config() as config:
                command.upgrade(config, "head")

    asyncio.run(migrate())

    assert shop.tables(url) == MIGRATED


def test_the_application_is_found_where_none_is_given(shop: Shop) -> None:
    url = f"sqlite:///{shop.path}/app.db"
    write_pending(shop, url)

    with alembic_config() as config:
        command.upgrade(config, "head")
        assert list(config.attributes["databases"]) == ["default"]

    assert shop.tables(url) == MIGRATED


def test_a_refusal_is_an_exception(shop: Shop) -> None:
    write_pending(shop, f"sqlite:///{shop.path}/app.db")

    with pytest.raises(DbError, match=r"^Can't locate revision identified by 'nowhere'; "), alembic_config() as config:
        command.upgrade(config, "nowhere")

    with pytest.raises(DbError, match=r"^there is no migrations folder at elsewhere; "), alembic_config("elsewhere"):
        pass


def test_the_context_is_closed_after_a_failure(shop: Shop) -> None:
    write_pending(shop, f"sqlite:///{shop.path}/app.db")
    app = shop.application()

    with pytest.raises(DbError, match="nowhere"), alembic_config(app=app) as config:
        command.upgrade(config, "nowhere")

    assert open_injector() is None


def test_two_applications_one_after_the_other(shop: Shop) -> None:
    write_pending(shop, f"sqlite:///{shop.path}/first.db")
    first = shop.application()
    write_again = (shop.path / "shop" / "root_module.py").read_text().replace("first.db", "second.db")
    (shop.path / "shop" / "root_module.py").write_text(write_again)
    second = shop.application()

    for app in (first, second):
        with alembic_config(app=app) as config:
            command.upgrade(config, "head")

    assert shop.tables(f"sqlite:///{shop.path}/first.db") == MIGRATED
    assert shop.tables(f"sqlite:///{shop.path}/second.db") == MIGRATED


def test_the_application_given_beats_the_one_that_is_open(shop: Shop) -> None:
    write_pending(shop, f"sqlite:///{shop.path}/first.db")
    first = shop.application()
    root = shop.path / "shop" / "root_module.py"
    root.write_text(root.read_text().replace("first.db", "second.db"))
    second = shop.application()

    async def migrate() -> None:
        async with first.with_injector_context():
            with alembic_config(app=second) as config:
                command.upgrade(config, "head")
            with alembic_config() as config:
                assert config.attributes["databases"]["default"].url.endswith("first.db")

    asyncio.run(migrate())

    assert shop.tables(f"sqlite:///{shop.path}/second.db") == MIGRATED
    assert shop.tables(f"sqlite:///{shop.path}/first.db") == {"alembic_version"}


def test_an_engine_with_options_of_its_own_keeps_its_pool() -> None:
    base = create_engine("sqlite:///app.db")
    pool = base.pool
    engine = base.execution_options(schema_translate_map={None: "main"}).execution_options(
        isolation_level="SERIALIZABLE"
    )

    other = apart(Database("default", engine)).sync_engine

    assert base.pool is pool
    assert engine.pool is pool
    assert other.pool is not pool
    assert other.get_execution_options() == engine.get_execution_options()
    with other.connect():
        assert "Connections in pool: 0" in pool.status()
