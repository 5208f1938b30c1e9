"""What a database has outside of one schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection


ELSEWHERE = """
WITH others AS (
    SELECT oid, quote_ident(nspname) AS name FROM pg_namespace
    WHERE nspname <> :schema AND nspname NOT LIKE 'pg\\_toast%' AND nspname NOT LIKE 'pg\\_temp%'
    AND nspname NOT IN ('pg_catalog', 'information_schema')
), tables AS (
    SELECT c.oid, o.name || '.' || quote_ident(c.relname) AS name, c.relkind
    FROM pg_class c JOIN others o ON o.oid = c.relnamespace
)
SELECT CASE relkind WHEN 'v' THEN 'the view ' WHEN 'm' THEN 'the view ' WHEN 'i' THEN 'the index '
    WHEN 'S' THEN 'the sequence ' ELSE 'the table ' END || name FROM tables
UNION ALL SELECT 'the column ' || t.name || '.' || quote_ident(a.attname)
    FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid
    WHERE t.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'the default of ' || t.name || '.' || quote_ident(a.attname)
    FROM tables t JOIN pg_attrdef d ON d.adrelid = t.oid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.adnum
UNION ALL SELECT 'the constraint ' || quote_ident(c.conname) || ' of ' || COALESCE(t.name, 'a domain')
    FROM pg_constraint c JOIN others o ON o.oid = c.connamespace LEFT JOIN tables t ON t.oid = c.conrelid
UNION ALL SELECT 'the trigger ' || quote_ident(g.tgname) || ' of ' || t.name
    FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
UNION ALL SELECT 'the policy ' || quote_ident(p.polname) || ' of ' || t.name
    FROM tables t JOIN pg_policy p ON p.polrelid = t.oid
UNION ALL SELECT 'the function ' || o.name || '.' || quote_ident(p.proname) || ' (' || p.oid || ')'
    FROM pg_proc p JOIN others o ON o.oid = p.pronamespace
UNION ALL SELECT 'the type ' || o.name || '.' || quote_ident(t.typname)
    FROM pg_type t JOIN others o ON o.oid = t.typnamespace WHERE t.typrelid = 0 AND t.typelem = 0
UNION ALL SELECT 'the extension ' || quote_ident(e.extname)
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE n.nspname <> :schema
"""


def objects_elsewhere(connection: Connection, schema: str) -> set[str]:
    """Return what a database has outside of one schema, in words.

    Args:
        connection: A connection to the database.
        schema: The schema.
    """
    from sqlalchemy import text

    return {row[0] for row in connection.execute(text(ELSEWHERE), {"schema": schema})}
