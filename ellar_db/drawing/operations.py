"""What a revision does, in words, as far as its source says so without being run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

FUNCTION = "upgrade"

LONGEST = 80
"""Maximum length of a value in words."""

TABLE_AND_NAME = {
    "add_column": "add column {table}.{name}",
    "drop_column": "drop column {table}.{name}",
    "alter_column": "change column {table}.{name}",
}
"""Operations whose first arguments are a table and a column; in a batch, only the column."""

NAME_AND_TABLE = {
    "create_index": "create index {name} on {table}",
    "drop_index": "drop index {name} of {table}",
    "create_unique_constraint": "create unique constraint {name} on {table}",
    "create_check_constraint": "create check constraint {name} on {table}",
    "create_foreign_key": "create foreign key {name} on {table}",
    "create_primary_key": "create primary key {name} on {table}",
    "create_exclude_constraint": "create exclude constraint {name} on {table}",
    "drop_constraint": "drop constraint {name} of {table}",
}
"""Operations whose first arguments are a name and a table; in a batch, only the name."""

OF_TABLE = {
    "create_table": "create table {table}",
    "drop_table": "drop table {table}",
    "create_table_comment": "comment on table {table}",
    "drop_table_comment": "drop the comment on table {table}",
    "bulk_insert": "insert rows into {table}",
}
"""Operations whose first argument is a table."""


def operations(source: str) -> list[str]:
    """Return what the upgrade of a revision does, in the order of its lines; nothing if that can't be read.

    Args:
        source: The text of the revision file.

    Example:
        >>> operations("def upgrade():\\n    op.drop_column('users', 'name')\\n    op.execute('VACUUM')\\n")
        ['drop column users.name', 'execute VACUUM']
    """
    try:
        tree = ast.parse(source)
        return [
            f"{database}: {words}" if (database := node.name.removeprefix(FUNCTION).lstrip("_")) else words
            for node in tree.body
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and (node.name == FUNCTION or node.name.startswith(f"{FUNCTION}_"))
            for words in _of(node, {})
        ]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _of(node: ast.AST, batches: dict[str, str]) -> Iterator[str]:
    """Yield the operations in a part of a function.

    Args:
        node: The part.
        batches: The table of each batch, by the name of its variable.
    """
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        owner, name = node.func.value.id, node.func.attr
        if name == "batch_alter_table":
            return
        if owner == "op" or owner in batches:
            yield _words(node, name, batches.get(owner))
            return
    if isinstance(node, (ast.With, ast.AsyncWith)):
        batches = {**batches, **dict(_batches(node))}
    for child in ast.iter_child_nodes(node):
        yield from _of(child, batches)


def _batches(node: ast.With | ast.AsyncWith) -> Iterator[tuple[str, str]]:
    for item in node.items:
        call, variable = item.context_expr, item.optional_vars
        if (
            isinstance(variable, ast.Name)
            and isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "batch_alter_table"
        ):
            yield variable.id, _table(call, call.args[0] if call.args else _named(call, "table_name"))


def _words(call: ast.Call, name: str, table: str | None) -> str:
    """Return one operation in words.

    Args:
        call: The call.
        name: The operation's name.
        table: The table of the batch that it is in; None outside of one.
    """
    args: Callable[[int], ast.expr | None] = lambda place: call.args[place] if place < len(call.args) else None  # noqa: E731
    if name in TABLE_AND_NAME:
        shift = 0 if table is not None else 1
        where = table if table is not None else _table(call, args(0) or _named(call, "table_name"))
        column = args(shift) or _named(call, "column_name") or _named(call, "column")
        return TABLE_AND_NAME[name].format(table=where, name=_column(column))
    if name in NAME_AND_TABLE:
        own = args(0) or _named(call, f"{name.split('_')[-1]}_name") or _named(call, "constraint_name")
        given = args(1) or _named(call, "table_name") or _named(call, "source_table")
        where = table if table is not None else _table(call, given)
        return NAME_AND_TABLE[name].format(table=where, name=_text(own) or "without a name")
    if name in OF_TABLE:
        return OF_TABLE[name].format(table=_table(call, args(0) or _named(call, "table_name")))
    if name == "rename_table":
        return f"rename table {_table(call, args(0))} to {_text(args(1))}"
    if name == "execute":
        return f"execute {_text(_statement(args(0)))}"
    return f"{name} {', '.join(filter(None, map(_text, call.args)))}".strip()


def _statement(node: ast.expr | None) -> ast.expr | None:
    """Return the text in `sa.text("...")`."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        return node.args[0]
    return node


def _column(node: ast.expr | None) -> str:
    """Return the name of a column, also of `sa.Column("name", ...)`."""
    return _text(node.args[0] if isinstance(node, ast.Call) and node.args else node)


def _table(call: ast.Call, node: ast.expr | None) -> str:
    schema = _named(call, "schema")
    return ".".join(filter(None, (_text(schema), _text(node))))


def _named(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def _text(node: ast.expr | None) -> str:
    """Return a text as it is, and anything else as in the source, in one short line."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return ""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "f" and node.args:
        # a name that is final: op.f("ix_users_name")
        return _text(node.args[0])
    value = node.value if isinstance(node, ast.Constant) else None
    words = " ".join((value if isinstance(value, str) else ast.unparse(node)).split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 3]}..."
