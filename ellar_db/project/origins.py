"""The programs that make migrations folders, told apart by the env.py that they write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Origin:
    """A program that makes migrations folders.

    Args:
        name: Its name, for messages.
        mark: What only its env.py has.
        needs: What its env.py needs besides Alembic, and only the program itself provides.
    """

    name: str
    mark: bytes
    needs: str = ""


OURS = Origin("ellar_db", b"ellar_db.env")
FLASK_MIGRATE = Origin("Flask-Migrate", b"extensions['migrate']", "an application of Flask")
ELLAR_SQL = Origin("ellar-sql", b"AlembicEnvMigration", "an application of Ellar")
ADVANCED_ALCHEMY = Origin("advanced-alchemy", b"advanced_alchemy", "a configuration of advanced-alchemy")
ALEMBIC = Origin("Alembic", b"")

ORIGINS = (OURS, FLASK_MIGRATE, ELLAR_SQL, ADVANCED_ALCHEMY, ALEMBIC)
"""All of them; the first whose mark is found counts."""


def origin_of(env_py: Path) -> Origin:
    """Return the program that made a folder.

    Args:
        env_py: The folder's env.py, which must exist. It isn't run.

    Raises:
        OSError: It can't be read.
    """
    # bytes, so that the file's encoding doesn't matter; formatters change the quotes
    source = env_py.read_bytes().replace(b'"', b"'")
    return next(origin for origin in ORIGINS if origin.mark in source)
