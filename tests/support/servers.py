"""Database servers: those that are there already, and a PostgreSQL server and a PgBouncer of the test's own."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, make_url, pool
from sqlalchemy.exc import OperationalError

from tests.support.processes import TIMEOUT

SERVERS = {
    "postgresql": ("ELLAR_DB_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"),
    "mariadb": ("ELLAR_DB_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/mysql"),
}
ASYNC_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "mariadb": "mysql+aiomysql",
}


def server(name: str) -> Engine:
    """Return an engine for a server's own database, or skip: a failure where ELLAR_DB_TEST_REQUIRE names it."""
    variable, default = SERVERS[name]
    url = os.environ.get(variable, default)
    try:
        return _answering(url)
    except OperationalError as error:
        reason = f"no {name} server at {make_url(url).render_as_string()} (set {variable}): {error.orig}"
        if required(name):
            pytest.fail(reason)
        pytest.skip(reason)


@functools.cache
def _answering(url: str) -> Engine:
    """Return an engine for a server that has answered once, after which nobody needs to ask again."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=pool.NullPool)
    with engine.connect():
        return engine


def required(name: str) -> bool:
    """Return whether ELLAR_DB_TEST_REQUIRE makes the absence of something a failure."""
    return name in os.environ.get("ELLAR_DB_TEST_REQUIRE", "").replace(",", " ").split()


def sync_engine(url: str) -> Engine:
    """Return an engine to look into a database, whatever driver its URL names.

    It keeps no connection. One for a server is kept, since it knows the server's version and has compiled statements;
    one for a file isn't, whose name may be relative to the folder of one test.
    """
    parsed = make_url(url)
    return _made(url) if parsed.get_backend_name() == "sqlite" else _kept(url)


def _made(url: str) -> Engine:
    parsed = make_url(url)
    drivers = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
    return create_engine(parsed.set(drivername=drivers[parsed.get_backend_name()]), poolclass=pool.NullPool)


_kept = functools.lru_cache(maxsize=8)(_made)


def asynchronous(url: str) -> str:
    """Return the same URL with an async driver."""
    parsed = make_url(url)
    kind = {"mysql": "mariadb"}.get(parsed.get_backend_name(), parsed.get_backend_name())
    return parsed.set(drivername=ASYNC_DRIVERS[kind]).render_as_string(hide_password=False)


def postgres_programs() -> Path:
    """Return the folder of `initdb` and `pg_ctl`, or skip: a failure where ELLAR_DB_TEST_REQUIRE names postgresql."""
    found = shutil.which("pg_ctl")
    candidates = [Path(found).parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists():
            return folder
    reason = "no initdb and pg_ctl, with which the test starts a PostgreSQL server of its own"
    if required("postgresql"):
        pytest.fail(reason)
    pytest.skip(reason)


class OwnPostgres:
    """A server on a free port of the loopback address, in a folder that goes with it.

    Args:
        options: Settings of postgresql.conf.
    """

    def __init__(self, **options: object) -> None:
        self.programs = postgres_programs()
        self.folder = Path(tempfile.mkdtemp(prefix="ellar_db_postgres_"))
        self.port = _free_port()
        self.options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", **options}

    def __enter__(self) -> OwnPostgres:
        shutil.copytree(_initialised(), self.folder / "data")
        _give(self.folder)
        for last in (False, False, True):
            try:
                self.start()
                break
            except RuntimeError as error:
                # another program may have taken the port meanwhile
                if last or "Address already in use" not in str(error):
                    raise
                self.port = _free_port()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop("immediate", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """The URL of its database `postgres`, with a sync driver."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = " ".join(f"-c {name}='{value}'" for name, value in {**self.options, "port": self.port}.items())
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "-o", settings, "start"
        )

    def stop(self, mode: str = "fast", *, check: bool = True) -> None:
        """Stop it: "smart", "fast", or "immediate" as by a crash."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", mode, "stop", check=check)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        done = _run(self.programs / program, *arguments, cwd=self.folder)
        if check and done.returncode:
            log = self.folder / "log"
            raise RuntimeError(f"{program}: {done.stderr}\n{log.read_text() if log.exists() else ''}")


POOLED = """
[databases]
* = {target}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
logfile = {folder}/log
"""


class OwnPgBouncer:
    """A PgBouncer in front of a server, on a free port of the loopback address.

    Args:
        url: A database on the server.
        mode: "session" or "transaction".
        size: How many sessions of the server it uses for each database.
    """

    def __init__(self, url: str, mode: str, size: int) -> None:
        found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
        if found is None:
            pytest.skip("no pgbouncer on the PATH; Debian's package has it, and `make faults` installs it as root")
        self.program = found
        self.folder = Path(tempfile.mkdtemp(prefix="ellar_db_pgbouncer_"))
        self.server = make_url(url)
        self.mode, self.size = mode, size

    def __enter__(self) -> OwnPgBouncer:
        _give(self.folder)
        for last in (False, False, True):
            self.port = _free_port()
            self._start()
            if self._answers():
                break
            self._stop()
            # another program may have taken the port meanwhile
            if last:
                raise RuntimeError(f"pgbouncer: {(self.folder / 'log').read_text()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """The URL of the same database through the pooler, with a sync driver."""
        return self.server.set(host="127.0.0.1", port=self.port).render_as_string(hide_password=False)

    def _start(self) -> None:
        known = {
            "host": self.server.host or "127.0.0.1",
            "port": self.server.port or 5432,
            "user": self.server.username,
            "password": self.server.password,
        }
        target = " ".join(f"{name}='{value}'" for name, value in known.items() if value)
        settings = POOLED.format(target=target, port=self.port, mode=self.mode, size=self.size, folder=self.folder)
        (self.folder / "pgbouncer.ini").write_text(settings)
        _give(self.folder)
        self._process = subprocess.Popen(
            [self.program, "-q", str(self.folder / "pgbouncer.ini")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            **_no_root(),
        )

    def _answers(self) -> bool:
        """Wait until it answers; return False if it ends."""
        engine = create_engine(self.url, poolclass=pool.NullPool)
        deadline = time.monotonic() + TIMEOUT
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                with engine.connect():
                    return True
            except OperationalError:
                time.sleep(0.02)
        return False

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait()


@functools.cache
def _initialised() -> Path:
    """Return the data folder of a new server, which each server copies: `initdb` takes ten times as long."""
    folder = Path(tempfile.mkdtemp(prefix="ellar_db_postgres_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _give(folder)
    options = ["-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"]
    done = _run(postgres_programs() / "initdb", "-D", str(folder / "data"), *options, cwd=folder)
    if done.returncode:
        raise RuntimeError(f"initdb: {done.stderr}")
    return folder / "data"


def _run(program: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=cwd,
        text=True,
        timeout=TIMEOUT,
        check=False,
        **_no_root(),
    )


def _give(folder: Path) -> None:
    """Make the user that runs PostgreSQL the owner of a folder and of all in it."""
    if _is_root():
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "postgres", "postgres")


def _no_root() -> dict[str, Any]:
    """Return the user as whom a server is started that refuses to run as root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if _is_root() else {}


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
