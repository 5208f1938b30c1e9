"""The functions that tell about revisions, and where the databases stand among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from ellar_db.inspection import plan as planning
from ellar_db.inspection.documents import ranged, revisions
from ellar_db.inspection.readiness import wait_for
from ellar_db.inspection.standing import Standing, standings
from ellar_db.library.arguments import Where, flags, opened, revision_named, seconds, text_of
from ellar_db.library.results import Current, Plan, PlannedStep, Revision, Rows, Status, of_alembic, of_documents
from ellar_db.runtime.package_checks import warn_of_leftovers
from ellar_db.runtime.packages import to_upgrade, with_packages
from ellar_db.util.errors import DbError, UnavailableError
from ellar_db.util.masking import masked

if TYPE_CHECKING:
    from alembic.config import Config
    from typing_extensions import Unpack


def heads(*, resolve_dependencies: bool = False, **where: Unpack[Where]) -> tuple[Revision, ...]:
    """Return the newest revisions: those of installed packages, then the application's own.

    Args:
        resolve_dependencies: Leave out those on which others depend.
        where: The arguments of `Where`.

    Raises:
        DbError: The revisions can't be read.

    Example:
        from ellar_db.library import heads

        assert [each.revision for each in heads()] == ["two"]
    """
    flags(resolve_dependencies=resolve_dependencies)
    with opened(heads, where, databases=False) as config:
        return of_documents(
            revisions(
                config, lambda script: script.get_revisions("heads" if resolve_dependencies else script.get_heads())
            )
        )


def history(rev_range: str | None = None, **where: Unpack[Where]) -> tuple[Revision, ...]:
    """Return the revisions, the newest first.

    Args:
        rev_range: A range, `[start]:[end]`; `current` stands for the revision of a database. With a range there are
            only the application's revisions, or those of `package`; else those of installed packages too.
        where: The arguments of `Where`.

    Raises:
        DbError: The revisions can't be read, or the range leads nowhere.

    Example:
        from ellar_db.library import history

        for each in history("current:"):
            print(each.revision, each.title)
    """
    text_of("rev_range", rev_range)
    if rev_range is not None and rev_range.count(":") != 1:
        raise DbError(f"rev_range is {rev_range!r}: a range is [start]:[end], [start]: or :[end]")
    reads_database = "current" in (rev_range or "").split(":")
    with opened(history, where, databases=reads_database) as config:
        return of_documents(ranged(config, rev_range, indicate_current=False))


def current(**where: Unpack[Where]) -> list[Current]:
    """Return the current revisions of each database.

    Args:
        where: The arguments of `Where`.

    Raises:
        DbError: The folder can't be used.
        UnavailableError: A database can't be reached.

    Example:
        from ellar_db.library import current

        if not all(each.at_head for each in current()):
            print("not upgraded")
    """
    with opened(current, where) as config:
        found = _standings(config, whole=False)
    for each in found:
        if each.error:
            raise UnavailableError(each.error)
    return [
        Current(
            each.database,
            each.package or None,
            of_alembic(each.current, each.package),
            tuple(each.unknown),
            not (each.pending or each.unknown),
        )
        for each in found
    ]


def status(**where: Unpack[Where]) -> list[Status]:
    """Return where each database stands, and what is left to do; nothing is changed.

    A database that can't be reached doesn't hide the others: its state is "unavailable".

    Args:
        where: The arguments of `Where`.

    Raises:
        DbError: The folder, or its env.py, can't be used.

    Example:
        from ellar_db.library import status

        for each in status():
            print(each.database, each.state, len(each.pending))
    """
    with opened(status, where) as config:
        found = _standings(config, whole=True)
    return [
        Status(
            database=each.database,
            state=each.state,
            package=each.package or None,
            url=each.url or None,
            revisions=of_alembic(each.current, each.package),
            unknown=tuple(each.unknown),
            pending=of_alembic(each.pending, each.package),
            holder=each.holder or None,
            interrupted=each.interrupted or None,
            leftovers=tuple(each.leftovers),
            columns=_frozen(each.columns),
            error=each.error or None,
        )
        for each in found
    ]


def plan(revision: str = "head", **where: Unpack[Where]) -> list[Plan]:
    """Return what an upgrade or a downgrade would do on each database, from where it is; nothing is changed.

    Args:
        revision: The target; it may be below where a database is, as `-1` and `base` are.
        where: The arguments of `Where`.

    Raises:
        DbError: The target leads nowhere, or a database is at a revision that the folder doesn't have.
        UnavailableError: A database can't be reached.

    Example:
        from ellar_db.library import plan

        for each in plan():
            for step in each.steps:
                print(step.revision.revision, [difference.text for difference in step.differences])
    """
    target = revision_named(revision)
    with opened(plan, where, decides=True) as config:
        return [
            _plan(each) for part, aim in to_upgrade(config, target, sql=False) for each in planning.plans_of(part, aim)
        ]


def wait(
    goal: Literal["db", "head"] = "db", *, timeout: float = 60, interval: float = 1, **where: Unpack[Where]
) -> None:
    """Wait until the databases answer, or are at the newest revision.

    Args:
        goal: `"db"` until they answer, `"head"` until they are at the newest revision.
        timeout: For how many seconds; 0 looks once.
        interval: How many seconds are between two looks.
        where: The arguments of `Where`.

    Raises:
        DbError: They weren't ready in time, or never will be.
        UnavailableError: They weren't ready in time, and one of them never answered.

    Example:
        from ellar_db.library import wait

        wait("head", timeout=5)
    """
    if goal not in ("db", "head"):
        raise DbError(f"goal must be 'db' or 'head', not {goal!r}")
    seconds("timeout", timeout)
    seconds("interval", interval)
    with opened(wait, where, decides=goal == "head") as config:
        wait_for(config, head=goal == "head", timeout=timeout, interval=interval)


def _standings(config: Config, *, whole: bool) -> list[Standing]:
    warn_of_leftovers(config)
    return [each for part in with_packages(config) for each in standings(part, whole=whole)]


def _frozen(values: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(values))


def _plan(found: planning.Plan) -> Plan:
    standing = found.standing
    return Plan(
        database=standing.database,
        package=standing.package or None,
        before=tuple(each.revision for each in standing.current),
        after=tuple(found.after),
        others=tuple(found.others),
        steps=tuple(
            PlannedStep(
                revision=of_alembic([step.script], standing.package)[0],
                direction="upgrade" if step.is_upgrade else "downgrade",
                differences=tuple(replace(each, text=masked(each.text)) for each in step.differences),
                sql=step.sql,
                problem=step.problem or None,
                findings=tuple(step.findings),
            )
            for step in found.steps
        ),
        rows=tuple(Rows(table, number, about) for table, (number, about) in found.rows.items()),
        sql=found.sql,
    )
