"""Databases and migrations folder of `[tool.ellar-db]` in pyproject.toml."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ellar_db.hookspecs import hookimpl
from ellar_db.plugins.manager import get_plugin_manager
from ellar_db.project.settings import Settings, expanded
from ellar_db.util.errors import DbError

if TYPE_CHECKING:
    from ellar_db.databases.database import Database


@hookimpl
def ellar_db_databases() -> Iterable[Database]:
    """Return the databases of `[tool.ellar-db.databases]`, and the one of `database`."""
    from ellar_db.databases.database import DEFAULT
    from ellar_db.databases.factory import make_databases
    from ellar_db.databases.options import MigrationOptions

    settings = get_plugin_manager().settings
    filled = {name: _filled(name, spec, settings) for name, spec in settings.mapping("databases").items()}
    single = settings.text("database")
    if single is not None:
        if DEFAULT in filled and settings.given.keys().isdisjoint(("database", "databases")):
            raise DbError(
                f"{settings.title} has both database and databases.{DEFAULT}; leave one out in {settings.path}"
            )
        named = {DEFAULT: {"url": single}}
        # a variable overrides the file
        filled = {**named, **filled} if "databases" in settings.given else {**named, **filled, **named}
    if not filled:
        return []
    options = MigrationOptions(
        use_two_phase=settings.flag("use-two-phase"),
        context_configure=settings.mapping("context-configure"),
    )
    return make_databases(filled, settings.table.get("metadata"), options, pooled=False).values()


@hookimpl
def ellar_db_directory() -> Path | None:
    """Return `directory`, which is relative to the folder of pyproject.toml."""
    settings = get_plugin_manager().settings
    directory = settings.text("directory")
    return None if directory is None else Path(directory)


def _filled(name: str, spec: Any, settings: Settings) -> dict[str, Any]:
    place = settings.place("databases", table=True)
    table = {"url": spec} if isinstance(spec, str) else spec
    if not isinstance(table, dict) or not isinstance(table.get("url"), str):
        raise DbError(f"{place} {name} must be a URL or a table with 'url'; {settings.remedy('databases')}")
    return {**table, "url": expanded(table["url"], f"{place} {name}")}
