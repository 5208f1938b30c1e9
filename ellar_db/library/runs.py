"""The functions that change databases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ellar_db.config.invocation import Ran
from ellar_db.fleet.driver import Fleet
from ellar_db.library.arguments import Limiting, flags, opened, revision_named, text_of
from ellar_db.library.results import Migrated
from ellar_db.library.work import run_downgrade, run_upgrade
from ellar_db.options import Many
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from typing_extensions import Unpack


def upgrade(
    revision: str = "head",
    *,
    dry_run: bool = False,
    create: bool = False,
    keep_going: bool = False,
    tag: str | None = None,
    **where: Unpack[Limiting],
) -> list[Migrated]:
    """Upgrade databases to a later revision.

    An upgrade to the newest runs the migrations of installed packages first. Databases of a group are migrated one
    after the other in this process; `ellar-db upgrade --jobs` takes several.

    Args:
        revision: The target.
        dry_run: Run the revisions in a transaction, and roll it back.
        create: Make databases that aren't there.
        keep_going: Of a group: go on with the others after one has failed.
        tag: A text that env.py can read.
        where: The arguments of `Limiting`.

    Returns:
        What was done on each database, in order.

    Raises:
        DbError: It was refused, or a revision failed.

    Example:
        from ellar_db.library import upgrade

        for done in upgrade():
            print(f"{done.database}: {len(done.revisions)} applied, now at {', '.join(done.after)}")
    """
    target = revision_named(revision)
    flags(dry_run=dry_run, create=create, keep_going=keep_going)
    text_of("tag", tag)
    if dry_run and (create or keep_going):
        other = "create" if create else "keep_going"
        raise DbError(f"dry_run runs on one database after the other, and means nothing with {other}; leave it out")
    done = _Done(Many(keep_going=keep_going, create=create))
    with opened(
        upgrade, where, limits=True, each=None if dry_run else done.fleet, ran=done.add, rehearses=dry_run
    ) as config:
        run_upgrade(config, target, tag=tag, create=create)
    return done.results


def downgrade(
    revision: str = "-1",
    *,
    yes: bool = False,
    keep_going: bool = False,
    tag: str | None = None,
    **where: Unpack[Limiting],
) -> list[Migrated]:
    """Revert databases to an earlier revision, without asking.

    Args:
        revision: The target; by default the previous revision.
        yes: Drop tables and columns even if `confirm = "always"` is set.
        keep_going: Of a group: go on with the others after one has failed.
        tag: A text that env.py can read.
        where: The arguments of `Limiting`.

    Returns:
        What was done on each database, in order.

    Raises:
        DbError: It was refused, or a revision failed.

    Example:
        from ellar_db.library import downgrade

        undone = downgrade("base")
        assert all(each.after == () for each in undone)
    """
    target = revision_named(revision)
    flags(yes=yes, keep_going=keep_going)
    text_of("tag", tag)
    done = _Done(Many(keep_going=keep_going))
    with opened(downgrade, where, limits=True, each=done.fleet, ran=done.add) as config:
        run_downgrade(config, target, yes=yes, asks=False, tag=tag)
    return done.results


def stamp(
    *revisions: str,
    purge: bool = False,
    keep_going: bool = False,
    tag: str | None = None,
    **where: Unpack[Limiting],
) -> list[Migrated]:
    """Set the revision in databases without running migrations.

    Args:
        revisions: One for each branch; by default head. `base` if nothing is applied.
        purge: Empty the version table before.
        keep_going: Of a group: go on with the others after one has failed.
        tag: A text that env.py can read.
        where: The arguments of `Limiting`.

    Returns:
        What was recorded in each database, in order.

    Raises:
        DbError: It was refused.

    Example:
        from ellar_db.library import stamp

        stamp("head")
    """
    from alembic import command

    targets = [revision_named(each, "a revision") for each in revisions or ("head",)]
    flags(purge=purge, keep_going=keep_going)
    text_of("tag", tag)
    done = _Done(Many(keep_going=keep_going))
    with opened(stamp, where, limits=True, each=done.fleet, ran=done.add) as config:
        command.stamp(config, targets, tag=tag, purge=purge)
    return done.results


class _Done:
    """What a run does on each database.

    Args:
        many: How it goes through the databases of a group.
    """

    def __init__(self, many: Many) -> None:
        self.fleet = Fleet(many)
        self._ran: list[Ran] = []

    def add(self, ran: Ran) -> None:
        """Add a database on which revisions were run, or had nothing to run."""
        self._ran.append(ran)

    @property
    def results(self) -> list[Migrated]:
        """What was done on each database; those of a group at the end on which nothing had to be run."""
        known = {(each.package, each.database) for each in self._ran}
        unchanged = [
            Ran(outcome.database, package, outcome.before or (), outcome.after or ())
            for package, outcome in self.fleet.outcomes
            if (package, outcome.database) not in known
        ]
        return [_migrated(each) for each in (*self._ran, *unchanged)]


def _migrated(ran: Ran) -> Migrated:
    revisions: Sequence[str] = ran.revisions
    return Migrated(ran.database, ran.package or None, tuple(ran.before), tuple(ran.after), tuple(revisions))
