"""Time-outs on the server, for the statements of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ellar_db.limits import Limits

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST = 2_000_000.0
"""Seconds, about three weeks: the longest time that all servers take, which count milliseconds in 32 bits."""

TIMED_OUT = {
    # PostgreSQL: lock_not_available, query_canceled
    "55P03",
    "57014",
    # MySQL and MariaDB: lock wait timeout exceeded, statement interrupted
    1205,
    1969,
    3024,
}
"""What drivers call a time-out."""


def statements(kind: str, limits: Limits, *, mariadb: bool = False) -> list[str]:
    """Give the statements that set the limits in a session.

    Args:
        kind: SQLAlchemy's name of the dialect.
        limits: The limits.
        mariadb: Whether a server of the dialect mysql is MariaDB.

    Example:
        >>> statements("postgresql", Limits(db_lock_timeout=2))
        ['SET lock_timeout = 2000']
    """
    lock, statement = _bounded(limits.db_lock_timeout), _bounded(limits.statement_timeout)
    made = []
    if kind == "postgresql":
        if lock is not None:
            # 0 would be no limit
            made.append(f"SET lock_timeout = {max(1, int(lock * 1000))}")
        if statement is not None:
            made.append(f"SET statement_timeout = {max(1, int(statement * 1000)) if statement else 0}")
    elif kind in ("mysql", "mariadb"):
        if lock is not None:
            # both kinds of lock: of metadata (whole seconds, 0 isn't taken by MySQL) and of rows
            seconds = max(1, round(lock))
            made += [f"SET SESSION lock_wait_timeout = {seconds}", f"SET SESSION innodb_lock_wait_timeout = {seconds}"]
        if statement is not None and mariadb:
            made.append(f"SET SESSION max_statement_time = {statement}")
    elif kind == "sqlite" and lock is not None:
        made.append(f"PRAGMA busy_timeout = {int(lock * 1000)}")
    return made


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None else min(seconds, LONGEST)


def set_timeouts(connection: Connection, limits: Limits) -> None:
    """Set the limits in a connection's session, which is this run's alone from then on.

    Args:
        connection: A connection, not in a transaction.
        limits: The limits.
    """
    dialect = connection.dialect
    made = statements(dialect.name, limits, mariadb=getattr(dialect, "is_mariadb", False))
    if not made:
        return
    if dialect.name != "sqlite":
        # it must not come back to the application's pool with them; it is closed instead
        connection.detach()
    for statement in made:
        connection.exec_driver_sql(statement)
    # in PostgreSQL a setting made in a transaction goes when that is rolled back
    connection.commit()


def timed_out(error: BaseException | None) -> bool:
    """Tell whether a driver's exception is a time-out.

    Example:
        >>> timed_out(ValueError())
        False
    """
    if error is None:
        return False
    codes = {getattr(error, "sqlstate", None), getattr(error, "pgcode", None)}
    codes |= {argument for argument in error.args[:1] if isinstance(argument, int)}
    return bool(codes & TIMED_OUT) or "database is locked" in str(error)
