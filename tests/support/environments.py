"""Migrations folders whose env.py is somebody else's, in the ways in which people write them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ellar_db.testing import Project
from tests.support.revisions import write_revision
from tests.support.servers import asynchronous

HEAD = """
import asyncio
from logging.config import fileConfig

from alembic import context
from sqlalchemy import MetaData, create_engine, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

url = context.config.get_main_option("sqlalchemy.url")
"""

GENERIC = """
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=MetaData())
    with context.begin_transaction():
        context.run_migrations()
"""

BEGUN = """
with create_engine(url).begin() as connection:
    context.configure(connection=connection, target_metadata=MetaData())
    context.run_migrations()
"""

READ_BEFORE = """
with create_engine(url).connect() as connection:
    connection.execute(text("SELECT 1"))
    context.configure(connection=connection, target_metadata=MetaData())
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
"""

APPLICATIONS_POOL = """
engine = create_engine(url)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=MetaData(), compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
with engine.connect() as connection:
    connection.execute(text("SELECT 1"))
"""

POOL_OF_ONE = """
with create_engine(url, pool_size=1, max_overflow=0, poolclass=pool.QueuePool, pool_timeout=1).connect() as connection:
    context.configure(connection=connection, target_metadata=MetaData())
    with context.begin_transaction():
        context.run_migrations()
"""

ASYNC = """
def migrate(connection):
    context.configure(connection=connection, target_metadata=MetaData())
    with context.begin_transaction():
        context.run_migrations()

async def run():
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()

asyncio.run(run())
"""

BY_HAND = """
engines = {"": create_engine(url)}
records = {name: {"connection": engine.connect()} for name, engine in engines.items()}
for record in records.values():
    record["transaction"] = record["connection"].begin()
try:
    for name, record in records.items():
        context.configure(
            connection=record["connection"], upgrade_token=f"{name}_upgrades", downgrade_token=f"{name}_downgrades",
            target_metadata=MetaData(),
        )
        context.run_migrations(engine_name=name) if name else context.run_migrations()
    for record in records.values():
        record["transaction"].commit()
except:
    for record in records.values():
        record["transaction"].rollback()
    raise
finally:
    for record in records.values():
        record["connection"].close()
"""

FORMS = {
    "generic": GENERIC,
    "begun": BEGUN,
    "read before": READ_BEFORE,
    "application's pool": APPLICATIONS_POOL,
    "pool of one": POOL_OF_ONE,
    "async": ASYNC,
    "by hand": BY_HAND,
}


@dataclass
class ForeignEnvironment:
    """An Alembic folder `theirs` in a project that has no settings of ellar_db.

    Args:
        project: The project.
        url: The database.
        form: The form of its env.py, one of `FORMS`, or the text of one.
    """

    project: Project
    url: str
    form: str

    def write(self) -> ForeignEnvironment:
        """Write the folder without revisions."""
        body = FORMS.get(self.form, self.form)
        url = asynchronous(self.url) if "create_async_engine(url" in body else self.url
        escaped = url.replace("%", "%%")
        self.project.write("theirs.ini", f"[alembic]\nscript_location = theirs\nsqlalchemy.url = {escaped}\n")
        self.project.write("theirs/env.py", HEAD + body)
        self.project.write("theirs/script.py.mako", MAKO)
        self.versions.mkdir(exist_ok=True)
        return self

    @property
    def versions(self) -> Path:
        """The folder of its revisions."""
        return self.project.path / "theirs" / "versions"

    def revision(self, rev_id: str, parent: str | None, up: str, down: str = "pass") -> None:
        """Write a revision."""
        write_revision(self.versions, rev_id, parent, up, down)


MAKO = '''"""${message}"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''
