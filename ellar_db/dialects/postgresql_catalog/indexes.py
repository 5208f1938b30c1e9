"""PostgreSQL's invalid indexes, which a `CREATE INDEX CONCURRENTLY` leaves behind if it fails."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ellar_db.dialects.statements import LEADING

if TYPE_CHECKING:
    from sqlalchemy import Connection

NAME = r"(?:\"(?:[^\"]|\"\")+\"|[^\W\d][\w$]*)"
CREATE = re.compile(
    rf"{LEADING}CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?P<concurrently>CONCURRENTLY\s+)?(?P<there>IF\s+NOT\s+EXISTS\s+)?"
    rf"(?:(?P<name>{NAME})\s+)?ON\s+(?:ONLY\s+)?(?:(?P<schema>{NAME})\s*\.\s*)?{NAME}",
    re.IGNORECASE,
)
REINDEX = re.compile(
    rf"{LEADING}REINDEX\s+(?:\([^)]*\)\s*)?(?P<kind>INDEX|TABLE|SCHEMA|DATABASE)\s+(?:CONCURRENTLY\s+)?"
    rf"(?P<name>(?:{NAME}\s*\.\s*)?{NAME})?",
    re.IGNORECASE,
)

INVALID = (
    "SELECT i.indexrelid::regclass::text AS name, i.indrelid::regclass::text AS of, i.indisunique AS is_unique, "
    "n.nspname AS schema, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS full_name, "
    "quote_ident(n.nspname) || '.' || quote_ident(t.relname) AS full_of "
    # an index is in the schema of its table; a partitioned one is invalid until each partition has its own
    "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND c.relkind = 'i'"
)
NAMED = {
    "CREATE": "i.indexrelid = to_regclass(:name)",
    # a failed REINDEX leaves another index on the same table
    "INDEX": "i.indrelid = (SELECT o.indrelid FROM pg_index o WHERE o.indexrelid = to_regclass(:name))",
    "TABLE": "i.indrelid = to_regclass(:name)",
    "SCHEMA": "c.relnamespace = to_regnamespace(:name)",
    "DATABASE": "CAST(:name AS text) IS NOT DISTINCT FROM CAST(:name AS text)",
}
"""Conditions for the indexes that a statement names."""

BUILT_ELSEWHERE = (
    "EXISTS (SELECT 1 FROM pg_locks l WHERE l.relation = i.indrelid AND l.mode = 'ShareUpdateExclusiveLock' "
    "AND l.pid <> pg_backend_pid())"
)


def unfinished(connection: Connection, statement: str) -> str:
    """Return which index that a statement names is invalid after it, and what to do; or an empty string.

    `IF NOT EXISTS` takes an invalid index for a valid one, and `REINDEX TABLE CONCURRENTLY` leaves it out.

    Args:
        connection: The connection that ran the statement.
        statement: The statement.
    """
    kind, name = _named(statement)
    if not kind:
        return ""
    from sqlalchemy import text

    found = connection.execute(text(f"{INVALID} AND {NAMED[kind]} ORDER BY 1"), {"name": name}).first()
    if found is None:
        return ""
    return f"the index {found.name} on {found.of} is invalid: {_cure(found.name, found.is_unique)}, and run again"


def invalid(connection: Connection) -> list[str]:
    """Return the invalid indexes of a database that no other session is making now, with what to do about each."""
    return [_told(row.name, row.of, row.is_unique) for row in _invalid(connection)]


def invalid_by_schema(connection: Connection) -> dict[str, list[str]]:
    """Return the invalid indexes of all schemas by schema, with the schema before each name."""
    found: dict[str, list[str]] = {}
    for row in _invalid(connection):
        found.setdefault(row.schema, []).append(_told(row.full_name, row.full_of, row.is_unique))
    return found


def _invalid(connection: Connection) -> Iterable[Any]:
    return connection.exec_driver_sql(f"{INVALID} AND NOT {BUILT_ELSEWHERE} ORDER BY 1")


def _told(name: str, table: str, is_unique: bool) -> str:
    return f"the index {name} on {table} is invalid, and no query uses it: {_cure(name, is_unique)}"


def _cure(name: str, is_unique: bool) -> str:
    duplicates = ", remove the duplicate rows" if is_unique else ""
    return f"a statement that makes it without a transaction has failed. `DROP INDEX {name}`{duplicates}"


def _named(statement: str) -> tuple[str, str | None]:
    """Return what kind of statement it is, and which index, table or schema it names; empty if it needs no check."""
    found = CREATE.match(statement)
    if found is not None:
        if found["name"] is None or not (found["concurrently"] or found["there"]):
            return "", None
        # an index is in the schema of its table
        return "CREATE", f"{found['schema']}.{found['name']}" if found["schema"] else found["name"]
    found = REINDEX.match(statement)
    if found is None:
        return "", None
    return found["kind"].upper(), found["name"]
