"""A PostgreSQL server of the test's own, which it may configure, stop and kill."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest


def postgres_programs() -> Path:
    """Give the folder of `initdb` and `pg_ctl`, or skip: a failure where ELLAR_DB_TEST_REQUIRE names postgresql."""
    found = shutil.which("pg_ctl")
    candidates = [Path(found).parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists():
            return folder
    reason = "no initdb and pg_ctl, with which the test starts a PostgreSQL server of its own"
    if "postgresql" in os.environ.get("ELLAR_DB_TEST_REQUIRE", "").replace(",", " ").split():
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
        # PostgreSQL refuses to run as root
        if _is_root():
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8")
        self.start()
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
        user: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if _is_root() else {}
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            text=True,
            timeout=60,
            check=False,
            **user,
        )
        if check and done.returncode:
            log = self.folder / "log"
            raise RuntimeError(f"{program}: {done.stderr}\n{log.read_text() if log.exists() else ''}")


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
