"""The settings of a connection while a table is copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ellar_db.dialects.sqlite_copy.catalog import Catalog
from ellar_db.util.errors import RefusedError

SAVEPOINT = "ellar_db_copy"

LOWEST = "3.26"
"""The first SQLite in which a table can be moved without what refers to it."""


@contextmanager
def prepared(catalog: Catalog, check: Callable[[], None]) -> Iterator[None]:
    """Prepare a connection for a copy, which is undone if the block fails.

    Args:
        catalog: The connection's catalog.
        check: Raises DbError if rows refer to nothing; called where foreign keys are enforced.

    Raises:
        RefusedError: The connection can't be prepared.
    """
    with _foreign_keys_off(catalog) as enforced, _all_or_nothing(catalog), _nothing_follows(catalog):
        yield
        if enforced:
            check()


@contextmanager
def _foreign_keys_off(catalog: Catalog) -> Iterator[bool]:
    """Disable foreign keys, which are enforced in an autocommit block only, and yield whether they were."""
    enforced = catalog.pragma("foreign_keys")
    if enforced:
        catalog.execute("PRAGMA foreign_keys = OFF")
    if catalog.pragma("foreign_keys"):
        raise RefusedError(
            "a batch operation in a transaction in which foreign keys are enforced would delete the rows that refer "
            "to the table; leave BEGIN to Alembic, or use autocommit_block()"
        )
    try:
        yield enforced
    finally:
        if enforced:
            catalog.execute("PRAGMA foreign_keys = ON")


@contextmanager
def _all_or_nothing(catalog: Catalog) -> Iterator[None]:
    """Undo everything if a step fails, in an autocommit block too."""
    from sqlalchemy.exc import DBAPIError

    catalog.execute(f"SAVEPOINT {SAVEPOINT}")
    try:
        yield
    except BaseException:  # an interruption must undo the steps too
        # some errors, such as a full disk, have ended the whole transaction
        with suppress(DBAPIError):
            catalog.execute(f"ROLLBACK TO {SAVEPOINT}")
            catalog.execute(f"RELEASE {SAVEPOINT}")
        raise
    catalog.execute(f"RELEASE {SAVEPOINT}")


@contextmanager
def _nothing_follows(catalog: Catalog) -> Iterator[None]:
    """Keep a rename from changing views, triggers and foreign keys: they go on referring to the former name."""
    set_before = catalog.pragma("legacy_alter_table")
    catalog.execute("PRAGMA legacy_alter_table = ON")
    if not catalog.pragma("legacy_alter_table"):
        raise RefusedError(f"a batch operation needs SQLite {LOWEST} or newer, to keep what refers to the table")
    try:
        yield
    finally:
        if not set_before:
            catalog.execute("PRAGMA legacy_alter_table = OFF")
