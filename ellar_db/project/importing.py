"""Objects imported by name: `package.module:attribute`."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from ellar_db.project.urls import advised_cause
from ellar_db.util.errors import DbError, UnavailableError, summary


def imported(name: str, what: str) -> Any:
    """Import an object by name.

    Args:
        name: `module:attribute`. Attributes of the attribute, items and calls may follow, with plain values in them, as
            in `app:db.metadatas["log"]` and `app:create_app("testing").db`.
        what: What the name is for, for messages.

    Raises:
        DbError: The name has another form, or the module has no such attribute.
        UnavailableError: The module can't be imported, or a function in the name failed.

    Example:
        >>> imported("collections:OrderedDict", "a class")
        <class 'collections.OrderedDict'>
        >>> imported('os:environ.get("NO_SUCH_NAME", 7)', "a number")
        7
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise DbError(f"{what} must be written as 'module:attribute', not {name!r}")
    path = _parsed(attribute, name, what)
    found = imported_module(module_name, f"{what} is {name!r}")
    try:
        return _followed(path, found)
    except CallError as error:
        raise UnavailableError(f"{what} is {name!r}, which failed: {error}") from error
    except (AttributeError, LookupError, TypeError) as error:
        detail = "" if isinstance(path, (ast.Name, ast.Attribute)) else f": {summary(error)}"
        raise DbError(f"{what} is {name!r}, and {module_name} has no {attribute!r}{detail}") from error


@contextmanager
def path_kept() -> Iterator[None]:
    """Let nothing be on the path of modules more often after a block than before it; what is new stays there, once.

    Alembic puts what `prepend_sys_path` says at its beginning each time when it opens a folder.
    """
    before = Counter(sys.path)
    try:
        yield
    finally:
        for entry, number in (Counter(sys.path) - before).items():
            # the first of them, since they were put before the others
            for _ in range(number if before[entry] else number - 1):
                with suppress(ValueError):
                    sys.path.remove(entry)


def imported_module(name: str, what: str) -> Any:
    """Import a module.

    Args:
        name: Its name.
        what: Where it is named, for messages: "the setting is 'shop:folder'".

    Raises:
        UnavailableError: It can't be imported; the error names the place of the cause.

    Example:
        >>> imported_module("collections", "the setting is 'collections:x'").__name__
        'collections'
    """
    try:
        return import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the user's own module: whatever it raises, it can't be imported
        raise UnavailableError(f"{what}, and {name} can't be imported: {advised_cause(error)}") from error


class CallError(Exception):
    """A function of the user's that a name calls has failed."""


def called(function: Any, *arguments: Any, **keywords: Any) -> Any:
    """Call a function of the user's.

    Raises:
        CallError: It can't be called, or it failed.

    Example:
        >>> called(len, "four")
        4
    """
    try:
        return function(*arguments, **keywords)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # it may raise anything
        raise CallError(summary(error)) from error


def _parsed(attribute: str, name: str, what: str) -> ast.expr:
    """Return the syntax of what follows the module's name, if it has only names, attributes, items and calls."""
    try:
        parsed = ast.parse(attribute.strip(), mode="eval").body
        _check(parsed)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise DbError(
            f'{what} must be written as \'module:attribute\', where ["item"] and ("argument") may follow, not {name!r}'
        ) from None
    return parsed


def _check(node: ast.expr) -> None:
    """Refuse any other syntax.

    Raises:
        ValueError: There is some.
    """
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            node = node.value
        elif isinstance(node, ast.Subscript):
            ast.literal_eval(node.slice)
            node = node.value
        elif isinstance(node, ast.Call):
            if any(keyword.arg is None for keyword in node.keywords):
                raise ValueError("** can't stand there")
            for value in (*node.args, *(keyword.value for keyword in node.keywords)):
                ast.literal_eval(value)
            node = node.func
        else:
            raise ValueError(f"{type(node).__name__} can't follow a module's name")


def _followed(node: ast.expr, module: Any) -> Any:
    """Return what a checked expression means, without evaluating it as Python."""
    if isinstance(node, ast.Name):
        return getattr(module, node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_followed(node.value, module), node.attr)
    if isinstance(node, ast.Subscript):
        return _followed(node.value, module)[ast.literal_eval(node.slice)]
    assert isinstance(node, ast.Call)
    arguments = [ast.literal_eval(value) for value in node.args]
    keywords = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
    return called(_followed(node.func, module), *arguments, **keywords)
