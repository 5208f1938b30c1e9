"""Find the destructive operations of a downgrade by reading the revision files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection


NAME = r"""(?:"[^"]+"|`[^`]+`|\[[^\]]+\]|\w+)"""

FULL_NAME = rf"(?:{NAME}\.)?{NAME}"

DROP_TABLE = re.compile(rf"\bDROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?({FULL_NAME}(?:\s*,\s*{FULL_NAME})*)", re.IGNORECASE)

ALTER_TABLE = re.compile(rf"\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?({FULL_NAME})([^;]*)", re.IGNORECASE)

# DROP without COLUMN drops a column too, unless one of these words follows
OTHERS = "CHECK|CONSTRAINT|DEFAULT|EXPRESSION|FOREIGN|IDENTITY|IF|INDEX|KEY|NOT|PARTITION|PERIOD|PRIMARY|SYSTEM"

DROP_COLUMN = re.compile(
    rf"\bDROP\s+(?:(?:COLUMN\s+)?IF\s+EXISTS\s+|COLUMN\s+|(?!(?:COLUMN|{OTHERS})\b))({NAME})", re.IGNORECASE
)

DROP_SCHEMA = re.compile(
    rf"\bDROP\s+(?:SCHEMA|DATABASE)\s+(?:IF\s+EXISTS\s+)?({NAME}(?:\s*,\s*{NAME})*)", re.IGNORECASE
)

DROPS = re.compile(r"\bDROP\s+(?:TABLE|COLUMN|SCHEMA|DATABASE)\b", re.IGNORECASE)

COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)

SQL = {"execute", "exec_driver_sql", "text", "DDL", "dedent", "cleandoc"}

DROPPING = {"drop_table", "drop_column", "drop_all", "DropTable", "DropTableOp", "DropColumnOp"}


@dataclass(frozen=True)
class Loss:
    """A table or a column that will be dropped.

    Args:
        table: The table; empty if a whole schema is dropped, or the name is computed.
        column: The column, or None for the whole table.
        schema: The table's schema, if it is named, or the schema that is dropped.
        rows: The number of rows; for a column, of those with a value. None if unknown.
    """

    table: str
    column: str | None = None
    schema: str | None = None
    rows: int | None = None

    def __str__(self) -> str:
        if not self.table and self.schema:
            return f"schema {self.schema}"
        if not self.table:
            return "what a revision names only when it runs"
        name = ".".join(part for part in (self.schema, self.table) if part)
        what = f"table {name}" if self.column is None else f"column {name}.{self.column}"
        if self.rows is None:
            return what
        unit = "row" if self.column is None else "value"
        return f"{what} ({self.rows:,} {unit}{'' if self.rows == 1 else 's'})"


def losses(file: Path, functions: Sequence[str]) -> list[Loss]:
    """Return what functions of a revision file drop: with `op.drop_table`, `op.drop_column`, in batches, and in SQL.

    Functions of the file that they call are read too. If a name is computed, a loss without a name is returned; a
    compiled file can't be read at all.

    Args:
        file: The revision file.
        functions: The names of the functions, such as `downgrade` or `downgrade_default`.

    Example:
        >>> losses(Path("versions/0001_users.py"), ["downgrade"])  # doctest: +SKIP
        [Loss(table='users')]
    """
    if file.suffix != ".py":
        return []
    # bytes, so that Python detects the encoding
    reader = _Reader(ast.parse(file.read_bytes()))
    return list(dict.fromkeys(loss for name in functions for loss in reader.function(name)))


