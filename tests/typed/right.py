"""Programs as users write them, in which a type checker finds nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import assert_type

import click
from sqlalchemy import Engine, MetaData, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from ellar_db import (
    Database,
    Databases,
    DbError,
    EllarDBModule,
    MigrationOptions,
    RevisionRequest,
    Run,
    alembic_config,
    hookimpl,
    library,
    migration_lock,
)
from ellar_db.library import Compared, Migrated, Revision, Status, check, heads, migrate, status, upgrade, wait


class Base(DeclarativeBase):
    pass


def modules() -> None:
    EllarDBModule.setup(databases="sqlite:///app.db", metadata="shop.models:Base")
    EllarDBModule.setup(databases="sqlite:///app.db", metadata=Base)
    EllarDBModule.setup(databases={"default": "sqlite:///app.db"}, metadata={"default": Base.metadata})
    EllarDBModule.setup(databases=create_engine("sqlite://"), metadata=[MetaData(), Base])
    EllarDBModule.setup(databases={"url": "sqlite://", "echo": True}, metadata=MetaData())
    EllarDBModule.setup(databases={"log": create_async_engine("sqlite+aiosqlite://")})
    EllarDBModule.setup(migration_options={"directory": "migrations", "use_two_phase": True})
    EllarDBModule.setup(migration_options=MigrationOptions(directory=Path("migrations"), lock_timeout=5))
    EllarDBModule.setup()


def start_up(database: Database) -> list[str]:
    done = upgrade("head", lock_timeout=5, only=["acme*"])
    assert_type(done, list[Migrated])
    assert_type(done[0].after, tuple[str, ...])
    upgrade(databases=[database, Database("log", "sqlite:///log.db", group="logs")], directory="migrations")
    upgrade(databases=Databases([database]), directory=Path("migrations"), dry_run=True)
    return [revision for each in done for revision in each.revisions]


def health() -> dict[str, object]:
    found = status()
    assert_type(found, list[Status])
    assert_type(heads(), tuple[Revision, ...])
    return {each.database: {"state": each.state, "pending": len(each.pending)} for each in found}


async def serve() -> None:
    await asyncio.to_thread(wait, "head", timeout=5)


def script() -> Path:
    (written,) = migrate("Add users", rename=["users.name:full_name"], scratch=True)
    return written.file


def differences() -> Iterator[str]:
    found = check(history=True)
    assert_type(found, list[Compared])
    for each in found:
        for difference in each.differences:
            yield difference.text


def qualified() -> None:
    try:
        library.downgrade("base", yes=True, package="audit")
        library.verify(all=True, rows=False)
    except DbError as error:
        print(error.exit_code, error.message)


def seam(database: Database, limits: dict[str, float]) -> Engine | AsyncEngine:
    with alembic_config(limits=limits, databases=[database]), migration_lock(database, {"lock_timeout": 5}):
        return database.engine


@hookimpl
def ellar_db_revision_id(request: RevisionRequest) -> str | None:
    return request.slug


@hookimpl
def ellar_db_before_run(run: Run) -> None:
    run.state["began"] = 1
    assert_type(run.package, str)


@hookimpl
def ellar_db_databases(wanted: Sequence[str]) -> Iterator[Database]:
    yield Database("log", create_engine("sqlite://"), Base.metadata)


@hookimpl(wrapper=True)
def ellar_db_run(run: Run) -> Iterator[None]:
    yield


@hookimpl
def ellar_db_register_commands() -> Iterator[click.Command]:
    yield click.Command("hello")
