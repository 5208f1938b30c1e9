"""The built-in templates of migrations folders: our own, then Alembic's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ellar_db.hookspecs import hookimpl


@hookimpl
def ellar_db_templates() -> Iterable[Path]:
    """Return both folders."""
    import alembic

    return [Path(__file__).parent.with_name("templates"), Path(alembic.__file__).parent / "templates"]
