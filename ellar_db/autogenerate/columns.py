"""Columns as they are written in a revision, with the CHECK constraints that are stated in them."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal

from ellar_db.autogenerate.expressions import escaped
from ellar_db.util.alembic import rendered_column, rendered_type

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from sqlalchemy import CheckConstraint, Column

_rendering: ContextVar[object] = ContextVar("ellar_db_rendering_column", default=None)
"""The column that Alembic is asked to render without its constraints."""


def render_column(column: Column[Any], context: AutogenContext) -> str | Literal[False]:
    """Render a column that has CHECK constraints of its own, which Alembic leaves out.

    Args:
        column: The column.
        context: Alembic's context; its `imports` are extended.

    Returns:
        The source, or False if Alembic should render it.
    """
    from sqlalchemy import CheckConstraint

    checks = [check for check in column.constraints if isinstance(check, CheckConstraint)]
    if not checks or _rendering.get() is column:
        return False
    token = _rendering.set(column)
    try:
        text = rendered_column(column, context)
    finally:
        _rendering.reset(token)
    # positional arguments come before the options, and so right after the type
    type_ = rendered_type(column.type, context)
    before, found, after = text.partition(f", {type_}, ")
    if not found:
        return False
    return f"{before}{found}{''.join(f'{_rendered(check, context)}, ' for check in checks)}{after}"


def _rendered(check: CheckConstraint, context: AutogenContext) -> str:
    prefix = context.opts["sqlalchemy_module_prefix"] or ""
    text = context.migration_context.impl.render_ddl_sql_expr(check.sqltext)
    name = f", name={str(check.name)!r}" if isinstance(check.name, str) else ""
    return f"{prefix}CheckConstraint({escaped(text)!r}{name})"
