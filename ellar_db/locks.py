"""The locks of the databases that SQLAlchemy itself knows."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.connecting import Caller, apart, connected
from ellar_db.databases import Database
from ellar_db.errors import DbError
from ellar_db.limits import Limits
from ellar_db.locking import version_table

if TYPE_CHECKING:
    from sqlalchemy import Connection


class NoLock:
    """The lock of a database that no other process can see."""

    def acquire(self) -> bool:
        """Take it."""
        return True

    def release(self) -> None:
        """Let go of it."""

    def holder(self) -> str:
        """Say nothing."""
        return ""


class FileLock:
    """The lock of a SQLite database: a file beside it, which the operating system unlocks when its holder dies.

    Args:
        path: The database's file.
    """

    def __init__(self, path: Path) -> None:
        from filelock import FileLock as SystemLock

        # a link to the database, as beside each release of a program, is the same database
        path = path.resolve()
        self.path = path.with_name(f"{path.name}.migrating")
        self._note = path.with_name(f"{path.name}.migrating-by")
        self._lock = SystemLock(self.path, timeout=0, thread_local=False)

    def acquire(self) -> bool:
        """Try to take it."""
        from filelock import Timeout

        if not self.path.parent.is_dir():
            # filelock would make the folder, and a new database in it; without, the run says what is the matter
            return True
        try:
            self._lock.acquire()
        except Timeout:
            return False
        except OSError as error:
            raise DbError(
                f"the lock file {self.path} can't be made: {error.strerror or error}; --no-lock goes without"
            ) from error
        with contextlib.suppress(OSError):
            self._note.write_text(f"process {os.getpid()} on {socket.gethostname()} since {_now()}", encoding="utf-8")
        return True

    def release(self) -> None:
        """Let go of it, and leave no file behind."""
        if self._lock.is_locked:
            # others may have the files open, which Windows doesn't let go of
            with contextlib.suppress(OSError):
                self._note.unlink()
            with contextlib.suppress(OSError):
                self.path.unlink()
            self._lock.release()

    def holder(self) -> str:
        """Say what the holder wrote."""
        try:
            return self._note.read_text(encoding="utf-8")
        except OSError:
            return ""


class ServerLock:
    """A lock that a server keeps for a session; the session is of its own, and ends with the process.

    Args:
        database: The database.
        limits: How long to wait for a server that starts.
    """

    def __init__(self, database: Database, limits: Limits) -> None:
        self.database = apart(database)
        self.key = version_table(database)
        self._call = Caller(database)
        self._stack = ExitStack()
        self._connection: Connection | None = None
        self._limits = limits

    def acquire(self) -> bool:
        """Try to take it; the first try connects."""
        if self._connection is None:
            self._connection = self._call(self._connect)
        return bool(self._call(self.try_to_lock, self._connection))

    def release(self) -> None:
        """End the session, and with it the lock."""
        try:
            self._call(self._stack.close)
        finally:
            self._call.close()

    def holder(self) -> str:
        """Ask the server."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return "" if self._connection is None else self._call(self.ask_holder, self._connection)
        except SQLAlchemyError:
            # a server may keep to itself who its other sessions are
            return ""

    def try_to_lock(self, connection: Connection) -> bool:
        """Try to take the lock on a connection."""
        raise NotImplementedError

    def ask_holder(self, connection: Connection) -> str:
        """Ask who holds the lock."""
        raise NotImplementedError

    def prepare(self, connection: Connection) -> None:
        """Make a new session ready."""

    def _connect(self) -> Connection:
        self._stack.callback(self.database.sync_engine.dispose)
        connection = self._stack.enter_context(connected(self.database, self._limits.connect_wait))
        # without autocommit the session would stand in a transaction as long as the run takes
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        self.prepare(connection)
        return connection


