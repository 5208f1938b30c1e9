"""Scratch databases for a benchmark, on each kind of server that responds, dropped at its end."""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine, inspect, pool, text
from sqlalchemy.exc import DBAPIError

SERVERS = {
    "postgresql": ("ELLAR_DB_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"),
    "mariadb": ("ELLAR_DB_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/mysql"),
}
KINDS = ("sqlite", *SERVERS)

SESSIONS = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = :name",
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = :name",
}


@dataclass(frozen=True)
class Scratch:
    """A database that can be emptied repeatedly.

    Args:
        kind: "sqlite", "postgresql" or "mariadb".
        url: Its URL, with a sync driver and the password, if any.
        server: The server's own database, used to create and drop it; None for SQLite.
    """

    kind: str
    url: str
    server: Engine | None = None

    @property
    def engine(self) -> Engine:
        """An engine without a connection pool."""
        return create_engine(self.url, poolclass=pool.NullPool)

    def empty(self) -> None:
        """Recreate it."""
        self.drop()
        if self.server is not None:
            with self.server.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {self.engine.url.database}"))

    def drop(self) -> None:
        """Remove it."""
        name = self.engine.url.database
        if self.server is None:
            file = Path(str(name))
            for left in file.parent.glob(f"{file.name}*"):
                left.unlink()
            return
        self.settle()
        force = " WITH (FORCE)" if self.kind == "postgresql" else ""
        with self.server.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name}{force}"))

    def settle(self, seconds: float = 20.0) -> None:
        """Wait until the server has noticed that the programs that used it have ended."""
        if self.server is None:
            return
        query = text(SESSIONS[self.server.dialect.name])
        until = time.monotonic() + seconds
        with self.server.connect() as connection:
            while connection.execute(query, {"name": self.engine.url.database}).scalar():
                if time.monotonic() > until:
                    raise RuntimeError(f"a session of {self.engine.url!r} does not end")
                time.sleep(0.01)

    def tables(self) -> set[str]:
        """Return the names of its tables."""
        return set(inspect(self.engine).get_table_names())

    def ask(self, query: str) -> object:
        """Return the first value that a query finds."""
        with self.engine.connect() as connection:
            return connection.execute(text(query)).scalar()


@contextmanager
def scratch_databases(folder: Path, kinds: Sequence[str] = KINDS) -> Iterator[list[Scratch]]:
    """Yield an empty database of each kind; print a line for each server that doesn't respond.

    Args:
        folder: The folder of the SQLite database.
        kinds: The kinds.
    """
    made = []
    name = f"ellar_db_bench_{uuid.uuid4().hex[:12]}"
    try:
        for kind in kinds:
            if kind == "sqlite":
                made.append(Scratch(kind, f"sqlite:///{(folder / name).as_posix()}.db"))
                continue
            server = _server(kind)
            if server is not None:
                url = server.url.set(database=name).render_as_string(hide_password=False)
                made.append(Scratch(kind, url, server))
                made[-1].empty()
        yield made
    finally:
        for database in made:
            database.drop()


def _server(kind: str) -> Engine | None:
    variable, default = SERVERS[kind]
    server = create_engine(os.environ.get(variable, default), isolation_level="AUTOCOMMIT", poolclass=pool.NullPool)
    try:
        with server.connect():
            return server
    except DBAPIError as error:
        print(f"left out: {kind}, no server at {server.url!r} (set {variable}): {error.orig}", file=sys.stderr)
        return None
