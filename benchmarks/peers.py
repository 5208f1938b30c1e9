"""The programs that are compared, each with a project as shown in its own documentation."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from startup import ELLAR_SQL_MODELS, THEIRS, ellar_project, write

PYTHON = sys.executable

FLASK = """
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = {url!r}
db = SQLAlchemy(app)
Migrate(app, db)
"""
ADVANCED_ALCHEMY = """
from advanced_alchemy.config import AlembicSyncConfig, SQLAlchemySyncConfig

alembic = AlembicSyncConfig(script_location="migrations", version_table_name="alembic_version")
config = SQLAlchemySyncConfig(connection_string={url!r}, alembic_config=alembic)
"""


@dataclass(frozen=True)
class Peer:
    """A migration program.

    Args:
        name: Its name.
        distributions: The distributions that must be installed.
        make: Writes a project with an empty migrations folder, given the project's folder and the database's URL.
        command: Returns the command that upgrades the database to a revision.
    """

    name: str
    distributions: tuple[str, ...]
    make: Callable[[Path, str], None]
    command: Callable[[str], Sequence[str]]

    @property
    def title(self) -> str | None:
        """Its name and version; None if it isn't installed."""
        try:
            versions = [version(name) for name in self.distributions]
        except PackageNotFoundError:
            return None
        return f"{self.name} {versions[0]}"


def run(command: Sequence[str], folder: Path) -> None:
    """Run a program that must succeed.

    Raises:
        RuntimeError: It failed.
    """
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def _alembic(folder: Path, url: str) -> None:
    run((PYTHON, "-m", "alembic", "init", "migrations"), folder)
    ini = folder / "alembic.ini"
    text = ini.read_text(encoding="utf-8").replace("driver://user:pass@localhost/dbname", url.replace("%", "%%"))
    ini.write_text(text, encoding="utf-8")


def _flask_migrate(folder: Path, url: str) -> None:
    write(folder, {"app.py": FLASK.format(url=url)})
    run((PYTHON, "-m", "flask", "db", "init"), folder)


def _ellar_sql(folder: Path, url: str) -> None:
    ellar_project(folder, THEIRS.replace("sqlite:///app.db", url), ELLAR_SQL_MODELS)


def _advanced_alchemy(folder: Path, url: str) -> None:
    write(folder, {"app.py": ADVANCED_ALCHEMY.format(url=url)})
    run((PYTHON, "-m", "advanced_alchemy", "--config", "app.config", "init", "--no-prompt", "migrations"), folder)


def _ellar_db(folder: Path, url: str) -> None:
    write(folder, {"pyproject.toml": f"[tool.ellar-db]\ndatabase = '{url}'\n"})
    run((PYTHON, "-m", "ellar_db", "init"), folder)


PEERS = [
    Peer("Alembic", ("alembic",), _alembic, lambda to: (PYTHON, "-m", "alembic", "upgrade", to)),
    Peer(
        "Flask-Migrate",
        ("flask-migrate", "flask-sqlalchemy"),
        _flask_migrate,
        lambda to: (PYTHON, "-m", "flask", "db", "upgrade", to),
    ),
    Peer("ellar-sql", ("ellar-sql",), _ellar_sql, lambda to: (PYTHON, "-m", "ellar_cli", "db", "upgrade", to)),
    Peer(
        "advanced-alchemy",
        ("advanced-alchemy",),
        _advanced_alchemy,
        lambda to: (PYTHON, "-m", "advanced_alchemy", "--config", "app.config", "upgrade", "--no-prompt", to),
    ),
    Peer("ellar_db", ("ellar-db",), _ellar_db, lambda to: (PYTHON, "-m", "ellar_db", "upgrade", to)),
]
