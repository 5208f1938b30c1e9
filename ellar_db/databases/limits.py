"""Time limits of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Protocol

from ellar_db.util.errors import DbError, meant

if TYPE_CHECKING:
    from ellar_db.project.settings import Settings


LONGEST = 2_000_000.0
"""Maximum seconds (about three weeks) that all servers accept; they count milliseconds in 32 bits."""


@dataclass(frozen=True)
class Limits:
    """Time limits of a run, in seconds.

    Args:
        lock: Take a lock, so that only one run at a time writes to a database.
        lock_timeout: How long to wait for that lock; 0 doesn't wait.
        connect_wait: How long to keep trying to reach a database that is still starting.
        db_lock_timeout: How long a statement may wait for a lock in the database (PostgreSQL `lock_timeout`, MySQL
            and MariaDB `lock_wait_timeout`, SQLite `busy_timeout`); None leaves it unchanged.
        statement_timeout: How long a statement may run (PostgreSQL, MariaDB); None leaves it unchanged.

    Example:
        >>> Limits().lock_timeout
        300.0
    """

    lock: bool = True
    lock_timeout: float = 300.0
    connect_wait: float = 0.0
    db_lock_timeout: float | None = None
    statement_timeout: float | None = None

    @property
    def bounded(self) -> Limits:
        """These limits, with `db_lock_timeout` and `statement_timeout` cut to what all servers accept."""
        named = {name: getattr(self, name) for name in ("db_lock_timeout", "statement_timeout")}
        return replace(self, **{name: min(value, LONGEST) for name, value in named.items() if value is not None})

    def changed(self, values: Mapping[str, object], where: str) -> Limits:
        """Return a copy with some of the limits changed.

        Args:
            values: The limits by name, with `-` or `_`.
            where: Where they are set, for messages.

        Raises:
            DbError: A value isn't a number of seconds, or `lock` isn't true or false.
        """
        known = _names()
        given = {name.replace("-", "_"): value for name, value in values.items() if value is not None}
        taken: dict[str, Any] = {name: value for name, value in given.items() if name in known}
        for name, value in taken.items():
            if not (isinstance(value, bool) if name == "lock" else is_seconds(value)):
                wanted = "true or false" if name == "lock" else "a number of seconds, 0 or more"
                raise DbError(f"{where} has {name.replace('_', '-')} = {value!r}; it must be {wanted}")
        return replace(self, **taken)


class Limited(Protocol):
    """What has limits of its own: a database."""

    @property
    def limits(self) -> Mapping[str, object]:
        """The limits by name."""


def is_seconds(value: object) -> bool:
    """Return whether a value is a number of seconds, 0 or more.

    Example:
        >>> is_seconds(0.5), is_seconds(-1), is_seconds(10**400), is_seconds(True)
        (True, False, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return float(value) >= 0
    except OverflowError:
        return False


def refuse_unknown(values: Mapping[str, object], where: str) -> None:
    """Refuse limits that don't exist.

    Args:
        values: The limits by name, with `-` or `_`.
        where: Where they are set, for messages.

    Raises:
        DbError: One of them doesn't exist.

    Example:
        >>> refuse_unknown({"lock-timeout": 5}, "limits")
    """
    known = _names()
    for name in values:
        if str(name).replace("-", "_") not in known:
            listed = ", ".join(known)
            raise DbError(f"{where} has {name!r}, which is no limit; it takes {listed}{meant(str(name), known)}")


def _names() -> list[str]:
    return [field.name for field in fields(Limits)]


def limits_of(database: Limited | None, settings: Settings, given: Mapping[str, object] | None) -> Limits:
    """Merge a database's limits: defaults, the file of settings, the application's options, variables, command line.

    Args:
        database: The database; None for one that isn't known yet.
        settings: The project's settings.
        given: The limits of the command line.

    Raises:
        DbError: A limit doesn't exist, a value isn't a number of seconds, or `lock` isn't true or false.
    """
    refuse_unknown(given or {}, "limits")
    limits = Limits().changed(settings.table, settings.title)
    own = {} if database is None else database.limits
    # who sets a variable means this run, whatever the application says for all
    limits = limits.changed(own, "migration_options").changed(settings.given, "the environment")
    return limits.changed(given or {}, "the command line")
