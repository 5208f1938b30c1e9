"""The contents of a database as text to compare: everything in its catalog, not only what Alembic compares."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from ellar_db.dialects.base import Dialect

if TYPE_CHECKING:
    from sqlalchemy import Connection, Inspector


Schema: TypeAlias = Mapping[str, str]
"""Descriptions by object, such as "VARCHAR(128) not null" for "column users.name"."""

PARTS = ("column", "primary key", "foreign key", "unique constraint", "index", "check constraint")
"""Kinds of objects that belong to a table and are dropped with it."""


def read_schema(connection: Connection, dialect: Dialect, leave_out: Collection[str] = ()) -> dict[str, str]:
    """Read the contents of a database.

    Args:
        connection: The database.
        dialect: Its kind.
        leave_out: Tables that aren't the application's, such as the version table; with the schema's name, unless it
            is the default schema.
    """
    from sqlalchemy import inspect, text

    with warnings.catch_warnings():
        # SQLAlchemy warns about column types that it doesn't know, which don't matter here
        warnings.simplefilter("ignore")
        inspector = inspect(connection)
        found = {
            key: value
            for schema in dialect.schemas(inspector)
            for key, value in _objects(inspector, dialect, schema, set(leave_out))
        }
        for query in dialect.catalog:
            for kind, name, table, definition in connection.execute(text(query)):
                found[f"{kind} {name}" + (f" on {table}" if table else "")] = " ".join(str(definition or "").split())
        return found


def differences(before: Schema, after: Schema) -> list[str]:
    """Return the differences, one per line; for a missing or additional table, only the table.

    Args:
        before: The expected schema.
        after: The actual schema.

    Example:
        >>> differences({"table a": "", "column a.x": "INTEGER"}, {"table a": "", "column a.y": "INTEGER"})
        ['missing: column a.x INTEGER', 'left behind: column a.y INTEGER']
    """
    lines = []
    whole = {key.removeprefix("table ") for key in before.keys() ^ after.keys() if key.startswith("table ")}
    for key in sorted({*before, *after}, key=_order):
        if before.get(key) == after.get(key) or _is_part_of(key, whole):
            continue
        if key not in after:
            lines.append(f"missing: {key} {before[key]}".rstrip())
        elif key not in before:
            lines.append(f"left behind: {key} {after[key]}".rstrip())
        else:
            lines.append(f"changed: {key}, was {before[key] or 'plain'}, is {after[key] or 'plain'}")
    return lines


def _order(key: str) -> tuple[int, str]:
    rank = next((number for number, part in enumerate(("table", *PARTS)) if key.startswith(f"{part} ")), 99)
    return rank, key


def _is_part_of(key: str, tables: Collection[str]) -> bool:
    part = next((part for part in PARTS if key.startswith(f"{part} ")), None)
    if part is not None:
        rest = key.removeprefix(f"{part} ")
        return any(rest == table or rest.startswith((f"{table}.", f"{table}(")) for table in tables)
    return any(key.startswith("trigger ") and key.endswith(f" on {table}") for table in tables)


def _objects(
    inspector: Inspector, dialect: Dialect, schema: str | None, leave_out: set[str]
) -> Iterator[tuple[str, str]]:
    prefix = f"{schema}." if schema else ""
    comments = _by_table(inspector.get_multi_table_comment, schema)
    options = _by_table(inspector.get_multi_table_options, schema)
    readers = {
        "column": inspector.get_multi_columns,
        "primary key": inspector.get_multi_pk_constraint,
        "foreign key": inspector.get_multi_foreign_keys,
        "unique constraint": inspector.get_multi_unique_constraints,
        "index": inspector.get_multi_indexes,
        "check constraint": inspector.get_multi_check_constraints,
    }
    tables = [name for name in inspector.get_table_names(schema=schema) if f"{prefix}{name}" not in leave_out]
    for table in tables:
        comment = (comments.get(table) or {}).get("text")
        words = [f"comment {comment!r}" if comment else "", _words(options.get(table) or {})]
        yield f"table {prefix}{table}", " ".join(word for word in words if word)
    for kind, read in readers.items():
        parts = _by_table(read, schema)
        for table in tables:
            found = parts.get(table) or []
            for part in [found] if isinstance(found, dict) else found:
                yield from _part(kind, f"{prefix}{table}", part, inspector.dialect)
    for name in inspector.get_view_names(schema=schema):
        yield f"view {prefix}{name}", _in_one_line(inspector.get_view_definition(name, schema=schema))
    for kind, name, definition in dialect.objects(inspector, schema):
        yield f"{kind} {prefix}{name}", _in_one_line(definition)
    with suppress(NotImplementedError):
        for name in inspector.get_sequence_names(schema=schema):
            yield f"sequence {prefix}{name}", ""


def _in_one_line(definition: str | None) -> str:
    return " ".join((definition or "").split())


def _by_table(read: Callable[..., Any], schema: str | None) -> dict[str, Any]:
    """Read one kind of object of all tables; return an empty dict if the database doesn't have that kind."""
    try:
        return {table: value for (_, table), value in read(schema=schema).items()}
    except NotImplementedError:
        return {}


def _part(kind: str, table: str, part: Any, dialect: Any) -> Iterator[tuple[str, str]]:
    if kind == "column":
        yield f"column {table}.{part['name']}", _column(part, dialect)
        return
    columns = part.get("constrained_columns") or part.get("column_names") or part.get("expressions") or []
    if kind == "primary key":
        if columns:
            yield f"primary key {table}", f"{part.get('name') or ''}({', '.join(columns)})"
        return
    listed = ", ".join(str(column) for column in columns)
    known = {"name", "constrained_columns", "column_names", "referred_schema", "referred_table", "referred_columns"}
    words = _words({key: value for key, value in part.items() if key not in known})
    if kind == "foreign key":
        schema = f"{part['referred_schema']}." if part.get("referred_schema") else ""
        words = f"to {schema}{part['referred_table']}({', '.join(part['referred_columns'])}) {words}".rstrip()
    named = f"{table}.{part['name']}" if part.get("name") else f"{table}({listed or words})"
    yield f"{kind} {named}", f"({listed}) {words}".strip() if listed else words


def _column(column: Mapping[str, Any], dialect: Any) -> str:
    try:
        words = [column["type"].compile(dialect=dialect)]
    except Exception:  # third parties' types may raise anything; their repr is good enough
        words = [repr(column["type"])]
    if not column.get("nullable", True):
        words.append("not null")
    if column.get("default") is not None:
        words.append(f"default {column['default']}")
    known = {"name", "type", "nullable", "default", "primary_key"}
    words.append(_words({key: value for key, value in column.items() if key not in known}))
    return " ".join(word for word in words if word)


def _words(options: Mapping[str, Any]) -> str:
    """Return the options that are set, sorted by name."""
    found = []
    for key, value in sorted(options.items()):
        if isinstance(value, Mapping):
            value = _words(value)
        # some dialects use "auto" for an unknown value
        if value not in (None, False, "", "auto", [], ()):
            found.append(key.replace("_", " ") if value is True else f"{key.replace('_', ' ')} {value}")
    return ", ".join(found)
