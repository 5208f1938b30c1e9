"""The imports of a new revision: those that it uses and no others, sorted as ruff and isort do."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

USUAL = ("import sqlalchemy as sa", "from alembic import op")
"""What a revision that is filled in by hand needs."""

UNUSED = "  # noqa: F401"
"""Comment for an import that is wanted although nothing uses it."""

BODIES = ("upgrades", "downgrades")
"""Endings of the names under which Alembic passes the text of functions to a template."""


def import_lines(context: Any) -> str:
    """Return the imports of a revision, for its template.

    A revision that is empty, to be filled in by hand, imports what it will need; one that merges others, nothing.

    Args:
        context: Mako's context in the template, with `imports` and the functions' texts.

    Returns:
        The lines, each with a line break, and an empty line after them; an empty string if there are none.
    """
    given = {key: value for key, value in context.kwargs.items() if isinstance(value, str)}
    bodies = [text for key, text in given.items() if key.endswith(BODIES)]
    imports = [line.strip() for line in given.get("imports", "").splitlines() if line.strip()]
    if bodies:
        lines = list(_used(imports, bodies))
    elif isinstance(context["down_revision"], tuple):
        lines = []
    else:
        lines = [*(f"{line}{UNUSED}" for line in USUAL), *imports]
    text = "\n\n".join("\n".join(section) for section in _sections(lines))
    return f"{text}\n\n" if text else ""


def _used(imports: Sequence[str], bodies: Iterable[str]) -> Iterator[str]:
    """Yield the imports of a revision: of the usual ones those that it uses, all others, and those that are missing.

    The others are there since the text of a type needs them, or since the application or a plugin wants them.
    """
    try:
        found = [node for body in bodies for node in ast.walk(ast.parse(f"def body():\n    {body}"))]
    except SyntaxError:
        yield from (*USUAL, *imports)
        return
    names = {node.id for node in found if isinstance(node, ast.Name)}
    own = {node.id for node in found if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    imported: set[str] = set()
    for line in (*USUAL, *imports):
        bound = _bound(line)
        imported.update(bound)
        if names.intersection(bound) or "#" in line or "*" in line:
            yield line
        elif line not in USUAL:
            yield f"{line}{UNUSED}"
    yield from _missing(names - own - imported)


def _missing(names: Iterable[str]) -> Iterator[str]:
    """Yield imports of SQLAlchemy's types, which stand without a module in the text of types within types."""
    import builtins

    import sqlalchemy

    for name in sorted(names):
        if name[0].isupper() and not hasattr(builtins, name) and hasattr(sqlalchemy, name):
            yield f"from sqlalchemy import {name}"


def _bound(line: str) -> list[str]:
    """Return the names that a line imports."""
    statement = _statement(line)
    return [] if statement is None else [alias.asname or alias.name.partition(".")[0] for alias in statement.names]


def _statement(line: str) -> ast.Import | ast.ImportFrom | None:
    try:
        [statement] = ast.parse(line).body
    except (SyntaxError, ValueError):
        return None
    return statement if isinstance(statement, (ast.Import, ast.ImportFrom)) else None


def _sections(lines: Iterable[str]) -> list[list[str]]:
    """Return the lines sorted, in sections: the future, Python's own modules, packages, the project's own modules."""
    sections: list[set[str]] = [set(), set(), set(), set()]
    for line in _merged(lines):
        sections[_section(line)].add(line)
    return [sorted(section, key=_order) for section in sections if section]


def _merged(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines, with one for all names of a module."""
    names: dict[str, set[str]] = {}
    for line in lines:
        statement = _statement(line)
        if (
            isinstance(statement, ast.ImportFrom)
            and "#" not in line
            and not any(alias.asname or alias.name == "*" for alias in statement.names)
        ):
            module = "." * statement.level + (statement.module or "")
            names.setdefault(module, set()).update(alias.name for alias in statement.names)
        else:
            yield line
    for module, imported in names.items():
        yield f"from {module} import {', '.join(sorted(imported, key=_name_order))}"


def _name_order(name: str) -> tuple[int, str]:
    """Order constants before classes, and these before functions and modules."""
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return rank, name


def _module(line: str) -> str:
    statement = _statement(line)
    if isinstance(statement, ast.Import):
        return statement.names[0].name
    return "" if statement is None else "." * statement.level + (statement.module or "")


def _section(line: str) -> int:
    root = _module(line).partition(".")[0]
    if root == "__future__":
        return 0
    if root in sys.stdlib_module_names:
        return 1
    own = not root or any(
        (folder / root).is_dir() or (folder / f"{root}.py").is_file() for folder in (Path(), Path("src"))
    )
    return 3 if own else 2


def _order(line: str) -> tuple[bool, str, str]:
    module = _module(line)
    return line.startswith("from "), module.lower(), line