class PostgreSQLLock(ServerLock):
    """An advisory lock, which belongs to one database of the server."""

    def prepare(self, connection: Connection) -> None:
        """Say who this is, for those who wait, and keep no time-out on the wait."""
        from sqlalchemy import text

        name = f"ellar_db process {os.getpid()} on {socket.gethostname()}"[:63]
        values = {"application_name": name, "statement_timeout": "0"}
        # the session has nothing to do while the run lasts
        if (connection.dialect.server_version_info or ()) >= (14,):
            values["idle_session_timeout"] = "0"
        calls = ", ".join(f"set_config('{setting}', :{setting}, false)" for setting in values)
        connection.execute(text(f"SELECT {calls}"), values)

    def try_to_lock(self, connection: Connection) -> bool:
        """Try `pg_try_advisory_lock`."""
        from sqlalchemy import text

        return bool(
            connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._number(connection)}).scalar()
        )

    def ask_holder(self, connection: Connection) -> str:
        """Look into `pg_locks`."""
        from sqlalchemy import text

        found = connection.execute(
            text(
                "SELECT a.pid, a.application_name, a.client_addr, a.state_change FROM pg_locks l "
                "JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted "
                "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
                "AND ((l.classid::bigint << 32) | l.objid::bigint) = :key"
            ),
            {"key": self._number(connection)},
        ).first()
        if found is None:
            return ""
        name = str(found.application_name or "").removeprefix("ellar_db ")
        who = name if name.startswith("process ") else f"{name or 'a session'} at {found.client_addr or 'the server'}"
        since = found.state_change.astimezone().strftime("%H:%M:%S")
        return f"{who} (backend {found.pid}) since {since}"

    def _number(self, connection: Connection) -> int:
        """Give the lock's number, 63 bits of a hash of the version table's full name."""
        from sqlalchemy import text

        key = self.key
        if "." not in key:
            key = f"{connection.execute(text('SELECT current_schema()')).scalar()}.{key}"
        return int.from_bytes(hashlib.sha256(f"ellar_db {key}".encode()).digest()[:8], "big") >> 1


class MySQLLock(ServerLock):
    """A lock of `GET_LOCK`, whose names are the server's: the database's name is part of it."""

    def prepare(self, connection: Connection) -> None:
        """Keep the session, which has nothing to do while the run lasts, for as long as the server allows: 24 days."""
        from sqlalchemy import text

        connection.execute(text("SET SESSION wait_timeout = 2147483"))

    def try_to_lock(self, connection: Connection) -> bool:
        """Try `GET_LOCK` without waiting."""
        from sqlalchemy import text

        return connection.execute(text("SELECT GET_LOCK(:name, 0)"), {"name": self._name(connection)}).scalar() == 1

    def ask_holder(self, connection: Connection) -> str:
        """Look into the process list."""
        from sqlalchemy import text

        number = connection.execute(text("SELECT IS_USED_LOCK(:name)"), {"name": self._name(connection)}).scalar()
        if number is None:
            return ""
        found = connection.execute(
            text("SELECT host, time FROM information_schema.processlist WHERE id = :number"), {"number": number}
        ).first()
        if found is None:
            return f"connection {number}"
        # the session has nothing to do since it got the lock
        since = (datetime.now(timezone.utc).astimezone() - timedelta(seconds=found[1] or 0)).strftime("%H:%M:%S")
        return f"connection {number} from {found[0]} since {since}"

    def _name(self, connection: Connection) -> str:
        database = self.database.sync_engine.url.database
        # names may have 64 characters
        return "ellar_db " + hashlib.sha256(f"{database} {self.key}".encode()).hexdigest()[:40]


def _now() -> str:
    return datetime.now(timezone.utc).astimezone().strftime("%H:%M:%S")


def sqlite_file(database: Database) -> Path | None:
    """Give the file of a SQLite database, or None where it is in memory.

    Example:
        >>> from sqlalchemy import create_engine
        >>> sqlite_file(Database("default", create_engine("sqlite://"))) is None
        True
    """
    url: Any = database.sync_engine.url
    name = url.database or ""
    if name.startswith("file:"):
        from urllib.parse import unquote, urlsplit

        parts = urlsplit(name)
        in_memory = "mode=memory" in parts.query or url.query.get("mode") == "memory" or parts.path == ":memory:"
        return None if in_memory else Path(unquote(parts.path))
    return None if name in ("", ":memory:") else Path(name)
