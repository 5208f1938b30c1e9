"""Write a row in `audit_log` for each applied revision; the package ships the migrations that create the table."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db import PackageMigrations, hookimpl

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationInfo

    from ellar_db import Database


@hookimpl
def ellar_db_migrations() -> Iterator[PackageMigrations]:
    """Register the migrations of `audit_log`."""
    from ellar_db_audit.tables import metadata

    yield PackageMigrations("audit", Path(__file__).with_name("versions"), metadata=metadata)


@hookimpl
def ellar_db_step_applied(database: Database, step: MigrationInfo) -> None:
    """Write a row in the run's own transaction, if the table exists."""
    from alembic import op
    from sqlalchemy import inspect

    from ellar_db_audit.tables import audit_log

    context = op.get_context()
    # with --sql there is no database to inspect
    if context.as_sql or context.connection is None or not inspect(context.connection).has_table(audit_log.name):
        return
    context.connection.execute(
        audit_log.insert().values(
            applied_at=datetime.now(timezone.utc).replace(tzinfo=None),
            package=database.package,
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
