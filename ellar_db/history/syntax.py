"""What a revision file says by its syntax tree, where its text leaves a doubt."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from ellar_db.history.headers import NAMES, Header, UnclearError
from ellar_db.history.patterns import ID

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

CALLS = {"globals", "locals", "vars", "exec", "eval", "setattr", "delattr", "__import__"}
"""Names through which a module may give itself any variable."""

ATTRIBUTES = {"__dict__", "f_globals", "f_locals", "modules", "_getframe"}
"""Attributes through which it may."""


def parse_header(source: bytes, name: str) -> Header:
    """Return what a revision file says, where each variable is assigned once, to a text, None or a list of texts.

    Args:
        source: The contents of the file.
        name: Its name, for the error.

    Raises:
        UnclearError: Only running the file can tell.
        SyntaxError: Python can't compile it.
    """
    try:
        tree = ast.parse(source, name)
        # what the parser lets through, such as a `return` outside of a function
        compile(source, name, "exec", dont_inherit=True)
    except (ValueError, RecursionError, MemoryError) as error:
        # null bytes, or too deep
        raise UnclearError(str(error)) from error
    values = dict.fromkeys(NAMES, _MISSING)
    for statement in tree.body:
        for target in _targets(statement):
            if values[target.id] is not _MISSING:
                raise UnclearError(f"{target.id} is assigned twice")
            values[target.id] = _literal(statement.value)  # type: ignore[attr-defined]  # the two kinds have one
    known = {id(target) for statement in tree.body for target in _targets(statement)} | _looks(tree)
    for node, local in _parts(tree):
        if id(node) not in known and (_may_reach(node) or (not local and _assigns(node))):
            raise UnclearError(f"line {getattr(node, 'lineno', 1)} may assign a variable of Alembic's")
    own, down, labels, depends = values.values()
    if not isinstance(own, str) or down is _MISSING:
        raise UnclearError("revision or down_revision is missing")
    return Header(_id(own), _ids(down), _ids(labels), _ids(depends), _docstring(tree))


_MISSING: Any = object()


def _targets(statement: ast.stmt) -> list[ast.Name]:
    """Return the variables of Alembic's that a statement assigns."""
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) and statement.value is not None else []
    return [each for each in targets if isinstance(each, ast.Name) and each.id in NAMES]


def _literal(value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise UnclearError(f"line {value.lineno} computes a value") from error


def _parts(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """Yield each part of a file, with whether its names are those of a function or class."""
    waiting: list[tuple[ast.AST, bool]] = [(tree, False)]
    while waiting:
        node, local = waiting.pop()
        yield node, local
        inner = node.body if isinstance(node, SCOPES) else []
        own = [id(each) for each in inner]
        waiting += [(child, local or id(child) in own) for child in ast.iter_child_nodes(node)]


def _looks(tree: ast.Module) -> set[int]:
    """Return each name `globals` in a function that only looks something up, so that nothing can be assigned by it.

    That is how the functions of a database are found: `globals().get(f"upgrade_{engine_name}")()`.
    """
    functions = [each for each in ast.walk(tree) if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))]
    found = set()
    for node in (inner for function in functions for statement in function.body for inner in ast.walk(statement)):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            variables, key = node.value, node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            if not node.args:
                continue
            variables, key = node.func.value, node.args[0]
        else:
            continue
        if not isinstance(variables, ast.Call) or variables.args or variables.keywords:
            continue
        # a name such as __builtins__ leads further
        hidden = isinstance(key, ast.Constant) and str(key.value).startswith("_")
        if isinstance(variables.func, ast.Name) and variables.func.id == "globals" and not hidden:
            found.add(id(variables.func))
    return found


def _assigns(node: ast.AST) -> bool:
    """Return whether a part of the module itself gives a variable of Alembic's another value."""
    if isinstance(node, ast.Name):
        return node.id in (*NAMES, "__doc__") and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.alias):
        return node.name == "*" or (node.asname or node.name).partition(".")[0] in NAMES
    return any(getattr(node, field, None) in (*NAMES, "__getattr__") for field in ("name", "rest"))


def _may_reach(node: ast.AST) -> bool:
    """Return whether a part of a file, wherever it is, may give the module's variables other values."""
    if isinstance(node, ast.Name):
        return node.id in CALLS
    if isinstance(node, ast.Attribute):
        return node.attr in ATTRIBUTES or (node.attr in NAMES and not isinstance(node.ctx, ast.Load))
    return isinstance(node, ast.Global) and not {*NAMES, "__doc__", "__getattr__"}.isdisjoint(node.names)


def _id(value: Any) -> str:
    if not isinstance(value, str) or ID.fullmatch(value) is None:
        raise UnclearError(f"{value!r} is no plain id")
    return value


def _ids(value: Any) -> tuple[str, ...]:
    if value is None or value is _MISSING:
        return ()
    return (_id(value),) if isinstance(value, str) else tuple(_id(each) for each in _listed(value))


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise UnclearError(f"{value!r} is no list of ids")
    return list(value)


def _docstring(tree: ast.Module) -> str:
    """Return the docstring as the module would have it: from Python 3.13 on, without a common margin."""
    first = tree.body[0] if tree.body else None
    value = getattr(first, "value", None)
    if not (isinstance(first, ast.Expr) and isinstance(value, ast.Constant) and isinstance(value.value, str)):
        return ""
    module: dict[str, Any] = {}
    # nothing but the constant
    exec(compile(ast.Module([first], []), "<docstring>", "exec"), module)
    return str(module["__doc__"])
