"""Errors of databases, described in one line."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ellar_db.dialects.base import Dialect
from ellar_db.util.errors import cause_of
from ellar_db.util.masking import masked_statement

if TYPE_CHECKING:
    from sqlalchemy import Connection

LENGTH = 200
"""Maximum length of a statement in a message, in characters."""


def described(error: BaseException, dialect: Dialect, connection: Connection | None = None) -> str:
    """Return what a revision raised: the cause, its place in the project, the statement, and the server's details.

    Args:
        error: What the revision raised.
        dialect: The database's kind.
        connection: The run's connection, if what the failed statement left may be asked.

    Example:
        >>> described(ValueError("not today"), Dialect())
        'ValueError: not today'
    """
    parts = [cause_of(error)]
    statement = getattr(error, "statement", None)
    if isinstance(statement, str) and statement.strip():
        parts.append(f"the statement was {shown(statement)}")
    original = original_of(error)
    if original is not None:
        parts += dialect.details(original)
    if isinstance(statement, str) and connection is not None and not connection.invalidated:
        parts += filter(None, [_left(connection, dialect, statement)])
    return "; ".join(parts)


def _left(connection: Connection, dialect: Dialect, statement: str) -> str:
    from sqlalchemy.exc import SQLAlchemyError

    # in a transaction that has failed, a server answers nothing more
    with suppress(SQLAlchemyError):
        return dialect.unfinished(connection, statement)
    return ""


def original_of(error: BaseException) -> BaseException | None:
    """Return the driver's exception behind one of SQLAlchemy's, or None."""
    original = getattr(error, "orig", None)
    return original if isinstance(original, BaseException) else None


def shown(statement: str) -> str:
    """Return a statement in one line, with passwords masked, and without its end if it is long.

    Example:
        >>> shown("UPDATE users\\n  SET name = 'x'")
        "UPDATE users SET name = 'x'"
    """
    text = masked_statement(" ".join(statement.split()))
    return text if len(text) <= LENGTH else f"{text[:LENGTH].rstrip()} ..."
