"""What a user may do on MySQL and MariaDB, by SHOW GRANTS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ellar_db.hooktypes import MissingRight

if TYPE_CHECKING:
    from sqlalchemy import Connection

NEEDED = ("CREATE", "ALTER", "DROP", "INDEX", "SELECT", "INSERT", "UPDATE", "DELETE")
"""What the operations of revisions, and the version table, need."""

GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?P<database>\*|`(?:[^`]|``)+`)\.(?P<table>\*|`(?:[^`]|``)+`) TO ")


def missing_rights(connection: Connection) -> Iterator[MissingRight]:
    """Yield the rights that a user doesn't have on the connection's database.

    A user with roles that aren't seen through is believed to have all rights.

    Args:
        connection: A connection of the user's.
    """
    user, name, read_only = connection.exec_driver_sql("SELECT current_user(), database(), @@global.read_only").one()
    grants = [str(row[0]) for row in connection.exec_driver_sql("SHOW GRANTS")]
    connection.rollback()
    if name is None:
        yield MissingRight("make tables, since the URL names no database", "name the database at the end of the URL")
        return
    lost = [right for right in NEEDED if right not in granted(grants, str(name))]
    host = str(user).rpartition("@")
    account = f"'{host[0]}'@'{host[2]}'"
    if lost and not has_roles(grants):
        yield MissingRight(
            f"{', '.join(lost)} in the database {name}", f"GRANT {', '.join(lost)} ON `{name}`.* TO {account}"
        )
    if read_only and "SUPER" not in granted(grants, "*") and "READ ONLY ADMIN" not in granted(grants, "*"):
        yield MissingRight("write, since the server is read-only", "use the URL of the primary server")


def granted(grants: Iterable[str], database: str) -> set[str]:
    """Return the rights on all tables of a database.

    Args:
        grants: What SHOW GRANTS says.
        database: The database; `*` for the rights on all databases alone.

    Example:
        >>> sorted(granted(["GRANT CREATE, DROP ON `sh%`.* TO `ann`@`%`"], "shop"))
        ['CREATE', 'DROP']
    """
    found: set[str] = set()
    for line in grants:
        grant = GRANT.match(line)
        if grant is None or grant["table"] != "*" or not _covers(grant["database"], database):
            continue
        rights = {right.strip() for right in grant["rights"].split(",")}
        found |= {*NEEDED, "SUPER"} if rights & {"ALL PRIVILEGES", "ALL"} else rights
    return found


def has_roles(grants: Iterable[str]) -> bool:
    """Return whether roles are granted, whose rights SHOW GRANTS may not list.

    Example:
        >>> has_roles(["GRANT USAGE ON *.* TO `ann`@`%`", "GRANT `dba`@`%` TO `ann`@`%`"])
        True
    """
    return any(" ON " not in line and line.startswith("GRANT ") for line in grants)


def _covers(pattern: str, database: str) -> bool:
    """Return whether the database of a grant, in which `%` and `_` are wildcards, is the one meant."""
    if pattern == "*":
        return True
    parts = re.split(r"(\\.|%|_)", pattern[1:-1].replace("``", "`"))
    wild = {"%": ".*", "_": "."}
    regex = "".join(wild.get(part) or re.escape(part[1:] if part.startswith("\\") else part) for part in parts)
    return re.fullmatch(regex, database) is not None
