"""Column types that aren't SQLAlchemy's own, as autogenerate writes them: with their import, and so that they run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ellar_db.util.alembic import rendered_type
from ellar_db.util.sqlalchemy import has_variants

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from sqlalchemy.types import TypeEngine


KNOWN = ("alembic", "sqlalchemy")
"""Packages of which Alembic writes the types, and the imports, itself."""


def renderer(functions: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    """Give Alembic's `render_item` made of several: the first that doesn't answer False, and in the end `render_type`.

    Args:
        functions: Those of the plugins and the application, the strongest first.
    """

    def render_item(kind: str, item: Any, context: AutogenContext) -> str | Literal[False] | None:
        for function in functions:
            answer: str | Literal[False] | None = function(kind, item, context)
            if answer is not False:
                return answer
        return render_type(item, context) if kind == "type" else False

    return render_item


def render_type(type_: TypeEngine[Any], context: AutogenContext) -> str | Literal[False]:
    """Write a type that isn't SQLAlchemy's own, and add its import to the revision.

    A decorator of a type writes itself with the arguments of what it decorates, which its own constructor need not
    take. Where it can't be made of that, nor without arguments, what it decorates is written: the database sees no
    difference.

    Args:
        type_: The type.
        context: Alembic's; its `imports` are added to.

    Returns:
        The source, or False where Alembic is to write it.
    """
    kind = type(type_)
    package = kind.__module__.partition(".")[0]
    # a prefix is the application's own answer to the question where the types are
    if package in KNOWN or context.opts.get("user_module_prefix"):
        return False
    if package == "geoalchemy2":
        return _spatial(type_, context)
    importable = _found(kind)
    if importable and not has_variants(type_):
        for text in (repr(type_), f"{kind.__name__}()"):
            if _makes_the_same(text, type_, context):
                context.imports.add(f"import {kind.__module__}")
                return f"{kind.__module__}.{kind.__qualname__.removesuffix(kind.__name__)}{text}"
        decorated = _decorated(type_, context)
        if decorated is not None:
            return decorated
    elif not importable:
        return _decorated(type_, context) or False
    context.imports.add(f"import {kind.__module__}")
    return False


def _spatial(type_: TypeEngine[Any], context: AutogenContext) -> str | Literal[False]:
    from geoalchemy2 import alembic_helpers

    # the operations that its helpers write are known where these are imported
    context.imports.add("import geoalchemy2.alembic_helpers")
    rendered: str | Literal[False] = alembic_helpers.render_item("type", type_, context)
    return rendered


def _found(kind: type[Any]) -> bool:
    """Tell whether an import leads to a class, which isn't so for one that a function made."""
    found: Any = sys.modules.get(kind.__module__)
    for name in kind.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is kind and kind.__module__ != "__main__"


def _makes_the_same(text: str, type_: TypeEngine[Any], context: AutogenContext) -> bool:
    """Tell whether a type's source makes such a type."""
    kind = type(type_)
    try:
        # no other name would be known in the revision
        made = eval(text, {"__builtins__": {}, kind.__name__: kind})
        return type(made) is kind and _ddl(made, context) == _ddl(type_, context)
    except Exception:  # a type's constructor may raise anything, as where a package that it needs isn't installed
        return False


def _ddl(type_: TypeEngine[Any], context: AutogenContext) -> str:
    return type_.compile(dialect=context.dialect)


def _decorated(type_: TypeEngine[Any], context: AutogenContext) -> str | None:
    from sqlalchemy.types import TypeDecorator

    if not isinstance(type_, TypeDecorator) or context.dialect is None:
        return None
    return rendered_type(type_.load_dialect_impl(context.dialect), context)
