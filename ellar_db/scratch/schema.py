"""The contents of a database as text to compare: everything in its catalog, not only what Alembic compares."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ellar_db.dialects.base import Dialect

if TYPE_CHECKING:
    from sqlalchemy import Connection, Inspector


Schema: TypeAlias = Mapping[str, str]
"""Descriptions by object, such as "VARCHAR(128) not null" for "column users.name"."""

PARTS = ("column", "primary key", "foreign key", "unique constraint", "index", "check constraint")
"""Kinds of objects that belong to a table and are dropped with it."""

LONG = ("materialized view",)
"""Other kinds whose names have a space."""


def read_schema(
    connection: Connection,
    dialect: Dialect,
    leave_out: Collection[str] = (),
    schemas: Collection[str | None] | None = None,
) -> dict[str, str]:
    """Read the contents of a database.

    Args:
        connection: The database.
        dialect: Its kind.
        leave_out: Tables that aren't the application's, such as the version table; with the schema's name, unless it
            is the default schema.
        schemas: The names of schemas to read, None for the default one; by default all. Objects outside of schemas,
            such as extensions, are read in any case.
    """
    from sqlalchemy import inspect, text

    with warnings.catch_warnings():
        # SQLAlchemy warns about column types that it doesn't know, which don't matter here
        warnings.simplefilter("ignore")
        inspector = inspect(connection)
        there = dialect.schemas(inspector)
        wanted = there if schemas is None else [schema for schema in there if schema in schemas]
        others = [schema for schema in there if schema is not None and schema not in wanted]
        found = {key: value for schema in wanted for key, value in _objects(inspector, dialect, schema, set(leave_out))}
        quote = connection.dialect.identifier_preparer.quote
        prefixes = tuple(f"{quote(schema)}." for schema in others)
        for query in dialect.catalog:
            for kind, name, table, definition in connection.execute(text(query)):
                if str(table or name).startswith(prefixes) or (kind == "schema" and name in others):
                    continue
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
    for key in differing(before, after):
        if key not in after:
            lines.append(f"missing: {key} {before[key]}".rstrip())
        elif key not in before:
            lines.append(f"left behind: {key} {after[key]}".rstrip())
        else:
            lines.append(f"changed: {key}, was {before[key] or 'plain'}, is {after[key] or 'plain'}")
    return lines


def differing(before: Schema, after: Schema) -> list[str]:
    """Return the objects that differ, in the order in which they are told; of a table in one of both, only the table.

    Args:
        before: The expected schema.
        after: The actual schema.

    Example:
        >>> differing({"table a": "", "column a.x": "INTEGER"}, {})
        ['table a']
    """
    whole = {key.removeprefix("table ") for key in before.keys() ^ after.keys() if key.startswith("table ")}
    return [
        key
        for key in sorted({*before, *after}, key=_order)
        if before.get(key) != after.get(key) and not _is_part_of(key, whole)
    ]


class Part(NamedTuple):
    """An object of a schema, by the parts of its name.

    Args:
        kind: What it is, such as "column", "index" or "view".
        table: The table that it belongs to, or that it is; with the schema's name, unless it is the default schema.
        name: Its name, or its columns in parentheses if it has none; of a table or primary key empty.
    """

    kind: str
    table: str
    name: str

    @property
    def words(self) -> str:
        """The object in words.

        Example:
            >>> Part("column", "users", "name").words, Part("view", "", "grown").words
            ('table users: column name', 'view grown')
        """
        if self.kind == "table":
            return f"table {self.table}"
        own = f"{self.kind} {self.name}".strip()
        return f"table {self.table}: {own}" if self.table else own


def part_of(key: str, *schemas: Schema) -> Part:
    """Return what the name of an object in a schema consists of.

    Args:
        key: The object's name in the schema.
        schemas: The schemas in which it may be.

    Example:
        >>> part_of("column a.b", {"table a": "", "column a.b": "INTEGER"})
        Part(kind='column', table='a', name='b')
    """
    tables = {name.removeprefix("table ") for schema in schemas for name in schema if name.startswith("table ")}
    kind = next((kind for kind in ("table", *PARTS, *LONG) if key.startswith(f"{kind} ")), key.partition(" ")[0])
    rest = key.removeprefix(f"{kind} ")
    if kind == "table":
        return Part(kind, rest, "")
    if kind in PARTS:
        owners = [table for table in tables if rest == table or rest.startswith((f"{table}.", f"{table}("))]
        table = max(owners, key=len, default=rest.partition(".")[0])
        return Part(kind, table, rest.removeprefix(table).removeprefix("."))
    name, on, table = rest.rpartition(" on ")
    return Part(kind, table, name) if kind == "trigger" and on else Part(kind, "", rest)


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
