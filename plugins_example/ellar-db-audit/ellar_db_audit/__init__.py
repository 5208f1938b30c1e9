"""Write a row in `audit_log` for each applied revision; the package ships the migrations that create the table."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db import PackageMigrations, Run, hookimpl

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationInfo
    from sqlalchemy import Connection


@hookimpl
def ellar_db_migrations() -> Iterator[PackageMigrations]:
    """Register the migrations of `audit_log`."""
    from ellar_db_audit.tables import metadata

    yield PackageMigrations("audit", Path(__file__).with_name("versions"), metadata=metadata)


@hookimpl(wrapper=True)
def ellar_db_step(run: Run, step: MigrationInfo) -> Iterator[Any]:
    """Write a row after a revision, in its transaction, if the table exists."""
    result = yield
    # with --sql there is no database to write to, and what is tried on a scratch database isn't history
    if run.purpose == "apply" and run.connection is not None:
        record(run.connection, run.package, step)
    return result


def record(connection: Connection, package: str, step: MigrationInfo) -> None:
    """Write the row of a revision. (The revision that creates the table has a row; the one that drops it has none.)"""
    from sqlalchemy import inspect

    from ellar_db_audit.tables import audit_log

    if not inspect(connection).has_table(audit_log.name):
        return
    connection.execute(
        audit_log.insert().values(
            applied_at=datetime.now(timezone.utc).replace(tzinfo=None),
            package=package,
            revision=", ".join(step.up_revision_ids) or "base",
            action="stamp" if step.is_stamp else "upgrade" if step.is_upgrade else "downgrade",
            applied_by=f"{who()}@{socket.gethostname()}"[:255],
        )
    )


def who() -> str:
    """Return the name of the user, or the user id in a container without a name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
