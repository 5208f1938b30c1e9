"""The text of a revision file that follows another revision than before."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path

from ellar_db.util.errors import DbError
from ellar_db.util.files import shown

NAME = "down_revision"

REVISES = re.compile(rb"^([ \t]*Revises:)[^\r\n]*", re.MULTILINE)
"""The line of the docstring that says what a revision follows."""


def following(text: str, path: Path, parents: Sequence[str]) -> str:
    """Return the text of a revision file with other parents, in `down_revision` and in the docstring.

    Args:
        text: The text.
        path: The file, for messages.
        parents: What it is to follow, at least one revision.

    Raises:
        DbError: The file can't be compiled, or doesn't set `down_revision` once, at its top level.

    Example:
        >>> following("down_revision = None\\n", Path("a.py"), ["b2"])
        'down_revision = "b2"\\n'
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise DbError(f"{shown(path)} can't be compiled: {error.msg} (line {error.lineno})") from error
    values = [value for value in map(_value, tree.body) if value is not None]
    if len(values) != 1 or not _is_plain(values[0]):
        raise DbError(f"{shown(path)} doesn't set {NAME} once, to a text or to None; write it so")
    # positions count the bytes of a line
    lines = text.encode().splitlines(keepends=True)
    edits = [(_place(lines, values[0]), _written(parents).encode())]
    first = tree.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        begin, end = _place(lines, first.value)
        found = REVISES.search(text.encode(), begin, end)
        if found is not None:
            edits.append((found.span(), found[1] + f" {', '.join(parents)}".encode()))
    source = text.encode()
    for (begin, end), new in sorted(edits, reverse=True):
        source = source[:begin] + new + source[end:]
    return source.decode()


def _value(statement: ast.stmt) -> ast.expr | None:
    """Return the value that a statement gives `down_revision`."""
    if isinstance(statement, ast.Assign):
        named = [target.id for target in statement.targets if isinstance(target, ast.Name)]
        return statement.value if named == [NAME] and len(statement.targets) == 1 else None
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.value if statement.target.id == NAME else None
    return None


def _is_plain(value: ast.expr) -> bool:
    try:
        found = ast.literal_eval(value)
    except (ValueError, TypeError):
        return False
    if isinstance(found, (list, tuple)):
        return all(isinstance(each, str) for each in found)
    return found is None or isinstance(found, str)


def _place(lines: Sequence[bytes], node: ast.expr) -> tuple[int, int]:
    """Return where an expression begins and ends in the bytes of its file."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    before = [0]
    for line in lines:
        before.append(before[-1] + len(line))
    return before[node.lineno - 1] + node.col_offset, before[node.end_lineno - 1] + node.end_col_offset


def _written(parents: Sequence[str]) -> str:
    """Return parents as Python has them, with the quotes that ruff writes."""
    texts = [f'"{each}"' if '"' not in each and "\\" not in each else repr(each) for each in parents]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"
