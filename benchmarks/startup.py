"""What it costs to start a command, beside ellar-sql in an Ellar application and Flask-Migrate in a Flask application.

usage: python benchmarks/startup.py [--pairs 5] [--only WORD] [--json FILE]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from histories import write_history
from pairs import OURS, Row, Side, cost_of, measure_all, options

BIN = Path(sys.executable).parent

MODELS = """
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
"""
ELLAR_SQL_MODELS = """
from ellar_sql import model


class User(model.Model):
    id = model.Column(model.Integer, primary_key=True)
    name = model.Column(model.String(128))
"""
WITH_OURS = """
from ellar.common import Module
from ellar.core import ModuleBase

from ellar_db import EllarDBModule
from shop.models import Base


@Module(modules=[EllarDBModule.setup(databases="sqlite:///app.db", metadata=Base.metadata)])
class ApplicationModule(ModuleBase):
    pass
"""
WITH_THEIRS = """
from ellar.common import Module
from ellar.core import ModuleBase
from ellar_sql import EllarSQLModule


@Module(
    modules=[
        EllarSQLModule.setup(
            databases="sqlite:///app.db", migration_options={"directory": "migrations"}, models=["shop.models"]
        )
    ]
)
class ApplicationModule(ModuleBase):
    pass
"""
STANDALONE = """
[tool.ellar-db]
database = "sqlite:///app.db"
metadata = "models:Base"
"""
FLASK = """
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///app.db"
db = SQLAlchemy(app)
Migrate(app, db)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(128))
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content.lstrip("\n"), encoding="utf-8")
    return folder


def ellar_project(folder: Path, root_module: str, models: str) -> Path:
    """Write an Ellar project as created by `ellar new`, with one model and a migrations folder."""
    quickstart = Path(__file__).parent.parent / "examples" / "quickstart"
    kept = ["pyproject.toml", "shop/__init__.py", "shop/server.py", "shop/config.py"]
    files = {name: (quickstart / name).read_text(encoding="utf-8") for name in kept}
    write(folder, {**files, "shop/root_module.py": root_module, "shop/models.py": models})
    cost_of((str(BIN / "ellar"), "db", "init"), folder)
    return folder


def rows(work: Path) -> Iterator[Row]:
    """Yield the rows of the table."""
    ours = ellar_project(work / "ours", WITH_OURS, MODELS)
    theirs = ellar_project(work / "theirs", WITH_THEIRS, ELLAR_SQL_MODELS)
    for command, goal in (("--help", 0.8), ("heads", 0.65)):
        program = (str(BIN / "ellar"), "db", command)
        yield Row(f"ellar db {command}", "ellar-sql", Side(program, ours), Side(program, theirs), goal)
    plain = write(work / "plain", {"pyproject.toml": STANDALONE, "models.py": MODELS})
    cost_of((*OURS, "init"), plain)
    write_history(plain / "migrations" / "versions", 20)
    flask = write(work / "flask", {"app.py": FLASK})
    program = (str(BIN / "flask"), "db")
    cost_of((*program, "init"), flask)
    write_history(flask / "migrations" / "versions", 20)
    yield Row(
        "ellar-db heads, 20 revisions",
        "flask db",
        Side((*OURS, "heads"), plain),
        Side((*program, "heads"), flask),
        0.12,
    )
    revision = next((plain / "migrations" / "versions").glob("*.py")).stem[:2]
    asked = {"COMP_LINE": f"ellar-db upgrade {revision}", "_ELLAR_DB_COMPLETE": "bash_complete"}
    words = {"COMP_WORDS": "flask db upgrade --t", "COMP_CWORD": "3", "_FLASK_COMPLETE": "bash_complete"}
    yield Row(
        "completion of a revision; of an option",
        "flask db",
        Side(OURS, plain, variables=asked),
        Side(program[:1], flask, variables=words),
        0.4,
    )


def main() -> int:
    """Print a line for each row.

    Returns:
        1 if a goal was missed, else 0.
    """
    given = options(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as name:
        return measure_all(rows(Path(name)), given)


if __name__ == "__main__":
    sys.exit(main())
