"""What a migrations folder is for, as its env.py says, without running it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ellar_db.config import PACKAGE, databases_of
from ellar_db.databases import DEFAULT, Database

if TYPE_CHECKING:
    from alembic.config import Config


def databases_of_folder(config: Config) -> list[Database]:
    """Give the databases on which a folder runs: all where it is for several, else the default one.

    Args:
        config: Alembic's configuration.

    Raises:
        DbError: There are none.
    """
    from alembic.script import ScriptDirectory

    databases = databases_of(config)
    env_py = Path(ScriptDirectory.from_config(config).env_py_location).read_text(encoding="utf-8")
    if PACKAGE in config.attributes or "multiple=True" in env_py or DEFAULT not in databases:
        return list(databases.values())
    return [databases[DEFAULT]]
