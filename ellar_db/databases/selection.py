"""The databases that a command is for, if it isn't for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from ellar_db.databases.database import Database
from ellar_db.options import Selection
from ellar_db.util.errors import DbError, meant

SHOWN = 10
"""The number of names that a message lists."""


def selected(chosen: Selection, databases: Iterable[Database]) -> list[Database]:
    """Return those of some databases that are chosen.

    Args:
        chosen: What the command line says of them.
        databases: The databases.

    Raises:
        DbError: A name or a group stands for none of them.
    """
    known = list(databases)
    for what, patterns, there in (
        ("database", chosen.names, [database.name for database in known]),
        ("group", chosen.groups, [database.group for database in known if database.group]),
    ):
        # each of thousands of names that are given is one of those that are there
        exact = set(there)
        for pattern in patterns:
            if pattern not in exact and not any(fnmatchcase(name, pattern) for name in there):
                near = meant(pattern, exact)
                raise DbError(f"no {what} is called {pattern}; there is: {listed(sorted(exact))}{near}")
    names = set(chosen.names)
    found = [each for each in known if not names or each.name in names or _matches(each.name, chosen.names)]
    found = [each for each in found if not chosen.groups or _matches(each.group, chosen.groups)]
    if known and not found:
        raise DbError(f"no database is chosen by {chosen.listed}; there is: {listed([each.name for each in known])}")
    return found


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def listed(names: Sequence[str]) -> str:
    """Return names for a message, the first ones of many.

    Example:
        >>> listed(["a", "b"])
        'a, b'
    """
    more = len(names) - SHOWN
    end = f" and {more:,} more" if more > 0 else ""
    return ", ".join(names[:SHOWN]) + end if names else "none"
