"""Where databases stand in the history, as findings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ellar_db.config.command_line import program
from ellar_db.config.invocation import DATABASES, change_invocation, invocation_of
from ellar_db.databases.database import Database
from ellar_db.inspection.diagnosis.databases import check_connection, in_time, subject_of
from ellar_db.inspection.diagnosis.finding import Finding, guarded
from ellar_db.inspection.standing import Standing, standings
from ellar_db.plugins.dialects import dialect_of
from ellar_db.runtime.packages import with_packages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic.config import Config
    from sqlalchemy import Connection


def check_standing(config: Config, seconds: float) -> Iterator[Finding]:
    """Yield where the databases of a folder stand, and of those that only its env.py knows, also what they are.

    Args:
        config: Alembic's configuration, whose databases answer.
        seconds: How long all of them may take.
    """
    known = bool(config.attributes[DATABASES])
    seen: list[Finding] = []
    if not known:
        # an env.py of somebody else's connects by itself
        change_invocation(config, ahead=partial(_look, seen))
    what = "the databases" if known else "the database of env.py"
    found = in_time(lambda: [each for part in with_packages(config) for each in standings(part)], seconds, what)
    yield from seen
    for each in found:
        yield from of_standing(each)
    if any(each.state == "at head" and each.current for each in found):
        yield Finding(
            "ok",
            "drift",
            "not looked at: whether the tables, or the models, differ from the history",
            f"`{program()} check --drift`, `{program()} check`",
        )


def _look(seen: list[Finding], config: Config, databases: Sequence[Database], connection: Connection | None) -> None:
    if connection is None:
        return
    for database in databases:
        dialect = dialect_of(invocation_of(config).manager, database)
        look = partial(check_connection, connection, database, dialect)
        seen += guarded(subject_of(database), look)


def of_standing(standing: Standing) -> Iterator[Finding]:
    """Yield what the place of a database in the history means.

    Args:
        standing: Where it stands.
    """
    subject = f"database {standing.database}"
    whose = f" of the package {standing.package}" if standing.package else ""
    package = f" --package {standing.package}" if standing.package else ""
    choice = standing.origin.choice if standing.origin is not None else ""
    if standing.holder:
        yield Finding("look", subject, f"being migrated by {standing.holder}")
    if standing.error:
        yield Finding("broken", subject, standing.error)
    elif standing.unknown:
        yield Finding("broken", subject, standing.advice)
    elif standing.interrupted:
        yield Finding("broken", subject, standing.interrupted)
    elif standing.pending:
        number = len(standing.pending)
        yield Finding(
            "look",
            subject,
            f"at {standing.at}{whose}, {number:,} revision{'s' if number > 1 else ''} behind",
            f"`{program()} upgrade{package}{choice}`",
        )
    elif standing.current:
        yield Finding("ok", subject, f"at {standing.at}{whose}, the newest revision")
    else:
        yield Finding("ok", subject, f"no revision{whose} has run, and there is none")
    for line in filter(None, standing.leftovers):
        yield Finding("look", subject, line)
    if standing.squash:
        yield Finding("look", subject, standing.squash)
