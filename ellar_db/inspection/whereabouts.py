"""Where databases are in a history, as far as they can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ellar_db.config.invocation import Invocation
from ellar_db.config.reports.refusals import reported
from ellar_db.databases.connections import UnreachableError
from ellar_db.databases.database import Database
from ellar_db.drawing.picture import listed
from ellar_db.fleet.positions import read_positions
from ellar_db.runtime.versions import heads_in, read_from
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Whereabouts(NamedTuple):
    """Where databases stand.

    Args:
        at: The revisions of each by its name, none where nothing is applied.
        problems: What is wrong with the others, a line for each, or for each server that has several.
    """

    at: Mapping[str, Sequence[str]]
    problems: Sequence[str]


def whereabouts_of(databases: Sequence[Database], invocation: Invocation) -> Whereabouts:
    """Return where databases stand; one that can't be asked is a problem, and no error.

    Args:
        databases: The databases.
        invocation: The command's arguments.
    """
    found = read_positions(databases, invocation)
    at: dict[str, Sequence[str]] = {
        # a version table may have anything in it
        name: tuple(map(str, position.revisions))
        for name, position in found.items()
        if position.exists
    }
    servers: dict[object, list[Database]] = {}
    for database in databases:
        if database.name not in found:
            address = database.address
            servers.setdefault((address.host, address.port) if address.host else database.name, []).append(database)
    problems: list[str] = []
    for members in servers.values():
        _ask_each(members, invocation, at, problems)
    missing = [name for name, position in found.items() if not position.exists]
    if missing:
        problems.append(f"there is no such database yet: {listed(missing)}")
    return Whereabouts({each.name: at[each.name] for each in databases if each.name in at}, problems)


def _ask_each(
    databases: Sequence[Database], invocation: Invocation, at: dict[str, Sequence[str]], problems: list[str]
) -> None:
    """Ask the databases of a server, all of which couldn't be asked at once, one by one."""
    for number, database in enumerate(databases, 1):
        try:
            with reported():
                try:
                    at.update(read_from([database], invocation, _heads))
                except UnreachableError as error:
                    left = [each.name for each in databases[number:]]
                    more = f"; others on this server aren't asked: {listed(left)}" if left else ""
                    problems.append(f"{error.what}{more}")
                    return
        except DbError as error:
            problems.append(error.message)


def _heads(database: Database, connection: Connection) -> tuple[str, ...]:
    return heads_in(database, connection, str(database.options.get("version_table", "alembic_version")))
