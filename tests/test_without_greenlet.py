"""SQLAlchemy's asyncio needs greenlet, which not every installation has; only async engines need it."""

from __future__ import annotations

import pytest

from ellar_db.testing import Project

WITHOUT = "import sys; sys.modules['greenlet'] = None; from ellar_db.cli import main; sys.argv[0] = 'ellar-db'; main()"


@pytest.mark.long
def test_sync_engines_work_without_greenlet(plain: Project) -> None:
    for arguments in (["init"], ["migrate", "-m", "x"], ["upgrade"], ["current"]):
        plain.run("python", "-c", WITHOUT, *arguments)

    assert plain.tables() == {"alembic_version", "users"}


@pytest.mark.parametrize("command", ["upgrade", "current"])
def test_async_engines_say_what_to_install(plain: Project, command: str) -> None:
    plain.db("init")
    plain.configure(url="sqlite+aiosqlite:///app.db")

    done = plain.run("python", "-c", WITHOUT, command, exit_code=1)

    assert done.stderr == (
        "Error: the driver of the database 'default' (sqlite+aiosqlite) is asynchronous, for which SQLAlchemy needs "
        "greenlet; install it with pip install 'sqlalchemy[asyncio]'\n"
    )
