"""What statements do on MySQL and MariaDB: schema changes are tried on a copy, in ways that let others work."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from ellar_db.dialects.measuring.observer import Observer, Seen, Work

if TYPE_CHECKING:
    from sqlalchemy import Connection

NAME = r"(?:(?:`(?:[^`]|``)+`|\"(?:[^\"]|\"\")+\"|[\w$]+)\.)?(?:`(?:[^`]|``)+`|\"(?:[^\"]|\"\")+\"|[\w$]+)"

CHANGE = re.compile(
    rf"""^(?P<begin>\s*(?:
        ALTER\s+(?:ONLINE\s+)?(?:IGNORE\s+)?TABLE\s+(?:IF\s+EXISTS\s+)?
        |CREATE\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+|FULLTEXT\s+|SPATIAL\s+)?INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?{NAME}\s.*?\bON\s+
        |DROP\s+INDEX\s+(?:IF\s+EXISTS\s+)?(?P<index>{NAME})\s+ON\s+
    ))(?P<table>{NAME})(?P<rest>.*)$""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
"""A statement that changes a table."""

LEADING = re.compile(r"(?:\s*(?:--[^\n]*(?:\n|$)|\#[^\n]*(?:\n|$)|/\*.*?\*/))*\s*", re.DOTALL)

RENAMED = re.compile(r"\s*RENAME\s+(?:TO\b|AS\b|(?!COLUMN|INDEX|KEY|CONSTRAINT)[`\"\w])", re.IGNORECASE)
"""The rest of a statement that renames a table, and does nothing else."""

CHOSEN = re.compile(r"[\s,]+(ALGORITHM|LOCK)\s*=?\s*(\w+)\s*(?=,|;|$)", re.IGNORECASE)
"""How a statement says that it is to be done."""

ROWS = re.compile(
    rf"\s*(?:UPDATE\s+(?:LOW_PRIORITY\s+|IGNORE\s+)*|DELETE\s+(?:LOW_PRIORITY\s+|QUICK\s+|IGNORE\s+)*FROM\s+)(?P<table>{NAME})",
    re.IGNORECASE,
)
"""A statement that changes rows."""

IN_PARTS = re.compile(r"\bLIMIT\b", re.IGNORECASE)

INDEX = re.compile(r"\b(?:INDEX|KEY|UNIQUE)\b", re.IGNORECASE)

WAYS = (
    ("ALGORITHM=INSTANT", None),
    ("ALGORITHM=NOCOPY, LOCK=NONE", None),
    ("ALGORITHM=INPLACE, LOCK=NONE", Work.REBUILD),
    ("ALGORITHM=INPLACE, LOCK=SHARED", Work.INDEX),
)
"""The ways in which a table may be changed, best first, each with what it does; MySQL doesn't know all of them."""

UNSUPPORTED = {1064, 1221, 1800, 1845, 1846, 1847}
"""The codes of errors that say that a table can't be changed in a way, or that the way isn't known."""

SOME = 2
"""The number of rows from which "all" differs from "one"."""

PROBE = "_ellar_db_probe"
"""The name of the copy."""


class MySQLObserver(Observer):
    """Tries schema changes on a copy of the table, and counts rows."""

    def __init__(self, connection: Connection, leave_out: Collection[str]) -> None:
        from sqlalchemy import inspect

        quote = connection.dialect.identifier_preparer.quote_identifier
        self._rows = {
            name: int(connection.exec_driver_sql(f"SELECT count(*) FROM {quote(name)}").scalar_one())
            for name in inspect(connection).get_table_names()
            if name not in leave_out
        }
        connection.rollback()

    def before(self, connection: Connection, statement: str) -> Iterable[Seen]:
        statement = LEADING.sub("", statement, count=1)
        found = CHANGE.match(statement)
        name = _plain(found["table"]) if found else ""
        if found is None or name not in self._rows or RENAMED.fullmatch(found["rest"]) or RENAMED.match(found["rest"]):
            return
        work = self._work(connection, found)
        if work is Work.INDEX and not INDEX.search(statement):
            work = Work.COPY
        if work is not None:
            yield Seen(work, name)

    def after(self, connection: Connection, statement: str, line: int, rows: int) -> Iterable[Seen]:
        found = ROWS.match(LEADING.sub("", statement, count=1))
        name = _plain(found["table"]) if found else ""
        there = self._rows.get(name, 0)
        if found and name in self._rows and SOME <= there <= rows and not IN_PARTS.search(statement):
            yield Seen(Work.ALL_ROWS, name)

    def _work(self, connection: Connection, found: re.Match[str]) -> Work | None:
        """Return what a change of a table does; None if programs don't notice, or it can't be tried."""
        rest = found["rest"].rstrip().rstrip(";")
        chosen = {key.upper(): value.upper() for key, value in CHOSEN.findall(rest)}
        if chosen.get("ALGORITHM") == "COPY" or chosen.get("LOCK") == "EXCLUSIVE":
            return Work.COPY
        begin, rest = found["begin"], CHOSEN.sub("", rest)
        if found["index"]:
            # MariaDB takes no way for this statement
            begin, rest = "ALTER TABLE ", f" DROP INDEX {found['index']}"
        separator = "" if begin.lstrip()[:1].upper() == "C" else ","
        settings = connection.exec_driver_sql("SELECT @@sql_mode, @@foreign_key_checks").one()
        # the run's own connection has a transaction, which a schema change would commit
        with connection.engine.connect() as other:
            other.exec_driver_sql(f"SET SESSION sql_mode = '{settings[0]}', foreign_key_checks = {settings[1]}")
            other.exec_driver_sql("SET SESSION lock_wait_timeout = 2")
            for way, work in WAYS:
                ways = f"{separator} {way}".replace(", ", f"{separator} ")
                code = self._try(other, found["table"], f"{begin}{PROBE}{rest}{ways}")
                if code == 0:
                    return work
                if code not in UNSUPPORTED:
                    return None
        return Work.COPY

    @staticmethod
    def _try(connection: Connection, table: str, statement: str) -> int:
        """Try a change on a copy, and return the code of the server's error; 0 without one."""
        from sqlalchemy.exc import DBAPIError

        try:
            connection.exec_driver_sql(f"CREATE TABLE {PROBE} LIKE {table}")
            connection.exec_driver_sql(statement)
        except DBAPIError as error:
            arguments = getattr(error.orig, "args", ()) or (-1,)
            return arguments[0] if isinstance(arguments[0], int) else -1
        finally:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {PROBE}")
        return 0


def _plain(name: str) -> str:
    """Return a table's name without quotes and schema.

    Example:
        >>> _plain("shop.`the orders`")
        'the orders'
    """
    found: list[str] = re.findall(r"`(?:[^`]|``)+`|\"(?:[^\"]|\"\")+\"|[\w$]+", name)
    return found[-1].strip('`"').replace("``", "`")
