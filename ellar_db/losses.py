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

DROP_TABLE = re.compile(r"\bDROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?[\"`\[]?(\w+)", re.IGNORECASE)


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
    """Read what functions of a revision file drop: `op.drop_table`, `op.drop_column`, batches, and DROP TABLE in SQL.

    Names that are computed can't be read.

    Args:
        file: The revision file.
        functions: The functions, as `downgrade` or `downgrade_default`.

    Example:
        >>> losses(Path("versions/0001_users.py"), ["downgrade"])  # doctest: +SKIP
        [Loss(table='users')]
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found: list[Loss] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in functions:
            found += _dropped(node.body, None, None)
    return list(dict.fromkeys(found))


def _dropped(body: Iterable[ast.AST], batch: str | None, schema: str | None) -> Iterator[Loss]:
    for node in body:
        if isinstance(node, ast.With):
            call = node.items[0].context_expr
            table = _text(call, 0) if _method(call) == "batch_alter_table" else batch
            inner = _keyword(call, "schema") if _method(call) == "batch_alter_table" else schema
            yield from _dropped(node.body, table, inner)
            continue
        if isinstance(node, ast.Call):
            yield from _of_call(node, batch, schema)
        yield from _dropped(ast.iter_child_nodes(node), batch, schema)


def _of_call(call: ast.Call, batch: str | None, schema: str | None) -> Iterator[Loss]:
    method, first, second = _method(call), _text(call, 0), _text(call, 1)
    if method == "drop_table" and first:
        yield Loss(first, schema=_keyword(call, "schema"))
    elif method == "drop_column" and batch and first:
        yield Loss(batch, first, schema)
    elif method == "drop_column" and first and second:
        yield Loss(first, second, _keyword(call, "schema"))
    elif method in ("execute", "text") and first:
        yield from (Loss(match[1]) for match in DROP_TABLE.finditer(first))


def _method(node: ast.AST) -> str | None:
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None


def _text(node: ast.AST, position: int) -> str | None:
    arguments = node.args if isinstance(node, ast.Call) else []
    value = arguments[position] if position < len(arguments) else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _keyword(node: ast.AST, name: str) -> str | None:
    for keyword in node.keywords if isinstance(node, ast.Call) else []:
        if keyword.arg == name and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
            return keyword.value.value
    return None


def counted(found: Iterable[Loss], connection: Connection) -> list[Loss]:
    """Count the rows of what will be dropped; what isn't there is left out.

    Args:
        found: The losses.
        connection: The database's connection.
    """
    from dataclasses import replace

    from sqlalchemy import column, func, inspect, select, table

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
        made.append(replace(loss, rows=connection.execute(select(counting).select_from(target)).scalar_one()))
    return made