class _Reader:
    """Finds what the functions of a revision file drop.

    Args:
        tree: The parsed file.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        # all values that a name may have, wherever in the file they are assigned
        self.values: dict[str, list[ast.expr]] = {}
        for node in ast.walk(tree):
            for name, value in _bound(node):
                self.values.setdefault(name, []).append(value)
        self.seen: set[str] = set()

    def function(self, name: str) -> Iterator[Loss]:
        """Read a function, once."""
        if name in self.functions and name not in self.seen:
            self.seen.add(name)
            yield from self._dropped(self.functions[name].body, {})

    def _dropped(self, body: Iterable[ast.AST], batches: Mapping[str, ast.Call]) -> Iterator[Loss]:
        for node in body:
            if isinstance(node, ast.With):
                opened = {
                    item.optional_vars.id: item.context_expr
                    for item in node.items
                    if isinstance(item.context_expr, ast.Call)
                    and _called(item.context_expr) == "batch_alter_table"
                    and isinstance(item.optional_vars, ast.Name)
                }
                yield from self._dropped(node.body, {**batches, **opened})
                continue
            if isinstance(node, ast.Call):
                yield from self._of_call(node, batches)
            yield from self._dropped(ast.iter_child_nodes(node), batches)

    def _of_call(self, call: ast.Call, batches: Mapping[str, ast.Call]) -> Iterator[Loss]:
        called, schema = _called(call), self._text(call, None, "schema")
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        batch = batches.get(receiver.id) if isinstance(receiver, ast.Name) else None
        if isinstance(call.func, ast.Name) and called in self.functions:
            yield from self.function(called)
        elif called == "drop_column" and batch is not None:
            table, column = self._text(batch, 0, "table_name"), self._text(call, 0, "column_name")
            yield Loss(table, column, self._text(batch, None, "schema")) if table and column else Loss("")
        elif called in ("drop_column", "DropColumnOp"):
            table, column = self._text(call, 0, "table_name"), self._text(call, 1, "column_name")
            yield Loss(table, column, schema) if table and column else Loss("")
        elif called == "drop" and isinstance(receiver, ast.Call) and _called(receiver) == "Table":
            yield Loss(self._text(receiver, 0, "name") or "", schema=self._text(receiver, None, "schema"))
        elif called in DROPPING:
            yield Loss(self._text(call, 0, "table_name") or "", schema=schema)
        elif called in SQL:
            texts = next(
                (found for name in ("sqltext", "text", "statement") if (found := self._texts(call, 0, name))), []
            )
            for text in texts:
                yield from _of_sql(text)
            if not texts and any(DROPS.search(self._pieces(argument)) for argument in call.args[:1]):
                yield Loss("")

    def _text(self, call: ast.Call, position: int | None, keyword: str) -> str | None:
        """Return a call's argument, by position or keyword, if it is a single string."""
        texts = self._texts(call, position, keyword)
        return texts[0] if len(texts) == 1 else None

    def _texts(self, call: ast.Call, position: int | None, keyword: str) -> list[str]:
        """Return all values that a call's argument may have if each is a string literal, else an empty list."""
        values = [named.value for named in call.keywords if named.arg == keyword]
        if position is not None:
            values += call.args[position : position + 1]
        meanings = [meaning for value in values[:1] for meaning in self._meanings(value)]
        texts = [meaning.value for meaning in meanings if isinstance(meaning, ast.Constant)]
        return [text for text in texts if isinstance(text, str)] if len(texts) == len(meanings) else []

    def _meanings(self, value: ast.expr, seen: set[str] | None = None) -> list[ast.expr]:
        """Return the values that a name may have: for a loop variable, each item of the list."""
        seen = set() if seen is None else seen
        if isinstance(value, ast.Name) and value.id in self.values:
            if value.id in seen:
                return []
            seen.add(value.id)
            return [found for one in self.values[value.id] for found in self._meanings(one, seen)]
        if isinstance(value, ast.Starred):
            listed = self._meanings(value.value, seen)
            return [item for one in listed for item in (one.elts if isinstance(one, (ast.List, ast.Tuple)) else [one])]
        return [value]

    def _pieces(self, argument: ast.AST) -> str:
        """Return the string literals of an argument, joined; nothing for a call other than `format()`."""
        if isinstance(argument, ast.Call) and _called(argument) != "format":
            return ""
        nodes = (
            found
            for node in ast.walk(argument)
            for found in (self._meanings(node) if isinstance(node, ast.Name) else [node])
        )
        return " ".join(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _bound(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names and values of an assignment or a loop; the value of a loop as `*list`."""
    if isinstance(node, ast.Assign):
        yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
        yield node.target.id, node.value
    elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
        yield node.target.id, ast.Starred(node.iter)


def _of_sql(sql: str) -> Iterator[Loss]:
    sql = COMMENT.sub(" ", sql)
    for dropped in DROP_TABLE.finditer(sql):
        for name in re.findall(FULL_NAME, dropped[1]):
            schema, table = _parts(name)
            yield Loss(table, schema=schema)
    for dropped in DROP_SCHEMA.finditer(sql):
        yield from (Loss("", schema=_parts(name)[1]) for name in re.findall(NAME, dropped[1]))
    for altered in ALTER_TABLE.finditer(sql):
        schema, table = _parts(altered[1])
        for column in DROP_COLUMN.findall(altered[2]):
            yield Loss(table, _parts(column)[1], schema)


def _parts(name: str) -> tuple[str | None, str]:
    """Split a name in SQL into schema and table."""
    parts = [part[1:-1] if part[0] in '"`[' else part for part in re.findall(NAME, name)]
    return (parts[0], parts[1]) if len(parts) > 1 else (None, parts[0])


def _called(call: ast.Call) -> str:
    """Return the name of what is called, without the part before the last dot."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def counted(found: Iterable[Loss], connection: Connection) -> list[Loss]:
    """Return the losses with their rows counted, where permitted; a missing table or column is left out.

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
        if not loss.table:
            made.append(loss)
            continue
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
