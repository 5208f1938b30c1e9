"""What functions and commands do alike in an open configuration; a command imports no more than this."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.config import Config


def run_upgrade(
    config: Config, revision: str, *, sql: bool = False, tag: str | None = None, create: bool = False
) -> None:
    """Upgrade the packages that are behind, and the application.

    Args:
        config: The command's configuration.
        revision: The target.
        sql: Only write the SQL.
        tag: `--tag`.
        create: Make databases that aren't there.

    Raises:
        DbError: It was refused, or a revision failed.
    """
    from alembic import command

    from ellar_db.fleet.provisioning import make_for_upgrade
    from ellar_db.runtime.package_checks import refuse_unready
    from ellar_db.runtime.packages import to_upgrade

    for database in make_for_upgrade(config, revision) if create else ():
        config.print_stdout("%s: created", database.name)
    if not sql:
        refuse_unready(config)
    for part, target in to_upgrade(config, revision, sql=sql):
        command.upgrade(part, target, sql=sql, tag=tag)


def run_downgrade(
    config: Config, revision: str, *, yes: bool, asks: bool = True, sql: bool = False, tag: str | None = None
) -> None:
    """Revert the databases to an earlier revision.

    Args:
        config: The command's configuration.
        revision: The target.
        yes: Whether it is confirmed.
        asks: Whether there may be somebody to ask.
        sql: Only write the SQL.
        tag: `--tag`.

    Raises:
        DbError: It was refused, or a revision failed.
    """
    from alembic import command

    from ellar_db.runtime.confirmation import confirmed
    from ellar_db.runtime.package_checks import refuse_needed

    if not sql:
        refuse_needed(config, revision)
    with confirmed(config, revision, yes=yes or sql, asks=asks):
        command.downgrade(config, revision, sql=sql, tag=tag)
