"""What a downgrade will drop, read from the revisions, and whether that is wanted."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

NAME = r"""(?:"[^"]+"|`[^`]+`|\[[^\]]+\]|\w+)"""
FULL_NAME = rf"(?:{NAME}\.)?{NAME}"
DROP_TABLE = re.compile(rf"\bDROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?({FULL_NAME}(?:\s*,\s*{FULL_NAME})*)", re.IGNORECASE)
ALTER_TABLE = re.compile(rf"\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?({FULL_NAME})([^;]*)", re.IGNORECASE)
DROP_COLUMN = re.compile(rf"\bDROP\s+COLUMN\s+(?:IF\s+EXISTS\s+)?({NAME})", re.IGNORECASE)


@dataclass(frozen=True)
class Loss:
    """A table or a column that will be dropped.

    Args:
        table: The table.
        column: The column, or None for all of the table.
        schema: The table's schema, if it is named.
        rows: How many rows it has; of a column, how many have a value. None where that isn't known.
    """

    table: str
    column: str | None = None
    schema: str | None = None
    rows: int | None = None

    def __str__(self) -> str:
        name = ".".join(part for part in (self.schema, self.table) if part)
        what = f"table {name}" if self.column is None else f"column {name}.{self.column}"
        if self.rows is None:
            return what
        unit = "row" if self.column is None else "value"
        return f"{what} ({self.rows} {unit}{'' if self.rows == 1 else 's'})"


def losses(file: Path, functions: Sequence[str]) -> list[Loss]:
    """Read what functions of a revision file drop: by `op.drop_table`, `op.drop_column`, in batches, and in SQL.

    Names that are computed can't be read, nor can a file that is compiled.

    Args:
        file: The revision file.
        functions: The functions, as `downgrade` or `downgrade_default`.

    Example:
        >>> losses(Path("versions/0001_users.py"), ["downgrade"])  # doctest: +SKIP
        [Loss(table='users')]
    """
    if file.suffix != ".py":
        return []
    # bytes, of which Python itself finds the encoding
    tree = ast.parse(file.read_bytes())
    found: list[Loss] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in functions:
            found += _dropped(node.body, None, None)
    return list(dict.fromkeys(found))


def _dropped(body: Iterable[ast.AST], batch: str | None, schema: str | None) -> Iterator[Loss]:
    for node in body:
        if isinstance(node, ast.With) and _method(call := node.items[0].context_expr) == "batch_alter_table":
            yield from _dropped(node.body, _text(call, 0, "table_name"), _text(call, None, "schema"))
            continue
        if isinstance(node, ast.Call):
            yield from _of_call(node, batch, schema)
        yield from _dropped(ast.iter_child_nodes(node), batch, schema)


def _of_call(call: ast.Call, batch: str | None, schema: str | None) -> Iterator[Loss]:
    method, table, column = _method(call), _text(call, 0, "table_name"), _text(call, 1, "column_name")
    if method == "drop_table" and table:
        yield Loss(table, schema=_text(call, None, "schema"))
    elif method == "drop_column" and table and column:
        yield Loss(table, column, _text(call, None, "schema"))
    elif method == "drop_column" and batch and len(call.args) < 2 and (only := _text(call, 0, "column_name")):
        yield Loss(batch, only, schema)
    elif method in ("execute", "text") and (sql := _text(call, 0, "sqltext") or _text(call, None, "text")):
        yield from _of_sql(sql)


def _of_sql(sql: str) -> Iterator[Loss]:
    for dropped in DROP_TABLE.finditer(sql):
        for name in re.findall(FULL_NAME, dropped[1]):
            schema, table = _parts(name)
            yield Loss(table, schema=schema)
    for altered in ALTER_TABLE.finditer(sql):
        schema, table = _parts(altered[1])
        for column in DROP_COLUMN.findall(altered[2]):
            yield Loss(table, _parts(column)[1], schema)


def _parts(name: str) -> tuple[str | None, str]:
    """Give schema and table of a name as SQL writes it."""
    parts = [part[1:-1] if part[0] in '"`[' else part for part in re.findall(NAME, name)]
    return (parts[0], parts[1]) if len(parts) > 1 else (None, parts[0])


def _method(node: ast.AST) -> str | None:
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None


def _text(node: ast.AST, position: int | None, keyword: str) -> str | None:
    """Give an argument of a call where it is written as a text, by its position or its keyword."""
    if not isinstance(node, ast.Call):
        return None
    values = [named.value for named in node.keywords if named.arg == keyword]
    if position is not None:
        values += node.args[position : position + 1]
    value = values[0] if values else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def counted(found: Iterable[Loss], connection: Connection) -> list[Loss]:
    """Count the rows of what will be dropped, where that is allowed; what isn't there is left out.

    Args:
        found: The losses.
        connection: The database's connection.
    """
    from dataclasses import replace

    from sqlalchemy import column, func, inspect, select, table
    from sqlalchemy.exc import SQLAlchemyError

    inspector = inspect(connection)
    made = []
    for loss in found:
        if not inspector.has_table(loss.table, schema=loss.schema):
            continue
        columns = {known["name"] for known in inspector.get_columns(loss.table, schema=loss.schema)}
        if loss.column is not None and loss.column not in columns:
            continue
        target = table(loss.table, schema=loss.schema)
        counting = func.count() if loss.column is None else func.count(column(loss.column))
        try:
            rows = connection.execute(select(counting).select_from(target)).scalar_one()
        except SQLAlchemyError:
            connection.rollback()
            rows = None
        made.append(replace(loss, rows=rows))
    return made
