"""Record each step of a migration in a table `ledger`; `status` tells what was applied when, and edited since."""

from __future__ import annotations

import getpass
import hashlib
import os
import socket
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db import Database, PackageMigrations, Run, hookimpl

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationInfo
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection


@hookimpl
def ellar_db_migrations() -> Iterator[PackageMigrations]:
    """Register the migrations of `ledger`, which each database gets."""
    from ellar_db_ledger.tables import metadata

    yield PackageMigrations("ledger", Path(__file__).with_name("versions"), metadata=metadata, databases=["*"])


@hookimpl(wrapper=True)
def ellar_db_step(run: Run, step: MigrationInfo) -> Iterator[Any]:
    """Record a revision with the time that it took, in its transaction, if the table exists."""
    began = time.monotonic()
    result = yield
    # with --sql there is no database to write to, and what is tried on a scratch database isn't history
    if run.purpose == "apply" and run.connection is not None:
        record(run.connection, run.package, step, time.monotonic() - began)
    return result


@hookimpl
def ellar_db_status(database: Database, connection: Connection, script: ScriptDirectory) -> Mapping[str, str] | None:
    """Say when the last revision was applied, and which applied files aren't what they were."""
    applied = recorded(connection, database.package)
    if not applied:
        return None
    last = max(applied.values(), key=lambda row: row.id)
    edited = [
        revision.revision
        for revision in script.walk_revisions()
        if revision.revision in applied and applied[revision.revision].checksum not in ("", checksum(revision.path))
    ]
    when = f"{last.at:%Y-%m-%d %H:%M} UTC by {last.who} in {last.seconds:.1f} s"
    return {"last applied": when, "edited since": ", ".join(reversed(edited)) or "-"}


def record(connection: Connection, package: str, step: MigrationInfo, seconds: float) -> None:
    """Write the row of a step. (The revision that creates the table has a row; the one that drops it has none.)"""
    from sqlalchemy import inspect

    from ellar_db_ledger.tables import ledger

    if not inspect(connection).has_table(ledger.name):
        return
    revisions = {each.revision: each.path for each in step.up_revisions} if not step.is_stamp else {}
    for revision in step.up_revision_ids or ("base",):
        connection.execute(
            ledger.insert().values(
                at=datetime.now(timezone.utc).replace(tzinfo=None),
                seconds=seconds,
                package=package,
                revision=revision,
                action="stamp" if step.is_stamp else "upgrade" if step.is_upgrade else "downgrade",
                who=f"{user()}@{socket.gethostname()}"[:255],
                checksum=checksum(revisions[revision]) if revision in revisions else "",
            )
        )


def recorded(connection: Connection, package: str) -> dict[str, Any]:
    """Return the newest row of each revision that is applied, as far as the table tells."""
    from sqlalchemy import inspect, select

    from ellar_db_ledger.tables import ledger

    if not inspect(connection).has_table(ledger.name):
        return {}
    rows = connection.execute(select(ledger).where(ledger.c.package == package).order_by(ledger.c.id))
    newest = {row.revision: row for row in rows}
    return {revision: row for revision, row in newest.items() if row.action == "upgrade"}


def checksum(path: str) -> str:
    """Return the checksum of a file, whatever its line ends; empty if it can't be read."""
    try:
        return hashlib.sha256(Path(path).read_bytes().replace(b"\r\n", b"\n")).hexdigest()
    except OSError:
        return ""


def user() -> str:
    """Return the name of the user, or the user id in a container without a name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
