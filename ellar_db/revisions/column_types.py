"""Render column types that aren't SQLAlchemy's own, with their import, so that revisions run as generated."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.util.alembic import rendered_type
from ellar_db.util.sqlalchemy import has_variants

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from sqlalchemy.types import TypeEngine


KNOWN = ("alembic", "sqlalchemy")
"""Packages whose types and imports Alembic renders itself."""


def renderer(functions: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    """Return a `render_item` that calls several until one doesn't return False, and finally `render_type`.

    Args:
        functions: Those of the plugins and the application, the highest precedence first.
    """

    def render_item(kind: str, item: Any, context: AutogenContext) -> str | Literal[False] | None:
        for function in functions:
            answer: str | Literal[False] | None = function(kind, item, context)
            if answer is not False:
                return answer
        if kind == "column":
            from ellar_db.autogenerate.columns import render_column

            return render_column(item, context)
        return render_type(item, context) if kind == "type" else False

    return render_item


def render_type(type_: TypeEngine[Any], context: AutogenContext) -> str | Literal[False]:
    """Render a type that isn't SQLAlchemy's own, and add its import to the revision.

    The repr of a TypeDecorator has the arguments of its `impl`, which its own constructor may not accept. If the type
    can't be recreated from these, nor without arguments, the `impl` is rendered: for the database there is no
    difference.

    Args:
        type_: The type.
        context: Alembic's context; its `imports` are extended.

    Returns:
        The source, or False if Alembic should render it.
    """
    kind = type(type_)
    package = kind.__module__.partition(".")[0]
    # a prefix means that the application defines itself where its types are imported from
    if package == "sqlalchemy" and not has_variants(type_):
        return _whole(type_, context)
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


def _whole(type_: TypeEngine[Any], context: AutogenContext) -> str | Literal[False]:
    """Render the database's own type in place of one whose repr leaves out what it has, such as Interval.

    One that a revision makes by itself, such as a domain, isn't made once more with the table.
    """
    from sqlalchemy.types import TypeDecorator

    if context.dialect is not None:
        own = dialect_named(get_plugin_manager(), context.dialect.name).own_type(type_)
        if own is not None:
            text = rendered_type(own.used, context)
            # older releases of SQLAlchemy make it with each table that has it; the repr leaves that out
            return text if "create_type" in text else f"{text.removesuffix(')')}, create_type=False)"
    if not isinstance(type_, TypeDecorator) or context.dialect is None or _makes_the_same(repr(type_), type_, context):
        return False
    # a type that isn't to be the database's own is what it decorates
    for impl in (type_.load_dialect_impl, type_.dialect_impl):
        found = impl(context.dialect)
        if _ddl(found, context) == _ddl(type_, context):
            return rendered_type(found, context)
    return False


def _spatial(type_: TypeEngine[Any], context: AutogenContext) -> str | Literal[False]:
    from geoalchemy2 import alembic_helpers

    # importing the helpers registers the operations that they render
    context.imports.add("import geoalchemy2.alembic_helpers")
    rendered: str | Literal[False] = alembic_helpers.render_item("type", type_, context)
    return rendered


def _found(kind: type[Any]) -> bool:
    """Return whether a class can be imported; one that was defined in a function can't."""
    found: Any = sys.modules.get(kind.__module__)
    for name in kind.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is kind and kind.__module__ != "__main__"


def _makes_the_same(text: str, type_: TypeEngine[Any], context: AutogenContext) -> bool:
    """Return whether a type's source recreates the type."""
    kind = type(type_)
    try:
        # no other name would be defined in the revision
        made = eval(text, {"__builtins__": {}, kind.__name__: kind})
        return type(made) is kind and _ddl(made, context) == _ddl(type_, context)
    except Exception:  # a type's constructor may raise anything, e.g. if a package that it needs isn't installed
        return False


def _ddl(type_: TypeEngine[Any], context: AutogenContext) -> str:
    return type_.compile(dialect=context.dialect)


def _decorated(type_: TypeEngine[Any], context: AutogenContext) -> str | None:
    from sqlalchemy.types import TypeDecorator

    if not isinstance(type_, TypeDecorator) or context.dialect is None:
        return None
    return rendered_type(type_.load_dialect_impl(context.dialect), context)
