"""SQL expressions as they are written in a revision."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ellar_db.plugins.dialects import dialect_named
from ellar_db.plugins.manager import get_plugin_manager

if TYPE_CHECKING:
    from alembic.ddl.impl import DefaultImpl
    from sqlalchemy import ClauseElement


def render_as_written(impl: DefaultImpl) -> None:
    """Let expressions be written so that `text()` reads the same again.

    Alembic writes them as they are sent: with doubled percent signs, if those mark the driver's parameters, and with
    colons that `text()` would take for parameters.

    Args:
        impl: What renders the expressions of a comparison.
    """
    render = impl.render_ddl_sql_expr
    if getattr(render, "as_written", False):
        return
    doubled = impl.dialect.paramstyle in ("format", "pyformat")
    dialect = dialect_named(get_plugin_manager(), impl.dialect.name)

    def rendered(expr: ClauseElement, is_server_default: bool = False, **options: Any) -> str:
        text = render(expr, is_server_default=is_server_default, **options)
        text = text.replace("%%", "%") if doubled else text
        return escaped(dialect.written_default(text) if is_server_default else text)

    rendered.as_written = True  # type: ignore[attr-defined]
    impl.render_ddl_sql_expr = rendered  # type: ignore[method-assign]


def escaped(sql: str) -> str:
    """Return SQL as SQLAlchemy's `text()` takes it, without parameters.

    Example:
        >>> escaped("a <> ':b'::text")
        "a <> '\\\\:b'::text"
    """
    return re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", sql)
