"""Revisions that change rows, as far as their files tell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ellar_db.revisions.squashing.statements import kind_of, split

RUNS = {"execute", "exec_driver_sql", "scalar", "scalars", "executemany", "execute_many", "run_callable"}
"""Methods that run a statement."""

SESSIONS = {"Session", "sessionmaker", "scoped_session", "AsyncSession"}

OPERATIONS = {"op", "batch_op", "operations"}
"""Names of what only runs statements that are recorded while it runs."""


def row_changes(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each line of a revision that may change rows, and what it does, in words.

    What `op.execute()` runs isn't told here, since that is seen when it runs.

    Args:
        path: The revision's file.
    """
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "bulk_insert":
            yield node.lineno, "op.bulk_insert()"
        elif name in SESSIONS:
            yield node.lineno, f"a {name}"
        elif name in RUNS and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id in OPERATIONS:
                continue
            if not _is_definition(node):
                yield node.lineno, f"a statement of its own connection, {name}()"


def _is_definition(call: ast.Call) -> bool:
    """Return whether a call runs a text that only defines something."""
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Call) and len(first.args) == 1:
        first = first.args[0]
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return False
    return all(kind_of(each) in ("tables", "object", "kept") for each in split(first.value))
