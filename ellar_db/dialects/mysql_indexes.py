"""What MySQL and MariaDB say of indexes, and SQLAlchemy doesn't read: their order, and the expressions of MySQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ellar_db.dialects.comparing import IndexParts

PARTS = re.compile(r"\A(?P<unique>UNIQUE )?(?P<kind>\w+) \((?P<columns>.*)\)\Z", re.DOTALL)
PREFIXES = ("fulltext", "spatial")
"""Methods that are stated before INDEX."""

COLUMN = re.compile(r"`(?P<name>(?:[^`]|``)+)`(?:\((?P<length>\d+)\))?(?P<order> DESC)?(?:, |\Z)")


COLUMNS = tuple("TABLE_NAME INDEX_NAME SEQ_IN_INDEX NON_UNIQUE COLUMN_NAME COLLATION SUB_PART INDEX_TYPE".split())
"""What is read of an index."""


def texts(connection: Connection, schema: str | None, table: str | None) -> dict[str, dict[str, str]]:
    """Return the kind of each index, and its columns with length and order, by table and name.

    Args:
        connection: A connection to the server.
        schema: The database; None is the connection's own.
        table: The only table to read, which may be a temporary one.
    """
    found: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for row in _rows(connection, schema, table):
        if row["INDEX_NAME"] != "PRIMARY":
            found.setdefault(row["TABLE_NAME"], {}).setdefault(row["INDEX_NAME"], []).append(row)
    return {owner: {name: _text(rows) for name, rows in indexes.items()} for owner, indexes in found.items()}


def parts(text: str) -> IndexParts | None:
    """Return the columns and options of an index.

    Args:
        text: The text of `texts`.

    Returns:
        What `Dialect.index_parts` returns; None if it has expressions, which the server has rewritten.

    Example:
        >>> parts("UNIQUE btree (`a`(10), `b`)")
        {'columns': ['a', 'b'], 'unique': True, 'options': {'length': {'a': 10}}}
    """
    from sqlalchemy import text as sql

    match = PARTS.match(text)
    columns = list(COLUMN.finditer(match["columns"])) if match else []
    if match is None or sum(len(each[0]) for each in columns) != len(match["columns"]):
        return None
    named = [each["name"].replace("``", "`") for each in columns]
    lengths = {name: int(each["length"]) for name, each in zip(named, columns, strict=True) if each["length"]}
    # a length belongs to a column, and so one with an order is written whole
    ordered = [
        sql(each[0].removesuffix(", ")) if each["order"] else name for name, each in zip(named, columns, strict=True)
    ]
    plain = {name: length for name, length in lengths.items() if name in ordered}
    options = {
        "length": plain,
        "prefix": match["kind"].upper() if match["kind"] in PREFIXES else "",
        "using": "hash" if match["kind"] == "hash" else "",
    }
    return {
        "columns": ordered,
        "unique": bool(match["unique"]),
        "options": {name: value for name, value in options.items() if value},
    }


def _rows(connection: Connection, schema: str | None, table: str | None) -> Iterator[Mapping[str, Any]]:
    from sqlalchemy import text

    if table is not None:
        quote = connection.dialect.identifier_preparer.quote_identifier
        # information_schema doesn't have temporary tables
        for row in connection.exec_driver_sql(f"SHOW INDEX FROM {quote(table)}").mappings():
            yield {
                "TABLE_NAME": row["Table"],
                "INDEX_NAME": row["Key_name"],
                "SEQ_IN_INDEX": row["Seq_in_index"],
                "NON_UNIQUE": row["Non_unique"],
                "COLUMN_NAME": row["Column_name"],
                "COLLATION": row["Collation"],
                "SUB_PART": row["Sub_part"],
                "INDEX_TYPE": row["Index_type"],
                "EXPRESSION": row.get("Expression"),
            }
        return
    # only MySQL has expressions, and not always
    columns = ", ".join(COLUMNS) if getattr(connection.dialect, "is_mariadb", False) else "*"
    asked = text(
        f"SELECT {columns} FROM information_schema.statistics WHERE table_schema = COALESCE(:schema, DATABASE())"
    )
    yield from map(dict, connection.execute(asked, {"schema": schema}).mappings())


def _text(rows: Iterable[Mapping[str, Any]]) -> str:
    listed = sorted(rows, key=lambda row: int(row["SEQ_IN_INDEX"]))
    first = listed[0]
    unique = "" if int(first["NON_UNIQUE"]) else "UNIQUE "
    return f"{unique}{first['INDEX_TYPE'].lower()} ({', '.join(map(_column, listed))})"


def _column(row: Mapping[str, Any]) -> str:
    # only MySQL has expressions
    expression = row.get("EXPRESSION")
    name = f"({expression})" if expression else f"`{row['COLUMN_NAME'].replace('`', '``')}`"
    # a spatial index has a length of its own
    length = f"({row['SUB_PART']})" if row["SUB_PART"] and row["INDEX_TYPE"] != "SPATIAL" else ""
    return f"{name}{length}{' DESC' if row['COLLATION'] == 'D' else ''}"
